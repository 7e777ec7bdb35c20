#!/bin/bash
# Run once by the postgres image, on an empty volume: a role for Datamap and one for Temporal, each with its own databases.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set=datamap_password="$DATAMAP_DB_PASSWORD" --set=temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE datamap LOGIN PASSWORD :'datamap_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE datamap OWNER datamap;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE datamap, temporal, temporal_visibility FROM PUBLIC;
SQL
