/*
 * weak_test.c - chains whose algorithms are too weak. They are made by the openssl command, because
 * wattle's own code makes none of them.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "certs/key.h"
#include "tls_foreign.h"

static struct kit_ca ca;

static void set_up(void)
{
    ca = kit_ca_make();
}

static void tear_down(void)
{
    kit_ca_free(&ca);
}

TestSuite(tls_weak, .init = set_up, .fini = tear_down);

/* Makes, with openssl: a good P-256 root, an issuing CA, and a node key that this CA has signed. */
static void weak_chain(const char *ca_key, const char *ca_digest, const char *leaf_digest,
                       const char *node_key, const char *word)
{
    char script[3000];
    static const char *const names[] = {"root.der", "ca.der", "leaf.der", "key.der"};
    struct wtl_der files[4];
    (void)snprintf(
        script, sizeof script,
        "P='ec -pkeyopt ec_paramgen_curve:P-256'\n"
        "openssl req -x509 -newkey $P -nodes -keyout root.key -outform DER -out root.der "
        "-subj /O=climate/CN=root -addext keyUsage=critical,keyCertSign\n"
        "openssl x509 -inform DER -in root.der -out root.pem\n"
        "openssl req -newkey %s -nodes -keyout ca.key -out ca.csr -subj /O=climate/CN=ca\n"
        "printf '%%s\\n' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign >ca.ext\n"
        "openssl x509 -req -%s -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 "
        "-extfile ca.ext -out ca.pem\n"
        "openssl x509 -in ca.pem -outform DER -out ca.der\n"
        "openssl req -newkey %s -nodes -keyout key.pem -out leaf.csr -subj /O=climate/CN=edge-2\n"
        "printf '%%s\\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature "
        "extendedKeyUsage=serverAuth,clientAuth "
        "subjectAltName=URI:spiffe://climate/default/edge/edge-2 >leaf.ext\n"
        "openssl x509 -req -%s -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
        "-extfile leaf.ext -outform DER -out leaf.der\n"
        "openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der\n",
        ca_key, ca_digest, node_key, leaf_digest);
    foreign_openssl(script, names, 4, files);
    const struct wtl_der *chain[] = {&files[2], &files[1], NULL};
    struct wtl_tls_context *bad = kit_context_take(kit_bundle(&files[3], chain, &ca.root.cert));
    /* a good node that trusts this root, so that only the algorithm is wrong */
    struct kit_spec spec = kit_node_spec("edge-1", "spiffe://climate/default/edge/edge-1");
    struct kit_signer leaf = kit_make(&spec, &ca.issuing);
    const struct wtl_der *own[] = {&leaf.cert, &ca.issuing.cert, NULL};
    struct wtl_tls_context *judge = kit_context_take(kit_bundle(&leaf.key, own, &files[0]));
    struct kit_pair pair = kit_pair_make(bad, judge, NULL);
    if (word == NULL) {
        kit_shake(&pair, SIZE_MAX);
        cr_assert(wtl_tls_is_ready(pair.accept), "%s", wtl_tls_error(pair.accept));
    } else {
        kit_expect_refused(&pair, pair.accept, word);
    }
    kit_pair_free(&pair);
    kit_signer_free(&leaf);
    wtl_tls_context_destroy(bad);
    wtl_tls_context_destroy(judge);
    for (size_t i = 0; i < 4; i++) {
        wtl__der_free(&files[i]);
    }
}

#define P256 "ec -pkeyopt ec_paramgen_curve:P-256"

Test(tls_weak, X032_the_same_chain_with_good_algorithms_is_accepted)
{
    weak_chain(P256, "sha256", "sha256", P256, NULL);
}

Test(tls_weak, X032_a_chain_with_sha1)
{
    weak_chain(P256, "sha1", "sha256", P256, "weak_signature");
    weak_chain(P256, "sha256", "sha1", P256, "weak_signature");
}

Test(tls_weak, X032_an_rsa_1024_issuer)
{
    weak_chain("rsa:1024", "sha256", "sha256", P256, "weak_signature");
}

Test(tls_weak, X032_a_root_that_is_not_p256_is_refused_at_start_up)
{
    static const char script[] =
        "openssl req -x509 -newkey rsa:1024 -nodes -keyout key.pem -outform DER -out root.der "
        "-subj /O=climate/CN=root -addext keyUsage=critical,keyCertSign\n";
    static const char *const names[] = {"root.der"};
    struct wtl_der root;
    foreign_openssl(script, names, 1, &root);
    struct kit_spec spec = kit_node_spec("edge-1", "spiffe://climate/default/edge/edge-1");
    struct kit_signer leaf = kit_make(&spec, &ca.issuing);
    const struct wtl_der *chain[] = {&leaf.cert, &ca.issuing.cert, NULL};
    struct wtl_bundle bundle = kit_bundle(&leaf.key, chain, &root);
    struct wtl_tls_context *context;
    struct wtl_error error = {0};
    cr_assert_eq(wtl_tls_context_create(&bundle, &context, &error), WTL_IDENTITY);
    cr_assert_null(context);
    cr_assert_str_not_empty(error.text);
    wtl_bundle_deinit(&bundle);
    kit_signer_free(&leaf);
    wtl__der_free(&root);
}
