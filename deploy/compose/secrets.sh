#!/bin/sh
# Makes the secrets of compose.yaml that are not there yet. A container's user reads its files, which are mounted as they are,
# so they are readable; the folder around them is not.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets && chmod 0700 secrets
password() { [ -s "secrets/$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$1"; }
password postgres_password
password portal_password
password grafana_password
printf 'postgresql+psycopg://varbridge:%s@postgres/varbridge' "$(cat secrets/postgres_password)" >secrets/store_url
chmod 0644 secrets/*
