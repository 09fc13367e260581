#!/bin/sh
# revoke.sh - D01, X027, X028: a certificate is revoked, or expires, while its link is up. The link
# falls, both logs say why, the node cannot come back, and nobody else notices. A list that is worse
# than the one in use changes nothing, and one that has ended lets nobody in.
# usage: revoke.sh WATTLE. Prints TAP.
# shellcheck source=tests/scenario/certs.sh
. "$(dirname "$0")/certs.sh"
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/kit.sh"

publish() { # publish FILE: nodes see it as their list; in one step, as a copy should be
    cp "$1" list.new && mv list.new list.crl
}

says() { # says LOG PART TITLE: that line comes
    await "$2" cat "$1"
    said=$?
    result $said "$3"
    [ $said -eq 0 ] || sed 's/^/    # /' "$1"
}

revoke() { # revoke [NAME]: and what the CA says about it
    expect 0 "ca revoke $*" "$wattle" ca revoke "$@" --ca ca
}

linked() { # linked NODE PEER
    await "\"peer\":\"$2\"[^}]*\"state\":\"up\"" \
        "$wattle" mesh links --control "$work/$1.sock" --json
    result $? "a link of $1 and $2"
}

untouched() { # untouched NODE: its link to cloud-1 was opened once and has never closed
    [ "$(grep -c " link_open peer=$1 " cloud-1.err)" -eq 1 ] &&
        ! grep -q " link_closing peer=$1 " cloud-1.err &&
        ! grep -q " link_closing " "$1.err"
    result $? "D01: the link of $1 has not noticed"
}

ca
for node in cloud-1:cloud edge-1:edge edge-9:edge sensor-1:device; do
    identity "${node%:*}" "${node#*:}"
done
openssl_ca
revoke
has "^list 1 of mesh demo: 0 revoked" "I09: the first list names nobody"
cp ca/revoked.crl first.crl
publish first.crl
start cloud-1 --listen 127.0.0.1:0 --revoked list.crl
cloud=$pid
address=$(address_of cloud-1)
grep " revoked_list file=list.crl number=1 revoked=0 " cloud-1.err >out
has "until=" "I09: the log says which list is in use"
start edge-1 --join "$address" --revoked list.crl
edge=$pid
start edge-9 --join "$address"
other=$pid
start sensor-1 --join "$address"
sensor=$pid
linked edge-1 cloud-1
linked edge-9 cloud-1
linked sensor-1 cloud-1

# ---- a session to come back with: there is none

parts sensor-1.bundle sensor
timeout 20 openssl s_client -connect "$address" -CAfile ca/root.pem -verify_return_error \
    -cert_chain ca/issuing.pem -cert sensor.pem -key sensor.key -sess_out session \
    >out 2>err </dev/null
has "^New, TLSv1.3, Cipher is TLS_" "X037: a good certificate is let in"
has_not "New Session Ticket" "X037: and gets no ticket"
[ ! -e session ]
result $? "X037: nor any other session to resume"
is_refused no_certificate "shown no certificate" "X037: a key shared beforehand is no certificate" \
    -psk 00112233445566778899aabbccddeeff -psk_identity sensor-1

# ---- revoked while the link is up

revoke sensor-1
has "^revoked sensor-1, serial [0-9a-f]\{32\}, which would have expired " "I09: it says whom"
has "^list 2 of mesh demo: 1 revoked" "I09: and the number grows"
publish ca/revoked.crl
says cloud-1.err 'link_closing peer=sensor-1 .*"the certificate of sensor-1 was revoked on' \
    "X028: the node cuts the link, and says why"
says sensor-1.err 'refused by the peer: the certificate of sensor-1 was revoked on' \
    "X028: the device hears why"
is_refused revoked "the certificate of sensor-1 was revoked on" \
    "X027: a certificate that is revoked" -cert sensor.pem -key sensor.key
says edge-1.err 'revoked_list file=list.crl number=2 revoked=1 ' "I09: each node looks for itself"
untouched edge-1
untouched edge-9
stop sensor-1 "$sensor"
before=$(logged revoked)
start sensor-1 --join "$address"
await "^$((before + 1))$" logged revoked
result $? "X027: it cannot come back"
says sensor-1.err 'handshake_refused word=peer_refused reason="the peer has refused this node' \
    "X027: and hears that too"
stop sensor-1 "$pid"
expect 0 "a new certificate for it" \
    "$wattle" id new sensor-1 --layer device --ca ca --out new.bundle
mv sensor-1.bundle old.bundle && mv new.bundle sensor-1.bundle
start sensor-1 --join "$address"
sensor=$pid
linked sensor-1 cloud-1
refused 78 E0405 "I09: a node that was revoked itself does not start" \
    "$wattle" node start --id old.bundle --revoked list.crl --control "$work/none.sock"

# ---- lists that are worse

is_kept() { # is_kept FILE REASON TITLE: that list is refused, and the one in use stays
    lines=$(grep -c " revoked_list_refused " cloud-1.err)
    if [ -n "$1" ]; then publish "$1"; else rm list.crl; fi
    await "^$((lines + 1))$" grep -c " revoked_list_refused " cloud-1.err
    result $? "X027: $3: one line in the log"
    grep " revoked_list_refused " cloud-1.err | tail -n 1 >out
    has "file=list.crl reason=.*$2.* kept=2" "X027: $3: which says why"
    is_refused revoked "the certificate of sensor-1" "X027: $3: who is revoked stays so" \
        -cert sensor.pem -key sensor.key
}

"$wattle" ca init other --mesh demo -q && "$wattle" ca revoke --ca other -q &&
    "$wattle" ca revoke --ca other -q && "$wattle" ca revoke --ca other -q
result $? "another CA for a mesh of the same name, with a list of a higher number"
echo junk >junk.crl
head -c 900 ca/revoked.crl >cut.crl
is_kept first.crl "number 1, which is older" "an older list"
is_kept other/revoked.crl "roots to have signed it" "a list of another CA"
is_kept junk.crl "line 1: expected" "no list at all"
is_kept cut.crl "expected" "a list that was cut off"
is_kept "" "No such file" "a list that is gone"
revoke edge-9
publish ca/revoked.crl
says cloud-1.err 'revoked_list file=list.crl number=3 revoked=2 ' "I09: a newer one is taken"
says cloud-1.err 'link_closing peer=edge-9 .*"the certificate of edge-9 was revoked on' \
    "X028: and cuts who is new on it"
untouched edge-1
expect 0 "ca revoked" "$wattle" ca revoked --ca ca
has "^edge-9  *20..-..-..T..:..:..Z  20..-..-..  [0-9a-f]\{32\}$" "I09: the CA lists them"
expect 0 "ca revoked --json" "$wattle" ca revoked --ca ca --json
json "I09: for programs too" \
    'it["number"] == 3 and sorted(r["node"] for r in it["revoked"]) == ["edge-9", "sensor-1"]'
stop edge-9 "$other"

# ---- expired while the link is up

leaf brief spiffe://demo/default/edge/edge-7 \
    -startdate "$(date -u -d '1 minute ago' +%Y%m%d%H%M%SZ)" \
    -enddate "$(date -u -d '15 seconds' +%Y%m%d%H%M%SZ)"
bundle_of brief edge-7 edge
mv brief.bundle edge-7.bundle
start edge-7 --join "$address"
brief=$pid
linked edge-7 cloud-1
says cloud-1.err 'link_closing peer=edge-7 .*"the certificate of edge-7 expired on' \
    "X028: the link falls when the certificate expires"
says edge-7.err 'refused by the peer: the certificate of edge-7 expired on' \
    "X028: and both know why"
is_refused expired "has expired" "X028: it cannot come back" -cert brief.pem -key brief.key
stop edge-7 "$brief"
untouched edge-1

# ---- a list that has ended, at another node

parts edge-1.bundle good
list aging.crl "20 days ago" "15 seconds"
publish aging.crl
mv list.crl list-2.crl
identity cloud-2 cloud
start cloud-2 --listen 127.0.0.1:0 --revoked list-2.crl
second=$pid
address=$(address_of cloud-2)
says cloud-2.err ' warn revoked_list_aging file=list-2.crl number=16 ' \
    "X027: past half of its life, a list is warned of"
identity edge-2 edge
start edge-2 --join "$address"
mate=$pid
linked edge-2 cloud-2
says cloud-2.err ' error revoked_list_stale file=list-2.crl number=16 ' \
    "X027: past its end, it is said"
timeout 20 openssl s_client -connect "$address" -CAfile ca/root.pem -cert_chain ca/issuing.pem \
    -cert good.pem -key good.key -ign_eof >out 2>err </dev/null
says cloud-2.err 'word=crl_stale reason="this node.s revocation list (number 16) was valid' \
    "X027: and nobody is let in"
[ "$(grep -c " link_open peer=edge-2 " cloud-2.err)" -eq 1 ] &&
    ! grep -q " link_closing " edge-2.err
result $? "X027: who is in stays"
list next.crl "now" "30 days"
mv next.crl list-2.crl
says cloud-2.err 'revoked_list file=list-2.crl number=17 ' "X027: a newer one is taken"
identity edge-3 edge
start edge-3 --join "$address"
last=$pid
linked edge-3 cloud-2
stop edge-3 "$last"
stop edge-2 "$mate"
stop cloud-2 "$second"

stop sensor-1 "$sensor"
stop edge-1 "$edge"
stop cloud-1 "$cloud"
end
