#!/usr/bin/env bash
# Becomes a host: process 1 of a process tree of its own, with private files and an sshd.
# Called in a network namespace under `unshare --pid --fork --mount --uts`, with
#   $1 name   $2 address   $3 folder with id.pub   $4 environment   $5 project
set -euo pipefail
name=$1 address=$2 keys=$3 environment=$4 project=$5

hostname "$name"
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/home/upper /run/home/work
cp "$keys/id.pub" /run/authorized_keys
ssh-keygen -q -t ed25519 -N '' -f /run/host_key
mount -t overlay overlay -o lowerdir="$HOME",upperdir=/run/home/upper,workdir=/run/home/work "$HOME"
rm -rf "$HOME/.ray" "$HOME/.ssh" "$HOME/.ilsweep" "$HOME/ilsweep" "$HOME/.cache/ilsweep"
# There is no package index here: the environment is the machine's own, the project is not.
mkdir -p "$HOME/.ilsweep"
ln -s "$environment" "$HOME/.ilsweep/venv"
for package in sweeps trainers analysis; do
  mount -t tmpfs -o ro tmpfs "$project/$package"
done
mount -t tmpfs tmpfs /dev/shm
mkdir /run/project
mount --rbind "$project" /run/project
mount -t tmpfs tmpfs /tmp
case $project in /tmp/*)  # a checkout there stays in sight
  mkdir -p "$project"
  mount --rbind /run/project "$project" ;;
esac
exec /usr/sbin/sshd -D -e -f /dev/null -h /run/host_key \
  -o ListenAddress="$address" -o AuthorizedKeysFile=/run/authorized_keys -o PidFile=none \
  -o PasswordAuthentication=no -o PermitRootLogin=prohibit-password -o StrictModes=no -o UsePAM=no
