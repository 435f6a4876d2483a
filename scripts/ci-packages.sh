#!/usr/bin/env bash
# Installs the missing ones of .ci/debian-packages, where this is root on a Debian. Never fails: `npm test` needs none of them, and
# leaves out the tests that do. Says in a line on stderr what is then not tested. The argument is another list, for tests.
set -uo pipefail
list=${1:-$(dirname "${BASH_SOURCE[0]}")/../.ci/debian-packages}

is_there() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" > /dev/null ;;
  esac
}

# Sets `missing` and `untested`.
look() {
  missing=() untested=''
  while read -r package sign what; do
    case $package in '' | '#'*) continue ;; esac
    is_there "$sign" && continue
    missing+=("$package")
    case $untested in *"$what"*) ;; *) untested+=${untested:+; }$what ;; esac
  done < "$list"
}

# A package that brings a daemon must not start it: runlevel 1 has none.
apt() {
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 timeout --kill-after=10 "$@" < /dev/null > /dev/null 2>&1
}

look
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null; then
  echo "Installing ${missing[*]} for the tests …" >&2
  apt 120 apt-get update
  # Together it is faster; when one of them cannot be had, the others still can. Where it took too long, that is that.
  apt 600 apt-get install --yes --no-install-recommends "${missing[@]}"
  case $? in
    0 | 124 | 137) ;;
    *) for package in "${missing[@]}"; do apt 60 apt-get install --yes --no-install-recommends "$package"; done ;;
  esac
  look
fi
[ ${#missing[@]} -eq 0 ] || echo "Without ${missing[*]} this is not tested: $untested." >&2
exit 0
