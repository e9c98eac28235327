#!/usr/bin/env bash
# Makes ~/.ilsweep/venv on a machine of a cluster, with all that this project needs, as pinned in
# constraints.txt. Run again, it does nothing until the pins change. Where ~/.ilsweep/venv is a link
# to an environment of your own (a machine without a package index, a prepared image), that is used.
set -euo pipefail
cd "$(dirname "$0")"
venv=~/.ilsweep/venv
pins=$(cat pyproject.toml setup.py constraints.txt | sha256sum)

if [ ! -L "$venv" ] && [ "$(cat ~/.ilsweep/pins 2>/dev/null)" != "$pins" ]; then
  if command -v nvidia-smi >/dev/null; then
    # The pinned torch is the CPU build; a GPU takes what the index has.
    grep -v '^torch==' constraints.txt > ~/.ilsweep/constraints.txt
  else
    cp constraints.txt ~/.ilsweep/constraints.txt
  fi
  bash setup.sh "$venv" ~/.ilsweep/constraints.txt --editable ".[aloha,gym]"
  echo "$pins" > ~/.ilsweep/pins
fi

# What every shell and every process of Ray needs here.
cat > ~/.ilsweep/env <<'END'
export PATH=~/.ilsweep/venv/bin:$PATH
export RAY_AUTH_MODE=token
END
