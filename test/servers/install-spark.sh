#!/usr/bin/env bash
# Lays out PySpark with the OpenLineage listener and PostgreSQL's JDBC driver in a directory of its own. PyPI has Spark as
# sources and jars together: building a wheel of them would pack and unpack 300 MB for nothing. The other jars come by the
# resolver that Spark itself fetches packages with. Needs Java.
# Usage: install-spark.sh PYTHON_WITH_PIP DIRECTORY
set -euo pipefail

python=$1
target=$2
# Listener and Spark are built for the same Scala.
spark=3.5.6
listener=1.53.0
driver=42.7.4

made="$spark $listener $driver"
[ "$(cat "$target/installed" 2> /dev/null)" = "$made" ] && { echo "Spark is installed: $made"; exit 0; }

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$python" -m pip download --quiet --no-cache-dir --no-deps --dest "$work" "pyspark==$spark"
tar -xzf "$work/pyspark-$spark.tar.gz" -C "$work"
mkdir -p "$work/home/python"
mv "$work/pyspark-$spark/deps/"{bin,jars} "$work/home"
mv "$work/pyspark-$spark/"{pyspark,lib} "$work/home/python"

fetch() {
  java -cp "$(echo "$work/home/jars"/ivy-*.jar)" org.apache.ivy.Main -warn -cache "$work/ivy" \
    -dependency "$1" "$2" "$3" -confs default -notransitive -retrieve "$work/home/jars/[artifact]-[revision].[ext]" \
    > /dev/null
  [ -f "$work/home/jars/$2-$3.jar" ] || { echo "$2 $3 could not be fetched" >&2; exit 1; }
}
fetch io.openlineage openlineage-spark_2.12 "$listener"
fetch org.postgresql postgresql "$driver"

echo "$made" > "$work/home/installed"
rm -rf "$target"
mv "$work/home" "$target"
echo "Installed: Spark $made"
