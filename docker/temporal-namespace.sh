#!/bin/sh
# Makes the namespace that Datamap works in. Histories of ended runs are kept for 30 days; the runs themselves are rows.
set -eu

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" > /dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
