#!/usr/bin/env bash
# Unpacks a MySQL server for the tests, from Debian's unstable suite, which alone has one: with its own C library and all
# else it needs, into a directory of its own. Nothing of the system is changed, and no right is needed.
# Usage: install-mysql.sh DIRECTORY
set -euo pipefail

target=$1
[ -x "$target/usr/sbin/mysqld" ] && { echo "MySQL is unpacked: $target"; exit 0; }

mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2> /dev/null \
  | grep -v '^[[:space:]]*#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)
[ -n "$mirror" ] || { echo "No Debian mirror among the system's package sources" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,root}
: > "$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror unstable main" > "$work/sources.list"
cat > "$work/apt.conf" << CONF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/status";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Debug::NoLocking "true";
APT::Sandbox::User "root";
CONF
export APT_CONFIG="$work/apt.conf"
apt-get update -qq
apt-get install -y -qq --no-install-recommends --download-only mysql-server-core > /dev/null
for package in "$work"/cache/archives/*.deb; do
  # For scripts that are not run.
  case $package in */perl*) continue ;; esac
  dpkg-deb -x "$package" "$work/root"
done
[ -x "$work/root/usr/sbin/mysqld" ] || { echo "The package has no mysqld" >&2; exit 1; }
mkdir -p "$(dirname "$target")"
rm -rf "$target"
mv "$work/root" "$target"
echo "Unpacked: $target"
