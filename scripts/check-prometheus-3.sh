#!/usr/bin/env bash
# Holds the rules against Prometheus 3: builds it with Go once, then lints, tests and runs every rule with it.
# Distributions still ship Prometheus 2, which is what the other tests use; the two count the samples of a range
# differently. Usage: check-prometheus-3.sh [vitest arguments, in place of the tests of the rules]
set -euo pipefail
cd "$(dirname "$0")/.."

version=${PROMETHEUS_VERSION:-3.16.0}
programs="$PWD/.data/prometheus-$version"

if [ ! -x "$programs/prometheus" ] || [ ! -x "$programs/promtool" ]; then
  if ! command -v go >/dev/null 2>&1; then
    echo "Go is missing, with which Prometheus $version is built. Install Go 1.25 or later (https://go.dev/dl)." >&2
    exit 2
  fi
  # As a Go module, 3.16.0 is v0.316.0.
  IFS=. read -r major minor patch <<<"$version"
  tag=$(printf 'v0.%d%02d.%d' "$major" "$minor" "$patch")
  module=github.com/prometheus/prometheus
  echo "Building Prometheus $version into $programs; this takes some minutes, once."
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  (
    cd "$folder"
    go mod init check-prometheus-3 2>/dev/null
    # Without the service discoveries of clouds, which bring most of the code.
    export GOFLAGS='-mod=mod -tags=remove_all_sd'
    go get "$module/cmd/promtool@$tag" "$module/cmd/prometheus@$tag"
    nice -n 19 go build -o "$programs/" "$module/cmd/promtool" "$module/cmd/prometheus"
  )
fi

export PATH="$programs:$PWD/node_modules/.bin:$PATH"
echo "Prometheus $version"
promtool check rules --lint=all --lint-fatal prometheus/rules/*.yml
if [ $# -gt 0 ]; then exec vitest run "$@"; fi
vitest run --project service test/rules
vitest run --project e2e test/e2e/every-alert.test.ts
