#!/usr/bin/env bash
# Makes .venv from the locked, hashed requirements: `setup.sh runtime` or `setup.sh dev`. Safe to run again, to
# interrupt, and to run twice at once. Called by every make target.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-runtime}
lock=deploy/requirements.lock
[ "$kind" = dev ] && lock=deploy/requirements-dev.lock

python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  echo "accordwire needs Python 3.11 or newer and found no $python – install it (Debian: apt install python3 python3-venv; macOS: brew install python) or name one: make PYTHON=/path/to/python3" >&2
  exit 69
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "accordwire needs Python 3.11 or newer; $python is $("$python" -V 2>&1) – name another one: make PYTHON=/path/to/python3.11" >&2
  exit 69
fi

# One at a time, where the system has flock; without it (macOS) two first runs at once are the person's own risk.
mkdir -p .local
exec 9>.local/setup.lock
command -v flock >/dev/null && flock 9

stamp=.venv/.accordwire-$kind
wanted=$(cat "$lock" pyproject.toml | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted $PWD" ] && exit 0

# A venv remembers its absolute path: one that was moved, or left half made, is made anew.
if [ "$(cat .venv/.accordwire-place 2>/dev/null || true)" != "$PWD" ]; then
  rm -rf .venv
  "$python" -m venv .venv
  printf '%s\n' "$PWD" > .venv/.accordwire-place
fi
echo "installing the $kind requirements into .venv …" >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
printf '%s\n' "$wanted $PWD" > "$stamp"
