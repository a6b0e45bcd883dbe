#!/bin/sh
# machine-token.sh CLIENT KEY URL: an access token for a machine client, by openssl and curl alone (RFC 7523).
# KEY is its private RSA key, PEM; URL the token endpoint, which is the audience of the assertion too.
set -eu
client=$1 key=$2 url=$3
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
header=$(printf '{"alg":"RS256","typ":"JWT"}' | base64url)
claims=$(printf '{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","iat":%s,"exp":%s}' \
  "$client" "$client" "$url" "$(openssl rand -hex 16)" "$now" "$((now + 60))" | base64url)
signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign "$key" -binary | base64url)
curl --silent --show-error --fail-with-body "$url" \
  --data-urlencode grant_type=client_credentials \
  --data-urlencode client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  --data-urlencode "client_assertion=$header.$claims.$signature"
