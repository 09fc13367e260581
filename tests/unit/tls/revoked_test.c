/*
 * revoked_test.c - the gate of a context: revocation lists are asked about each peer, on both
 * sides, in each handshake, and there is nothing to resume that would come around them.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs/key.h"
#include "certs/pem.h"
#include "certs/revoked.h"
#include "tls_kit.h"

/* A judge with a clock of its own. */
struct judge {
    struct wtl_revoked *revoked;
    int64_t now_s;
    unsigned asked;
};

static struct kit_ca ca;
static struct wtl_tls_context *good; /* it has the gate */
static struct judge judge;

static enum wtl_status admit(void *context, const struct wtl_identity *peer, const char **word_out,
                             struct wtl_error *error)
{
    struct judge *self = context;
    self->asked++;
    return wtl_revoked_admit(self->revoked, peer, self->now_s, word_out, error);
}

static void set_up(void)
{
    ca = kit_ca_make();
    good = kit_context(&ca, "edge-1");
    judge = (struct judge){.now_s = (int64_t)time(NULL)};
    wtl_tls_context_gate(good, (struct wtl_tls_gate){.admit = admit, .context = &judge});
}

static void tear_down(void)
{
    wtl_revoked_destroy(judge.revoked);
    wtl_tls_context_destroy(good);
    kit_ca_free(&ca);
}

TestSuite(tls_revoked, .init = set_up, .fini = tear_down);

/* The lists in use name `revoked` (NULL: nobody); `issuer` has signed them, and is below the root
 * or the root itself. */
static void use_list(const struct kit_signer *issuer, const struct wtl_der *revoked)
{
    struct wtl__cert view;
    struct wtl__cert ca_view;
    struct wtl__crl_entry entry = {.at_s = judge.now_s};
    struct wtl_error error = {0};
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    struct wtl_der list;
    char bytes[8192];
    struct wtl__text text = {.bytes = bytes, .capacity = sizeof bytes};
    struct wtl_bundle trust = {.identity = {.mesh = "climate"}, .roots = {ca.root.cert}};
    trust.roots_count = 1;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&issuer->cert), &ca_view, &error), WTL_OK);
    cr_assert_eq(wtl__key_open(&issuer->key, &scalar, point, &error), WTL_OK);
    if (revoked != NULL) {
        cr_assert_eq(wtl__cert_read(wtl__der_view_of(revoked), &view, &error), WTL_OK);
        wtl__crl_serial(view.serial, entry.serial);
    }
    struct wtl__crl_spec spec = {.issuer = ca_view.subject,
                                 .authority_key_id = ca_view.subject_key_id,
                                 .number = 1,
                                 .this_update_s = judge.now_s,
                                 .next_update_s = judge.now_s + KIT_DAY,
                                 .entries = &entry,
                                 .count = revoked != NULL ? 1 : 0};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &list, &error), WTL_OK, "%s", error.text);
    wtl__pem_put(&text, WTL__PEM_CERT, &issuer->cert);
    wtl__pem_put(&text, WTL__PEM_CRL, &list);
    wtl__der_free(&list);
    wtl_revoked_destroy(judge.revoked);
    cr_assert_eq(wtl_revoked_parse(bytes, text.size, "list", &trust, &judge.revoked, &error),
                 WTL_OK, "%s", error.text);
}

static struct wtl_tls_context *peer_of(struct kit_signer *leaf_out)
{
    struct kit_spec spec = kit_node_spec("edge-2", "spiffe://climate/default/edge/edge-2");
    *leaf_out = kit_make(&spec, &ca.issuing);
    const struct wtl_der *chain[] = {&leaf_out->cert, &ca.issuing.cert, NULL};
    return kit_context_take(kit_bundle(&leaf_out->key, chain, &ca.root.cert));
}

/* Shows `peer` to the node with the gate, in both roles. */
static void refused_as(struct wtl_tls_context *peer, const char *word, const char *text)
{
    struct kit_pair pair = kit_pair_make(peer, good, NULL);
    kit_expect_refused(&pair, pair.accept, word);
    cr_expect_not_null(strstr(wtl_tls_error(pair.accept), text), "%s", wtl_tls_error(pair.accept));
    cr_expect_str_eq(wtl_tls_error_word(pair.dial), "peer_refused");
    kit_pair_free(&pair);
    pair = kit_pair_make(good, peer, NULL);
    kit_expect_refused(&pair, pair.dial, word);
    cr_expect_str_eq(wtl_tls_error_word(pair.accept), "peer_refused");
    cr_assert_not(wtl_tls_is_ready(pair.accept), "refused before it could speak");
    kit_pair_free(&pair);
}

static void let_in(struct wtl_tls_context *peer)
{
    struct kit_pair pair = kit_pair_up(peer, good);
    kit_pair_free(&pair);
    pair = kit_pair_up(good, peer);
    kit_pair_free(&pair);
}

Test(tls_revoked, X027_a_revoked_peer_is_refused_by_either_side)
{
    struct kit_signer leaf;
    struct kit_signer other_leaf;
    struct wtl_tls_context *peer = peer_of(&leaf);
    struct wtl_tls_context *other = peer_of(&other_leaf);
    use_list(&ca.issuing, NULL);
    let_in(peer);
    cr_expect_geq(judge.asked, 2, "each handshake asks");
    use_list(&ca.issuing, &leaf.cert);
    refused_as(peer, "revoked", "the certificate of edge-2 was revoked on");
    let_in(other); /* of the same name, with another certificate */
    wtl_tls_context_destroy(peer);
    wtl_tls_context_destroy(other);
    kit_signer_free(&leaf);
    kit_signer_free(&other_leaf);
}

Test(tls_revoked, X027_no_list_of_its_ca_and_one_that_has_ended_fail_closed)
{
    struct kit_signer leaf;
    struct wtl_tls_context *peer = peer_of(&leaf);
    use_list(&ca.root, NULL);
    refused_as(peer, "crl_missing", "there is no revocation list of the CA");
    use_list(&ca.issuing, NULL);
    judge.now_s += KIT_DAY;
    let_in(peer);
    judge.now_s++;
    refused_as(peer, "crl_stale", "nobody is let in until there is a newer one");
    wtl_tls_context_destroy(peer);
    kit_signer_free(&leaf);
}

/* A server of TLS 1.3 gives tickets when it has heard the client's Finished. This one says nothing
 * then, so the next handshake is a whole one again, in which the certificate is looked at. */
Test(tls_revoked, X037_there_is_no_session_to_resume)
{
    struct kit_signer leaf;
    struct wtl_tls_context *peer = peer_of(&leaf);
    const uint8_t *output;
    use_list(&ca.issuing, NULL);
    struct kit_pair pair = kit_pair_make(peer, good, NULL);
    (void)kit_step(pair.dial);
    (void)kit_move(pair.dial, pair.accept, SIZE_MAX, NULL);
    (void)kit_step(pair.accept);
    (void)kit_move(pair.accept, pair.dial, SIZE_MAX, NULL);
    (void)kit_step(pair.dial);
    cr_assert(wtl_tls_is_ready(pair.dial));
    (void)kit_move(pair.dial, pair.accept, SIZE_MAX, NULL);
    cr_assert_eq(kit_step(pair.accept), WTL_LATER);
    cr_assert(wtl_tls_is_ready(pair.accept), "%s", wtl_tls_error(pair.accept));
    cr_expect_eq(wtl_tls_output(pair.accept, &output), 0, "a ticket, or something else");
    cr_expect_eq(kit_step(pair.dial), WTL_LATER);
    kit_pair_free(&pair);
    use_list(&ca.issuing, &leaf.cert);
    refused_as(peer, "revoked", "the certificate of edge-2 was revoked on");
    wtl_tls_context_destroy(peer);
    kit_signer_free(&leaf);
}
