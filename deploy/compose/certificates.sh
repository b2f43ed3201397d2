#!/bin/sh
# Makes an authority for trying, and the certificates of tls.yaml that are not there yet: of the gateway for its callers, of the
# gateway for the engine, of the engine, and of the caller `portal`. In production your own authority makes them.
set -eu
cd "$(dirname "$0")"
umask 022
mkdir -p secrets && chmod 0700 secrets
cd secrets
mkdir -p gateway_tls engine_tls
[ -s authority.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 \
  -subj "/CN=Varbridge compose" -keyout authority.key -out authority.pem

# certificate NAME-OF-FILE SUBJECT EXTENSION: one that the authority has signed, with its key
certificate() {
  [ -s "$1.pem" ] && return
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$1.key" -out request.pem
  echo "$3" >extension
  openssl x509 -req -in request.pem -CA authority.pem -CAkey authority.key -CAcreateserial -days 397 -extfile extension -out "$1.pem"
  rm request.pem extension
}
certificate gateway_tls/server /CN=gateway "subjectAltName=DNS:localhost,DNS:gateway,IP:127.0.0.1"
certificate gateway_tls/client /O=Example/CN=varbridge "extendedKeyUsage=clientAuth"
certificate engine_tls/server /CN=engine "subjectAltName=DNS:engine,DNS:localhost,IP:127.0.0.1"
certificate portal /O=Example/CN=portal "extendedKeyUsage=clientAuth"
cp authority.pem gateway_tls/clients-ca.pem
cp authority.pem gateway_tls/engines-ca.pem
cp authority.pem engine_tls/clients-ca.pem
chmod 0644 gateway_tls/* engine_tls/*   # the folder around them is closed; containers' users read the files as they are
