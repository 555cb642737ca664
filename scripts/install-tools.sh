#!/usr/bin/env bash
# Installs the native programs that a target needs from the distribution's packages. As root on Debian or Ubuntu it
# installs them; elsewhere it says exactly what is missing. Usage: install-tools.sh up|test|bench
set -euo pipefail

# program on the PATH : Debian package
up="prometheus:prometheus promtool:prometheus prometheus-alertmanager:prometheus-alertmanager chromium-headless-shell:chromium-headless-shell"
test="$up amtool:prometheus-alertmanager pdftotext:poppler-utils make:make git:git curl:curl javac:default-jdk-headless"
bench="$test prometheus-blackbox-exporter:prometheus-blackbox-exporter"
# What not every release has; who cannot have it skips the one test that needs it.
optional=""

case "${1:-}" in
  up) wanted=$up ;;
  test) wanted=$test optional="victoria-metrics" ;;
  bench) wanted=$bench ;;
  *) echo "usage: $0 up|test|bench" >&2; exit 2 ;;
esac

missing=()
for pair in $wanted; do
  program=${pair%%:*} package=${pair##*:}
  command -v "$program" >/dev/null 2>&1 && continue
  # Upstream archives call Debian's prometheus-alertmanager just alertmanager.
  [ "$program" = prometheus-alertmanager ] && command -v alertmanager >/dev/null 2>&1 && continue
  case " ${missing[*]-} " in *" $package "*) ;; *) missing+=("$package") ;; esac
done

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
extra=()
for package in $optional; do
  command -v "$package" >/dev/null 2>&1 || ! can_install || extra+=("$package")
done
[ $((${#missing[@]} + ${#extra[@]})) -eq 0 ] && exit 0

if ! can_install; then
  {
    echo "These programs are missing: ${missing[*]}"
    if command -v apt-get >/dev/null 2>&1; then
      echo "Install them:  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
    else
      echo "Install Prometheus 2.42 or later and Alertmanager 0.25 or later, with promtool and amtool, and chromium-headless-shell, so that they are on the PATH."
    fi
    echo "Or run the same stack in containers:  docker compose --env-file deploy/compose/demo.env up"
  } >&2
  exit 2
fi

# The packages start system services on install; the stack runs its own processes, so the services stay off.
policy=/usr/sbin/policy-rc.d
made=no
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=yes
fi
trap '[ "$made" = yes ] && rm -f "$policy"' EXIT
apt-get update -qq || [ ${#missing[@]} -eq 0 ]
for package in ${extra[@]+"${extra[@]}"}; do
  if apt-cache show "$package" >/dev/null 2>&1; then missing+=("$package"); fi
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "Installing from the distribution: ${missing[*]}"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
