#!/usr/bin/env bash
# Sees to it that Debian's chromium is there for the browser tests, or says plainly what will be skipped.
set -euo pipefail

skipped() {
    echo "The browser tests will be skipped: chromium is missing and $1. On Debian: sudo apt-get install chromium"
    exit 0
}

[[ -x /usr/bin/chromium ]] && exit 0
grep -qs '^ID=debian$' /etc/os-release || skipped "this is not Debian, so it is not installed for you"
sudo=()
if ((EUID != 0)); then
    sudo -n true 2>/dev/null || skipped "installing it needs a password"
    sudo=(sudo -n)
fi
echo "Installing chromium for the browser tests ..."
"${sudo[@]}" apt-get update -qq && "${sudo[@]}" apt-get install -y -qq --no-install-recommends chromium >/dev/null \
    || skipped "apt-get could not install it"
