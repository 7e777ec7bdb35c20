#!/usr/bin/env bash
# npm run test:servers: installs the servers that only the system's package manager has, and programs of PyPI that send
# us things, so that no test is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

# OpenLineage's client for Python, in an environment of its own, and Spark with OpenLineage's listener.
emitter=.datamap/test-tools/openlineage-python
install_emitters() {
  if [ ! -x "$emitter/bin/python" ] || ! "$emitter/bin/python" -c 'import openlineage.client' 2> /dev/null; then
    rm -rf "$emitter"
    python3 -m venv "$emitter"
    "$emitter/bin/pip" install --quiet openlineage-python==1.54.0
  fi
  echo "Installed: openlineage-python"
  bash test/servers/install-spark.sh "$emitter/bin/python" .datamap/test-tools/spark
}

# Of a suite that changes daily: when it cannot be had, the tests on it are left out, loudly.
bash "$(dirname "$0")/install-mysql.sh" "$(dirname "$0")/../../.datamap/test-servers/mysql" \
  || echo "*** MySQL could not be installed: it will NOT BE TESTED" >&2

wanted=(postgresql-15 mariadb-server openjdk-17-jre-headless)
declare -A program=(
  [postgresql-15]=/usr/lib/postgresql/15/bin/postgres
  [mariadb-server]=/usr/sbin/mariadbd
  [openjdk-17-jre-headless]=/usr/bin/java
  [python3-venv]=/usr/bin/python3
)
# Debian's Python has no environments of its own without that package.
python3 -c 'import ensurepip' 2> /dev/null || wanted+=(python3-venv)

missing=()
for package in "${wanted[@]}"; do
  [ "$package" != python3-venv ] && [ -x "${program[$package]}" ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "All test servers are installed: ${wanted[*]}"
  install_emitters
  exit 0
fi

if ! command -v apt-get > /dev/null; then
  echo "This system has no apt-get. Install these by hand: ${missing[*]}" >&2
  echo "They are looked for at: $(for package in "${missing[@]}"; do printf '%s ' "${program[$package]}"; done)" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null || { echo "Run this as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

# Tests start private servers of their own. The packages' own clusters and services are not wanted.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  "${as_root[@]}" mkdir -p /etc/postgresql-common
  echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
fi
"${as_root[@]}" apt-get update -q
for package in "${missing[@]}"; do
  if ! apt-cache show "$package" > /dev/null 2>&1; then
    echo "$package is not in this system's package sources: the tests are written for Debian 12 (bookworm)." >&2
    exit 1
  fi
done
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
  apt-get install -y -q --no-install-recommends "${missing[@]}"

for package in "${missing[@]}"; do
  [ -x "${program[$package]}" ] || { echo "$package was installed, but ${program[$package]} is missing" >&2; exit 1; }
done
echo "Installed: ${missing[*]}"
install_emitters
