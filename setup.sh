#!/usr/bin/env bash
# Makes or brings up to date a virtual environment with all that this project needs: a line a step.
#   setup.sh VENV CONSTRAINTS REQUIREMENT...        (PYTHON: the interpreter that makes it)
# One that an interruption left unfinished is made anew. What a step prints is kept back; where it
# fails, its end is shown, and the status is the step's.
set -euo pipefail
venv=$1 constraints=$2
shift 2
log=$(mktemp "${TMPDIR:-/tmp}/ilsweep-setup.XXXXXX")
clock=
trap 'if [ -n "$clock" ]; then kill "$clock" 2>/dev/null || true; fi' EXIT

tick() {  # seconds, while a step takes long
  local name=$1 began=$SECONDS
  if [ -t 1 ]; then
    while sleep 1 >/dev/null 2>&1; do printf '\r%s ... %d s' "$name" $((SECONDS - began)); done
  else
    while sleep 10 >/dev/null 2>&1; do printf ' %d s ...' $((SECONDS - began)); done
  fi
}

step() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '%s ...' "$name"
  tick "$name" &
  clock=$!
  "$@" >"$log" 2>&1 || status=$?
  kill "$clock"
  wait "$clock" 2>/dev/null || true
  clock=
  if [ "$status" -ne 0 ]; then
    printf ' failed\n'
    { tail -n 60 "$log"; echo "set-up: '$name' failed with status $status; all it said: $log"; } >&2
    exit "$status"
  fi
  if [ -t 1 ]; then printf '\r%s ...' "$name"; fi
  printf ' %d s\n' $((SECONDS - began))
}

environment() {
  if [ -e "$venv/unfinished" ]; then
    find "$venv/" -mindepth 1 ! -name unfinished -delete
  fi
  mkdir -p "$venv" && touch "$venv/unfinished" && "${PYTHON:-python3}" -m venv "$venv" &&
    "$venv/bin/python" -m pip install --quiet --upgrade pip
}

install() { "$venv/bin/python" -m pip install --quiet --constraint "$constraints" "$@"; }

step "virtual environment" environment
# Alone and first: its CPU build is only taken where the exact version is asked for.
step "torch" install torch
step "ilsweep and what it needs" install "$@"
rm -f "$venv/unfinished" "$log"
