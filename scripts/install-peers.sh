#!/bin/sh
# Installs, from Debian's packages, the programs that Spoor's tests compare it with: the Babeltrace 2 reader,
# the LTTng tracer with its C library, Chromium; and those that read what it writes: man, zsh;
# trace-cmd, whose files Spoor reads; bpftrace, whose output it records.
# Needs root. Does nothing when all are there.
set -eu
want="babeltrace2 lttng-tools liblttng-ust-dev chromium fonts-dejavu-core gcc libc6-dev zstd tmux util-linux procps man-db groff-base zsh python3-bt2 trace-cmd bpftrace"
missing=""
for package in $want; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "install-peers: not root; missing:$missing" >&2; exit 1; }
echo "install-peers: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >/dev/null
