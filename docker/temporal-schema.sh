#!/bin/sh
# Brings Temporal's own schema up to what this release of the server wants. Harmless when it is there.
set -eu

for database in temporal temporal_visibility; do
  case "$database" in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  tool() {
    temporal-sql-tool --plugin postgres12 --endpoint postgres --port 5432 --user temporal --database "$database" "$@"
  }
  # Refused when the tables are there already, which is every time but the first.
  tool setup-schema --version 0.0 || true
  tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
