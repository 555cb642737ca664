#!/usr/bin/env bash
# Installs the locked Node dependencies, the project's own Node.js 24 among them.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "npm is missing: installing Debian's nodejs and npm, which fetch the project's own Node.js 24."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
  else
    echo "npm is missing. Install Node.js 20 or later with npm (https://nodejs.org), then run the command again." >&2
    exit 2
  fi
fi

npm ci --no-fund --no-audit --loglevel=error
# npm 11 and later may hold back install scripts: the pinned Node.js unpacks itself in one.
node_modules/.bin/node --version >/dev/null 2>&1 || npm rebuild node --foreground-scripts --loglevel=error
version=$(node_modules/.bin/node --version)
case "$version" in
  v24.*) ;;
  *) echo "node_modules/.bin/node is $version, not v24. Run: npm rebuild node" >&2; exit 2 ;;
esac
touch node_modules/.installed
