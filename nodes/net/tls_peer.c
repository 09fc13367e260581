/*
 * tls_peer.c - is the peer who it must be? The verify callback, and the judgement that is made in
 * it and once more when the handshake is over.
 *
 * Twice, because a peer with the wrong identity should get an alert and no proof of ours, but
 * whether a library calls that callback at all depends on how it was built.
 *
 * Thread: that of the engine. Owns: the copy of the peer's certificate belongs to the engine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls_chain.h"
#include "tls_engine.h"
#include "tls_error.h"

void wtl__tls_refuse(struct wtl_tls *tls, enum wtl_status status, const char *word,
                     const char *text)
{
    if (tls->word == NULL) {
        tls->reason = status;
        tls->word = word;
        tls->text = strdup(text);
    }
}

bool wtl__tls_judge(struct wtl_tls *tls)
{
    struct wtl_error error = {0};
    struct wtl_identity *peer = &tls->peer;
    if (tls->leaf.bytes == NULL) {
        wtl__tls_refuse(tls, WTL_IDENTITY, "no_certificate", "the peer has shown no certificate");
        return false;
    }
    if (wtl_identity_check(tls->leaf.bytes, tls->leaf.size, peer, &error) != WTL_OK) {
        wtl__tls_refuse(tls, WTL_IDENTITY, "bad_identity", error.text);
        return false;
    }
    if (strcmp(peer->mesh, tls->context->mesh) != 0) {
        (void)wtl_fail(&error, WTL_IDENTITY, "expected a node of mesh %s, but %s of mesh %s came",
                       tls->context->mesh, peer->name, peer->mesh);
        wtl__tls_refuse(tls, WTL_IDENTITY, "wrong_mesh", error.text);
        return false;
    }
    if (tls->expected != NULL && strcmp(peer->name, tls->expected) != 0) {
        (void)wtl_fail(&error, WTL_IDENTITY, "expected node %s, but %s answered at this address",
                       tls->expected, peer->name);
        wtl__tls_refuse(tls, WTL_IDENTITY, "name_mismatch", error.text);
        return false;
    }
    const struct wtl_tls_gate *gate = &tls->context->gate;
    const char *word = "refused";
    if (gate->admit != NULL && gate->admit(gate->context, peer, &word, &error) != WTL_OK) {
        wtl__tls_refuse(tls, WTL_IDENTITY, word, error.text);
        return false;
    }
    return true;
}

static bool keep_leaf(struct wtl_tls *tls, const struct wtl_der *leaf)
{
    free(tls->leaf.bytes);
    tls->leaf.size = 0;
    tls->leaf.bytes = malloc(leaf->size);
    if (tls->leaf.bytes == NULL) {
        wtl__tls_refuse(tls, WTL_NO_MEMORY, "no_memory", "no memory for the peer's certificate");
        return false;
    }
    memcpy(tls->leaf.bytes, leaf->bytes, leaf->size);
    tls->leaf.size = leaf->size;
    return true;
}

/* What the library found in one certificate of a chain. It goes on with the next one, and its last
 * error is often only that this one was missing. */
static void note_bad_chain(struct wtl_tls *tls, const WOLFSSL_X509_STORE_CTX *store)
{
    struct wtl__tls_reason reason = wtl__tls_reason_of(store->error);
    char text[300];
    if (reason.status != WTL_PROTOCOL) {
        (void)snprintf(text, sizeof text, "%s (certificate %d of %d, error %d)", reason.text,
                       store->error_depth + 1, store->totalCerts, store->error);
        wtl__tls_refuse(tls, reason.status, reason.word, text);
    }
}

/* Called for the leaf of a chain that is good, and for anything that is not; a 1 would overrule the
 * library, so that it is returned only for what the library has found good. */
int wtl__tls_on_verify(int chain_is_good, WOLFSSL_X509_STORE_CTX *store)
{
    struct wtl_tls *tls = store->userCtx;
    if (tls == NULL) {
        return 0;
    }
    if (chain_is_good != 1) {
        note_bad_chain(tls, store);
        return 0;
    }
    if (store->error_depth != 0) {
        return 1;
    }
    if (store->totalCerts <= 0 || store->certs[0].length == 0) {
        wtl__tls_refuse(tls, WTL_IDENTITY, "no_certificate", "the peer has shown no certificate");
        return 0;
    }
    struct wtl_der chain[WTL_CHAIN_MAX] = {{0}};
    size_t count = (size_t)store->totalCerts;
    for (size_t i = 0; i < count && i < WTL_CHAIN_MAX; i++) {
        chain[i] = (struct wtl_der){store->certs[i].buffer, store->certs[i].length};
    }
    const char *word = NULL;
    struct wtl_error error = {0};
    if (wtl__tls_chain_check(chain, count, tls->context->subjects, tls->context->subjects_count,
                             &word, &error) != WTL_OK) {
        wtl__tls_refuse(tls, WTL_IDENTITY, word, error.text);
        return 0;
    }
    return keep_leaf(tls, &chain[0]) && wtl__tls_judge(tls) ? 1 : 0;
}
