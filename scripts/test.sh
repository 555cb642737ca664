#!/usr/bin/env bash
# Everything that CI runs, in the order in which a fault is cheapest to find.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH"
# A suite that needs a server is never skipped here.
export REQUIRE_MONGODB=1

step() { printf '\n== %s\n' "$1"; }

step 'style';            biome check .
step 'dead code';        knip
step 'types';            tsc -p tsconfig.json; tsc -p tsconfig.page.json --noEmit
step 'generated files';  node scripts/generate.ts --check
step 'unit tests';       vitest run --project unit
step 'service tests';    vitest run --project service
step 'end to end';       vitest run --project e2e
