/* strict.c - I03: openssl, strict, on everything that was made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs/ca.h"
#include "fixture.h"

TestSuite(certs_strict, .init = fixture_init, .fini = fixture_deinit, .timeout = 60);

static char output[20000];

static void run(const char *command)
{
    cr_expect_eq(fixture_run(output, sizeof output, "%s", command), 0, "%s: %s", command, output);
}

/* Makes a CA and a bundle at `now_s`, and leaf.pem beside them. */
static void make(int64_t now_s, const char *host, unsigned days)
{
    struct wtl_id_request request = fixture_request();
    struct wtl_bundle bundle;
    struct wtl_error error = {0};
    bool clamped;
    request.host = host;
    request.days = days;
    run("rm -rf ca node.bundle leaf.pem");
    cr_assert_eq(wtl_ca_create(fixture_path("ca"), "climate", now_s, &error), WTL_OK, "%s",
                 error.text);
    cr_assert_eq(wtl_ca_issue(fixture_path("ca"), &request, now_s, &bundle, &clamped, &error),
                 WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_bundle_write(fixture_path("node.bundle"), &bundle, &error), WTL_OK, "%s",
                 error.text);
    wtl_bundle_deinit(&bundle);
    run("openssl x509 -in node.bundle -out leaf.pem");
}

static void verify_at(int64_t now_s)
{
    char command[300];
    static const char *const purposes[] = {"sslserver", "sslclient"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(command, sizeof command,
                       "openssl verify -x509_strict -purpose %s -attime %lld -CAfile ca/root.pem "
                       "-untrusted ca/issuing.pem leaf.pem",
                       purposes[i], (long long)now_s);
        run(command);
    }
    (void)snprintf(command, sizeof command,
                   "openssl verify -x509_strict -attime %lld -CAfile ca/root.pem ca/root.pem "
                   "ca/issuing.pem",
                   (long long)now_s);
    run(command);
}

Test(certs_strict, I03_openssl_verifies_all_of_it)
{
    make(NOW_S, NULL, 0);
    verify_at(NOW_S);
    /* the same without an intermediate, or with another root, is refused, so the check can fail */
    cr_expect_neq(fixture_run(output, sizeof output,
                              "openssl verify -x509_strict -attime %lld -CAfile ca/root.pem "
                              "leaf.pem",
                              (long long)NOW_S),
                  0);
    /* a host beside the URI */
    static const char *const hosts[] = {"edge-1.example", "192.0.2.7", "2001:db8::7"};
    for (size_t i = 0; i < 3; i++) {
        make(NOW_S, hosts[i], 0);
        verify_at(NOW_S);
    }
}

/* Ends after 2049 are a GeneralizedTime. */
Test(certs_strict, I03_openssl_verifies_after_2049)
{
    int64_t now_s = INT64_C(2500000000); /* 2049-03 */
    make(now_s, NULL, 300);
    verify_at(now_s);
    run("openssl x509 -in leaf.pem -noout -enddate | grep -q 2050");
    run("openssl x509 -in ca/root.pem -noout -enddate | grep -q 2059");
}

/* `openssl x509 -text` of `file` has a line with `word`. */
static void expect_text(const char *file, const char *word)
{
    char command[400];
    (void)snprintf(command, sizeof command,
                   "openssl x509 -in %s -noout -text > text && grep -qzoP '%s' text || { cat text; "
                   "false; }",
                   file, word);
    cr_expect_eq(fixture_run(output, sizeof output, "%s", command), 0, "no \"%s\" in %s", word,
                 output);
}

Test(certs_strict, I03_openssl_reads_what_was_meant)
{
    make(NOW_S, "edge-1.example", 0);
    expect_text("leaf.pem", "Version: 3 ");
    expect_text("leaf.pem", "Serial Number:\\n +[89a-f][0-9a-f](:[0-9a-f]{2}){15}\\n");
    expect_text("leaf.pem", "Signature Algorithm: ecdsa-with-SHA256");
    expect_text("leaf.pem", "Issuer: O = climate, CN = issuing CA [0-9a-f]{8}\\n");
    expect_text("leaf.pem", "Subject: O = climate, CN = sensor-1\\n");
    expect_text("leaf.pem", "Not Before: Jan 15 11:55:00 2026 GMT\\n");
    expect_text("leaf.pem", "Not After : Apr 15 12:00:00 2026 GMT\\n");
    expect_text("leaf.pem", "ASN1 OID: prime256v1\\n");
    expect_text("leaf.pem", "Basic Constraints: critical\\n +CA:FALSE\\n");
    expect_text("leaf.pem", "Key Usage: critical\\n +Digital Signature\\n");
    expect_text("leaf.pem", "Extended Key Usage: *\\n +TLS Web Server Authentication, "
                            "TLS Web Client Authentication\\n");
    expect_text("leaf.pem", "Subject Key Identifier: *\\n +[0-9A-F]{2}(:[0-9A-F]{2}){19}\\n");
    expect_text("leaf.pem", "Authority Key Identifier: *\\n +[0-9A-F]{2}(:[0-9A-F]{2}){19}\\n");
    expect_text("leaf.pem", "Subject Alternative Name: *\\n "
                            "+URI:spiffe://climate/default/device/sensor-1, DNS:edge-1.example\\n");
    expect_text("ca/issuing.pem", "Basic Constraints: critical\\n +CA:TRUE, pathlen:0\\n");
    expect_text("ca/issuing.pem", "Key Usage: critical\\n +Certificate Sign, CRL Sign\\n");
    expect_text("ca/issuing.pem", "Not After : Jan 15 12:00:00 2027 GMT\\n");
    expect_text("ca/root.pem", "Basic Constraints: critical\\n +CA:TRUE, pathlen:1\\n");
    expect_text("ca/root.pem", "Key Usage: critical\\n +Certificate Sign, CRL Sign\\n");
    expect_text("ca/root.pem", "Not After : Jan 13 12:00:00 2036 GMT\\n");
    expect_text("ca/root.pem", "Subject Alternative Name: *\\n +URI:spiffe://climate\\n");
    run("openssl x509 -in leaf.pem -noout -checkhost edge-1.example | grep -q 'does match'");
    run("openssl x509 -in leaf.pem -noout -text | grep -c 'URI:' | grep -qx 1");
}

/* The bundle is PEM that other tools read: its key is valid and belongs to its first certificate.
 */
Test(certs_strict, I02_openssl_reads_the_bundle)
{
    make(NOW_S, NULL, 0);
    run("openssl pkey -in node.bundle -check -noout | grep -q 'Key is valid'");
    run("openssl pkey -in node.bundle -pubout > a && openssl x509 -in node.bundle -noout -pubkey > "
        "b "
        "&& cmp a b");
    run("openssl pkey -in ca/root.key -pubout > a && openssl x509 -in ca/root.pem -noout -pubkey > "
        "b "
        "&& cmp a b");
}

/* A leaf of openssl under an own CA, with the key that openssl wrote, is a good bundle as well. */
Test(certs_strict, I03_bundle_made_by_openssl_is_read)
{
    struct wtl_bundle bundle;
    struct wtl_error error = {0};
    make(time(NULL), NULL, 0);
    run("openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout k.pem -subj "
        "/CN=gw-1 -out r.pem && printf 'basicConstraints=critical,CA:FALSE\\nkeyUsage=critical,"
        "digitalSignature\\nextendedKeyUsage=serverAuth,clientAuth\\nsubjectAltName="
        "URI:spiffe://climate/t1/edge/gw-1\\nauthorityKeyIdentifier=keyid\\n' > ext && openssl "
        "x509 "
        "-req -in r.pem -CA ca/issuing.pem -CAkey ca/issuing.key -CAcreateserial -sha384 -days 9 "
        "-extfile ext -out made.pem");
    run("e=$(date -u -d \"$(openssl x509 -in made.pem -noout -enddate | cut -d= -f2)\" "
        "+%Y-%m-%dT%H:%M:%SZ) && (printf 'wattle-bundle 1\\nname: gw-1\\nlayer: edge\\nmesh: "
        "climate\\n"
        "tenant: t1\\nexpires: %s\\n\\n' $e; cat k.pem made.pem ca/issuing.pem ca/root.pem) > "
        "own.bundle "
        "&& chmod 600 own.bundle");
    cr_assert_eq(wtl_bundle_read(fixture_path("own.bundle"), &bundle, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_str_eq(bundle.identity.name, "gw-1");
    cr_expect_eq(bundle.identity.layer, WTL_LAYER_EDGE);
    wtl_bundle_deinit(&bundle);
}
