# certs.sh - what the scenarios about certificates share: openssl with the keys of the mesh's CA,
# for what wattle itself does not make, and as a peer that is not wattle. Sourced before kit.sh,
# which changes the folder.
# shellcheck shell=sh

openssl_ca() { # openssl_ca: what `openssl ca` needs to know, in openssl.cnf
    cat >openssl.cnf <<END
[ca]
default_ca = issuing
[issuing]
database = index.txt
crlnumber = number
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 30
policy = anything
[anything]
organizationName = optional
commonName = supplied
[list]
authorityKeyIdentifier = keyid
END
    : >index.txt
    echo 10 >number
}

# leaf FILE URI OPTION...: FILE.pem and FILE.key, signed by the mesh's own issuing CA for that name;
# the options are those of `openssl ca`. An empty URI leaves the name out.
leaf() {
    file=$1
    uri=$2
    shift 2
    {
        echo "basicConstraints = critical, CA:FALSE"
        echo "keyUsage = critical, digitalSignature"
        echo "extendedKeyUsage = ${usage:-serverAuth, clientAuth}"
        echo "subjectKeyIdentifier = hash"
        echo "authorityKeyIdentifier = keyid"
        [ -z "$uri" ] || echo "subjectAltName = URI:$uri"
    } >"$file.ext"
    {
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
            -subj "/O=demo/CN=edge-9" -keyout "$file.key" -out "$file.csr" &&
            openssl ca -config openssl.cnf -batch -notext -cert ca/issuing.pem \
                -keyfile ca/issuing.key -in "$file.csr" -out "$file.pem" -extfile "$file.ext" "$@"
    } >leaf.log 2>&1
    result $? "a certificate for ${uri:-nobody}"
}

# parts BUNDLE FILE: the key and the leaf of a bundle, as FILE.key and FILE.pem
parts() {
    openssl pkey -in "$1" -out "$2.key" && openssl x509 -in "$1" -out "$2.pem"
    result $? "the key and the certificate of $1"
}

bundle_of() { # bundle_of FILE NAME LAYER: FILE.bundle, of FILE.key and FILE.pem
    expires=$(date -u -d "$(openssl x509 -noout -enddate -in "$1.pem" | cut -d= -f2)" \
        +%Y-%m-%dT%H:%M:%SZ)
    {
        printf 'wattle-bundle 1\nname: %s\nlayer: %s\nmesh: demo\ntenant: default\n' "$2" "$3"
        printf 'expires: %s\n\n' "$expires"
        cat "$1.key" "$1.pem" ca/issuing.pem ca/root.pem
    } >"$1.bundle"
    chmod 600 "$1.bundle"
    expect 0 "a bundle made by hand" "$wattle" id show "$1.bundle" --short
}

# list FILE FROM UNTIL: an empty revocation list of the issuing CA; times as date takes them
list() {
    openssl ca -config openssl.cnf -cert ca/issuing.pem -keyfile ca/issuing.key -gencrl \
        -crlexts list -crl_lastupdate "$(date -u -d "$2" +%Y%m%d%H%M%SZ)" \
        -crl_nextupdate "$(date -u -d "$3" +%Y%m%d%H%M%SZ)" -out "$1" >list.log 2>&1
    result $? "a revocation list from $2 until $3"
}

# ---- at the node cloud-1, which listens at $address

# tries [OPTION...]: connects to the node with the options of s_client, until the node closes
tries() {
    timeout 20 openssl s_client -connect "$address" -CAfile ca/root.pem -cert_chain ca/issuing.pem \
        -ign_eof "$@" >out 2>err </dev/null
}

logged() { # logged WORD: how often the node has refused somebody for that
    grep -c "handshake_refused word=$1 " cloud-1.err
}

# is_refused WORD TEXT TITLE OPTION...: the node closes, and its log has one line more of that word
is_refused() {
    word=$1
    text=$2
    title=$3
    shift 3
    before=$(logged "$word")
    tries "$@"
    [ $? -ne 124 ] && ! grep -q "^New, TLSv1.2" out
    result $? "D01: $title: the node closes the connection"
    await "^$((before + 1))$" logged "$word"
    result $? "D01: $title: one line in the node's log, word=$word"
    grep "handshake_refused word=$word " cloud-1.err | tail -n 1 >out
    has "reason=.*$text" "D01: $title: and the reason in words"
    has " peer=127.0.0.1:[0-9]* dialled=false" "D01: $title: and where it came from"
}
