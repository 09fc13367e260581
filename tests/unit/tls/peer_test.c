/*
 * peer_test.c - peers whose certificates are bad, each in one way. Both sides are tried, because
 * each verifies on its own.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certs/key.h"
#include "tls_foreign.h"

static struct kit_ca ca;
static struct wtl_tls_context *good;

static void set_up(void)
{
    ca = kit_ca_make();
    good = kit_context(&ca, "edge-1");
}

static void tear_down(void)
{
    wtl_tls_context_destroy(good);
    kit_ca_free(&ca);
}

TestSuite(tls_peer, .init = set_up, .fini = tear_down);

/* The other side learns that it was refused and by whom, if an alert could be sent. */
static void expect_told(const struct wtl_tls *refused)
{
    cr_assert_str_eq(wtl_tls_error_word(refused), "peer_refused", "told %s: %s",
                     wtl_tls_error_word(refused), wtl_tls_error(refused));
}

/* Takes `bad`, the context of a bad peer, and shows it to a good node in both roles. */
static void refused_as(struct wtl_tls_context *bad, const char *word)
{
    struct kit_pair pair = kit_pair_make(bad, good, NULL);
    kit_expect_refused(&pair, pair.accept, word);
    expect_told(pair.dial);
    kit_pair_free(&pair);
    pair = kit_pair_make(good, bad, NULL);
    kit_expect_refused(&pair, pair.dial, word);
    expect_told(pair.accept);
    cr_assert_not(wtl_tls_is_ready(pair.accept));
    kit_pair_free(&pair);
    wtl_tls_context_destroy(bad);
}

static struct kit_spec node(void)
{
    return kit_node_spec("edge-2", "spiffe://climate/default/edge/edge-2");
}

/* A context whose certificate `signer` made by `spec`; the chain goes on with `second`, `third`. */
static struct wtl_tls_context *signed_by(const struct kit_signer *signer, struct kit_spec spec,
                                         const struct wtl_der *second, const struct wtl_der *third)
{
    struct kit_signer leaf = kit_make(&spec, signer);
    const struct wtl_der *chain[] = {&leaf.cert, second, second != NULL ? third : NULL, NULL};
    struct wtl_tls_context *context = kit_context_take(kit_bundle(&leaf.key, chain, &ca.root.cert));
    kit_signer_free(&leaf);
    return context;
}

Test(tls_peer, X022_expired_and_not_yet_valid)
{
    int64_t now = (int64_t)time(NULL);
    struct kit_spec spec = node();
    spec.not_before_s = now - 2 * KIT_DAY;
    spec.not_after_s = now - 60;
    refused_as(kit_context_of(&ca, &spec), "expired");
    spec.not_before_s = now + 3600;
    spec.not_after_s = now + KIT_DAY;
    refused_as(kit_context_of(&ca, &spec), "not_yet_valid");
}

Test(tls_peer, X022_an_expired_issuer)
{
    struct kit_spec issuer = kit_ca_spec("old");
    issuer.not_before_s -= 3 * KIT_DAY;
    issuer.not_after_s = (int64_t)time(NULL) - 60;
    struct kit_signer old = kit_make(&issuer, &ca.root);
    refused_as(signed_by(&old, node(), &old.cert, NULL), "expired");
    kit_signer_free(&old);
}

Test(tls_peer, X023_another_ca)
{
    struct kit_ca other = kit_ca_make();
    refused_as(signed_by(&other.issuing, node(), &other.issuing.cert, NULL), "wrong_ca");
    /* with the other root in the chain, which changes nothing */
    refused_as(signed_by(&other.issuing, node(), &other.issuing.cert, &other.root.cert),
               "wrong_ca");
    kit_ca_free(&other);
}

Test(tls_peer, X023_self_signed)
{
    refused_as(signed_by(NULL, node(), NULL, NULL), "wrong_ca");
}

Test(tls_peer, X023_a_leaf_that_signs)
{
    struct kit_spec spec = node();
    struct kit_signer leaf = kit_make(&spec, &ca.issuing);
    refused_as(signed_by(&leaf, node(), &leaf.cert, &ca.issuing.cert), "wrong_ca");
    kit_signer_free(&leaf);
}

/* The library remembers an intermediate that another peer has shown; ours is not satisfied. */
Test(tls_peer, X023_missing_intermediate)
{
    refused_as(signed_by(&ca.issuing, node(), NULL, NULL), "wrong_ca");
    struct wtl_tls_context *complete = kit_context(&ca, "edge-3");
    struct kit_pair pair = kit_pair_up(complete, good);
    kit_pair_free(&pair);
    pair = kit_pair_up(good, complete);
    kit_pair_free(&pair);
    refused_as(signed_by(&ca.issuing, node(), NULL, NULL), "wrong_ca");
    wtl_tls_context_destroy(complete);
}

Test(tls_peer, X023_an_issuer_with_the_right_name_and_another_key)
{
    struct kit_ca other = kit_ca_make();
    /* the leaf is signed by a false "issuing", and the true one is sent along */
    refused_as(signed_by(&other.issuing, node(), &ca.issuing.cert, NULL), "wrong_ca");
    kit_ca_free(&other);
}

Test(tls_peer, X024_wrong_or_no_extended_key_usage)
{
    struct kit_spec spec = node();
    spec.purposes = 0;
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
    /* the library refuses what does not fit the role, the gate what fits one role only */
    spec.purposes = WTL__PURPOSE_SERVER;
    struct wtl_tls_context *bad = kit_context_of(&ca, &spec);
    struct kit_pair pair = kit_pair_make(bad, good, NULL);
    kit_expect_refused(&pair, pair.accept, "wrong_usage");
    kit_pair_free(&pair);
    pair = kit_pair_make(good, bad, NULL);
    kit_expect_refused(&pair, pair.dial, "bad_identity");
    kit_pair_free(&pair);
    wtl_tls_context_destroy(bad);
    spec.purposes = WTL__PURPOSE_CLIENT;
    bad = kit_context_of(&ca, &spec);
    pair = kit_pair_make(bad, good, NULL);
    kit_expect_refused(&pair, pair.accept, "bad_identity");
    kit_pair_free(&pair);
    pair = kit_pair_make(good, bad, NULL);
    kit_expect_refused(&pair, pair.dial, "wrong_usage");
    kit_pair_free(&pair);
    wtl_tls_context_destroy(bad);
}

Test(tls_peer, X024_wrong_key_usage)
{
    struct kit_spec spec = node();
    spec.usage = WTL__USAGE_SIGN_CRL;
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
    spec.usage = 0;
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
}

Test(tls_peer, X024_a_ca_as_a_node)
{
    struct kit_spec spec = node();
    spec.is_ca = true;
    spec.usage = WTL__USAGE_SIGN | WTL__USAGE_SIGN_CERT;
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
}

Test(tls_peer, X025_another_node_answers)
{
    struct wtl_tls_context *other = kit_context(&ca, "edge-2");
    struct kit_pair pair = kit_pair_make(good, other, "edge-20");
    kit_expect_refused(&pair, pair.dial, "name_mismatch");
    cr_assert_not_null(strstr(wtl_tls_error(pair.dial), "expected node edge-20, but edge-2 "), "%s",
                       wtl_tls_error(pair.dial));
    cr_assert_not(wtl_tls_is_ready(pair.accept), "refused before it could speak");
    expect_told(pair.accept);
    kit_pair_free(&pair);
    pair = kit_pair_make(good, other, "edge-2");
    kit_shake(&pair, SIZE_MAX);
    cr_assert(wtl_tls_is_ready(pair.dial));
    kit_pair_free(&pair);
    wtl_tls_context_destroy(other);
}

Test(tls_peer, X025_a_node_of_another_mesh_of_the_same_ca)
{
    struct kit_spec spec = kit_node_spec("edge-2", "spiffe://weather/default/edge/edge-2");
    refused_as(kit_context_of(&ca, &spec), "wrong_mesh");
}

/* A foreign peer with a certificate that `ca` has issued, or none; and its link to a good node. */
static struct foreign *foreign_node(bool with_certificate, struct wtl_tls **tls_out)
{
    struct kit_spec spec = kit_node_spec("edge-9", "spiffe://climate/default/edge/edge-9");
    struct kit_signer leaf = kit_make(&spec, &ca.issuing);
    const struct wtl_der *chain[] = {&leaf.cert, &ca.issuing.cert, NULL};
    struct foreign *foreign = foreign_dial(with_certificate ? &leaf.key : NULL, chain);
    kit_signer_free(&leaf);
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_ACCEPT, NULL, tls_out), WTL_OK);
    return foreign;
}

Test(tls_peer, X029_no_certificate)
{
    struct wtl_tls *tls;
    uint8_t byte[1];
    size_t got;
    struct foreign *foreign = foreign_node(false, &tls);
    (void)foreign_shake(foreign, tls);
    cr_assert_not(wtl_tls_is_ready(tls));
    cr_assert_null(wtl_tls_peer(tls));
    cr_assert_eq(wtl_tls_read(tls, byte, 1, &got), WTL_IDENTITY);
    cr_assert_str_eq(wtl_tls_error_word(tls), "no_certificate");
    wtl_tls_destroy(tls);
    foreign_free(foreign);
    /* the same peer with a certificate is fine, so it was the certificate that was missed */
    foreign = foreign_node(true, &tls);
    cr_assert(foreign_shake(foreign, tls));
    cr_assert(wtl_tls_is_ready(tls), "%s", wtl_tls_error(tls));
    cr_assert_str_eq(wtl_tls_peer(tls)->name, "edge-9");
    wtl_tls_destroy(tls);
    foreign_free(foreign);
}

Test(tls_peer, X030_two_uris)
{
    struct kit_spec spec = node();
    spec.uris[1] = "spiffe://climate/default/cloud/root";
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
}

Test(tls_peer, X030_a_nul_in_the_uri)
{
    struct kit_spec spec = node();
    static const char uri[] = "spiffe://climate/default/edge/edge-1\0.evil";
    spec.uris[0] = uri;
    spec.uri_sizes[0] = sizeof uri - 1;
    refused_as(kit_context_of(&ca, &spec), "bad_identity");
}

Test(tls_peer, X030_a_wildcard_and_other_forms)
{
    static const char *const uris[] = {
        "spiffe://climate/default/edge/*",         "spiffe://climate/default/edge/",
        "spiffe://climate/default/edge/a/b",       "https://climate/default/edge/edge-2",
        "spiffe://climate/default/boss/edge-2",    "spiffe://climate//edge/edge-2",
        "spiffe://climate/default/edge/edge-2?x",  "spiffe://climate/default/edge/Edge-2",
        "spiffe://climate/default/edge/..%2fedge", "spiffe://user@climate/default/edge/edge-2"};
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct kit_spec spec = kit_node_spec("edge-2", uris[i]);
        refused_as(kit_context_of(&ca, &spec), "bad_identity");
    }
}

/* A peer with a certificate of 64 KiB is cut off by the bound of the handshake. */
Test(tls_peer, X030_a_huge_alternative_name)
{
    static const char script[] =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
        "-outform DER -out cert.der -subj /CN=big "
        "-addext \"subjectAltName=$(seq -f 'DNS:a-name-that-takes-room-%05g.example' -s , 1500)\"\n"
        "openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der\n";
    static const char *const names[] = {"key.der", "cert.der"};
    struct wtl_der files[2];
    foreign_openssl(script, names, 2, files);
    cr_assert_geq(files[1].size, 56u * 1024);
    const struct wtl_der *chain[] = {&files[1], NULL};
    struct wtl_tls *tls;
    struct foreign *foreign = foreign_dial(&files[0], chain);
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_ACCEPT, NULL, &tls), WTL_OK);
    (void)foreign_shake(foreign, tls);
    cr_assert_not(wtl_tls_is_ready(tls));
    cr_assert_str_eq(wtl_tls_error_word(tls), "too_large", "%s", wtl_tls_error(tls));
    wtl_tls_destroy(tls);
    foreign_free(foreign);
    /* and a node that was given such a certificate does not start with it */
    struct wtl_bundle bundle = kit_bundle(&files[0], chain, &ca.root.cert);
    struct wtl_tls_context *context;
    struct wtl_error error = {0};
    cr_assert_eq(wtl_tls_context_create(&bundle, &context, &error), WTL_IDENTITY);
    wtl_bundle_deinit(&bundle);
    wtl__der_free(&files[0]);
    wtl__der_free(&files[1]);
}

/* Three certificates fit; four that are all good, and lead to the root, are too many. */
Test(tls_peer, X033_a_chain_that_is_too_long)
{
    struct kit_spec second = kit_ca_spec("second");
    struct kit_spec third = kit_ca_spec("third");
    struct kit_spec spec = node();
    struct kit_signer b = kit_make(&second, &ca.issuing);
    struct kit_signer c = kit_make(&third, &b);
    struct kit_signer leaf = kit_make(&spec, &c);
    struct wtl_tls_context *fits = signed_by(&b, node(), &b.cert, &ca.issuing.cert);
    struct kit_pair pair = kit_pair_up(fits, good);
    kit_pair_free(&pair);
    wtl_tls_context_destroy(fits);
    const struct wtl_der *chain[] = {&leaf.cert, &c.cert, &b.cert, &ca.issuing.cert, NULL};
    struct wtl_tls *tls;
    struct foreign *foreign = foreign_dial(&leaf.key, chain);
    cr_assert_eq(wtl_tls_create(good, WTL_TLS_ACCEPT, NULL, &tls), WTL_OK);
    (void)foreign_shake(foreign, tls);
    cr_assert_not(wtl_tls_is_ready(tls));
    cr_assert_str_eq(wtl_tls_error_word(tls), "chain_too_long", "%s", wtl_tls_error(tls));
    wtl_tls_destroy(tls);
    foreign_free(foreign);
    /* cut to three it does not lead to the root any more */
    refused_as(signed_by(&c, node(), &c.cert, &b.cert), "wrong_ca");
    kit_signer_free(&leaf);
    kit_signer_free(&c);
    kit_signer_free(&b);
}

/* A chain that runs in a circle ends at its bound like any other. */
Test(tls_peer, X033_a_cycle)
{
    struct kit_spec spec = kit_ca_spec("round");
    struct kit_signer first = kit_make(&spec, NULL);
    struct kit_signer again = kit_make(&spec, &first);
    refused_as(signed_by(&again, node(), &again.cert, &first.cert), "wrong_ca");
    kit_signer_free(&first);
    kit_signer_free(&again);
}

Test(tls_peer, a_key_that_is_not_that_of_the_certificate)
{
    struct kit_spec spec = node();
    struct kit_signer leaf = kit_make(&spec, &ca.issuing);
    struct kit_signer other = kit_make(&spec, &ca.issuing);
    const struct wtl_der *chain[] = {&leaf.cert, &ca.issuing.cert, NULL};
    struct wtl_bundle bundle = kit_bundle(&other.key, chain, &ca.root.cert);
    struct wtl_tls_context *context;
    struct wtl_error error = {0};
    cr_assert_eq(wtl_tls_context_create(&bundle, &context, &error), WTL_IDENTITY);
    wtl_bundle_deinit(&bundle);
    kit_signer_free(&leaf);
    kit_signer_free(&other);
}

/* A peer that asks for answers and takes none of them. */
Test(tls_peer, a_flood_of_key_updates_meets_the_bound_of_the_output)
{
    struct wtl_tls *tls;
    const uint8_t *output;
    struct foreign *foreign = foreign_node(true, &tls);
    cr_assert(foreign_shake(foreign, tls));
    cr_assert_eq(foreign_update_keys(foreign, tls, 100000), WTL_PROTOCOL);
    cr_assert_str_eq(wtl_tls_error_word(tls), "output_full", "%s", wtl_tls_error(tls));
    cr_assert_leq(wtl_tls_output(tls, &output), WTL_TLS_OUTPUT_MAX);
    wtl_tls_destroy(tls);
    foreign_free(foreign);
}
