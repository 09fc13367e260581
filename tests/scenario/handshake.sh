#!/bin/sh
# handshake.sh - D01: who may open a link, tried with a foreign TLS implementation at a real node.
# Each peer that may not is refused by the node, which says why in its log, and the link that it has
# with another node goes on. usage: handshake.sh WATTLE. Prints TAP.
# shellcheck source=tests/scenario/certs.sh
. "$(dirname "$0")/certs.sh"
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"

ca
identity cloud-1 cloud
identity edge-1 edge
identity edge-9 edge
"$wattle" ca init other --mesh demo -q && "$wattle" id new edge-9 --layer edge --ca other -q \
    --out other.bundle
result $? "another CA for a mesh of the same name, and an identity of it"
openssl_ca
start cloud-1 --listen 127.0.0.1:0
cloud=$pid
address=$(address_of cloud-1)
start edge-1 --join "$address"
edge=$pid
WTL_CONTROL=$work/edge-1.sock
export WTL_CONTROL
await '"node":"cloud-1","layer":"cloud","state":"up"' "$wattle" mesh nodes --json
result $? "a link between two nodes"

# ---- who may: this shows that what follows is refused for what it says

parts edge-9.bundle good
leaf made spiffe://demo/default/edge/edge-9
for who in good made; do
    timeout 20 openssl s_client -connect "$address" -CAfile ca/root.pem -verify_return_error \
        -cert_chain ca/issuing.pem -cert $who.pem -key $who.key >out 2>err </dev/null
    has "^New, TLSv1.3, Cipher is TLS_" "D01: a peer that may is answered in TLS 1.3"
    has "Verify return code: 0 (ok)" "D01: and can verify the node by the mesh's root"
done
[ "$(grep -c handshake_refused cloud-1.err)" -eq 0 ]
result $? "D01: it is not refused"

# ---- who may not

is_refused no_certificate "shown no certificate" "no certificate"
parts other.bundle other
is_refused wrong_ca "not issued by a CA of this mesh" "another CA" -cert other.pem -key other.key \
    -cert_chain other/issuing.pem
leaf expired spiffe://demo/default/edge/edge-9 -startdate 20200101000000Z -enddate 20200201000000Z
is_refused expired "has expired" "an expired certificate" -cert expired.pem -key expired.key
leaf early spiffe://demo/default/edge/edge-9 -startdate 20900101000000Z -enddate 20900201000000Z
is_refused not_yet_valid "not valid yet" "a certificate of the future" \
    -cert early.pem -key early.key
leaf foreign spiffe://another/default/edge/edge-9
is_refused wrong_mesh "another" "the name of another mesh" -cert foreign.pem -key foreign.key
leaf nameless ""
is_refused bad_identity "URI" "no name at all" -cert nameless.pem -key nameless.key
leaf misnamed https://demo/default/edge/edge-9
is_refused bad_identity "spiffe" "a name of another form" -cert misnamed.pem -key misnamed.key
usage=serverAuth
leaf server spiffe://demo/default/edge/edge-9
is_refused wrong_usage "extended key usage" "a certificate for servers alone" \
    -cert server.pem -key server.key
is_refused version "does not speak TLS 1.3" "TLS 1.2" -tls1_2 -cert good.pem -key good.key

# ---- and nothing else has happened

expect 0 "mesh links" "$wattle" mesh links --json
json "D01: the link between the two nodes is up" \
    'len(it) == 1 and it[0]["peer"] == "cloud-1" and it[0]["state"] == "up"'
for pair in cloud-1:edge-1 edge-1:cloud-1; do
    log=${pair%:*}.err
    peer=${pair#*:}
    [ "$(grep -c " link_open peer=$peer " "$log")" -eq 1 ] &&
        ! grep -q " node_down node=$peer \| link_closing peer=$peer " "$log"
    result $? "D01: the link to $peer was opened once and has never closed"
done
expect 0 "and it carries questions" "$wattle" actor ls --node cloud-1
stop edge-1 "$edge"
stop cloud-1 "$cloud"
end
