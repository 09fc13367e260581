/*
 * revoked_read.c - reads the revocation lists of a file and checks who signed them. See revoked.h.
 *
 * Thread: any. Owns: the blocks of the file, until it has been read.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "certs/chain.h"
#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/revoked_private.h"

/* Certificates of CAs that a file may hold: two for each list. */
#define CAS_MAX (2 * WTL_REVOKED_LISTS_MAX)

/* A file's blocks, decoded. */
struct blocks {
    const struct wtl_bundle *trust;
    struct wtl_der cas[CAS_MAX];
    unsigned cas_count;
    struct wtl_der lists[WTL_REVOKED_LISTS_MAX];
    unsigned numbers[WTL_REVOKED_LISTS_MAX]; /* lines, for errors */
    unsigned lists_count;
};

/* ---- the blocks ----------------------------------------------------------------------------- */

static enum wtl_status decode(const struct wtl__pem *pem, size_t capacity, struct wtl_der *der_out,
                              struct wtl_error *error)
{
    *der_out = (struct wtl_der){.bytes = malloc(capacity)};
    if (der_out->bytes == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a block of %zu bytes", capacity);
    }
    return wtl__pem_decode(pem, der_out->bytes, capacity, &der_out->size, error);
}

static enum wtl_status add_block(struct blocks *blocks, const struct wtl__pem *pem,
                                 struct wtl_error *error)
{
    bool is_list = strcmp(pem->label, WTL__PEM_CRL) == 0;
    if (!is_list && strcmp(pem->label, WTL__PEM_CERT) != 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: expected " WTL__PEM_CRL " or " WTL__PEM_CERT ", came %s",
                        pem->number, pem->label);
    }
    unsigned *count = is_list ? &blocks->lists_count : &blocks->cas_count;
    unsigned max = is_list ? WTL_REVOKED_LISTS_MAX : CAS_MAX;
    if (*count == max) {
        return wtl_fail(error, WTL_CONFIG, "line %u: expected %u %s at most, came more",
                        pem->number, max, is_list ? "lists" : "certificates");
    }
    struct wtl_der *place = is_list ? &blocks->lists[*count] : &blocks->cas[*count];
    if (is_list) {
        blocks->numbers[*count] = pem->number;
    }
    (*count)++; /* also when it fails: it is freed with the others */
    return decode(pem, is_list ? pem->body_size + 1 : WTL_CERT_MAX, place, error);
}

static enum wtl_status read_blocks(struct wtl__lines *lines, struct blocks *blocks,
                                   struct wtl_error *error)
{
    struct wtl__pem pem;
    enum wtl_status status;
    while ((status = wtl__pem_next(lines, &pem, error)) == WTL_OK) {
        status = add_block(blocks, &pem, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    if (status == WTL_NOT_FOUND && blocks->lists_count == 0) {
        return wtl_fail(error, WTL_CONFIG, "expected a block " WTL__PEM_CRL " at least, came none");
    }
    return status == WTL_NOT_FOUND ? WTL_OK : status;
}

static void free_blocks(struct blocks *blocks)
{
    for (unsigned i = 0; i < blocks->cas_count; i++) {
        wtl__der_free(&blocks->cas[i]);
    }
    for (unsigned i = 0; i < blocks->lists_count; i++) {
        wtl__der_free(&blocks->lists[i]);
    }
}

/* ---- who signed them ------------------------------------------------------------------------ */

/* All certificates that may have signed something: those of the file, then what is trusted already.
 * NULL at the end. */
static const struct wtl_der *candidate(const struct blocks *blocks, unsigned index, bool *root_out)
{
    const struct wtl_bundle *trust = blocks->trust;
    *root_out = false;
    if (index < blocks->cas_count) {
        return &blocks->cas[index];
    }
    index -= blocks->cas_count;
    if (index < trust->chain_count) {
        return &trust->chain[index];
    }
    index -= trust->chain_count;
    *root_out = true;
    return index < trust->roots_count ? &trust->roots[index] : NULL;
}

static bool may_sign_lists(const struct wtl__cert *cert)
{
    return cert->is_ca && cert->point != NULL && (cert->usage & WTL__USAGE_SIGN_CRL) != 0;
}

static bool signed_by(const struct wtl__crl *crl, const struct wtl__cert *ca)
{
    return may_sign_lists(ca) && wtl__der_equal(crl->issuer, ca->subject) &&
           wtl__der_equal(crl->authority_key_id, ca->subject_key_id) &&
           wtl__p256_verify(ca->point, crl->algorithm, crl->tbs.bytes, crl->tbs.size,
                            crl->signature.bytes, crl->signature.size);
}

/* The CA that signed a certificate, other than a root; NULL when it is not here. */
static const struct wtl_der *issuer_of(const struct blocks *blocks, const struct wtl_der *der)
{
    struct wtl__cert cert;
    struct wtl__cert ca;
    const struct wtl_der *one;
    bool is_root;
    if (wtl__cert_read(wtl__der_view_of(der), &cert, NULL) != WTL_OK) {
        return NULL;
    }
    for (unsigned i = 0; (one = candidate(blocks, i, &is_root)) != NULL && !is_root; i++) {
        if (wtl__cert_read(wtl__der_view_of(one), &ca, NULL) == WTL_OK &&
            wtl__chain_signed_by(&cert, &ca)) {
            return one;
        }
    }
    return NULL;
}

/* Does that CA's certificate lead to a root, over at most as many others as a node's would? */
static enum wtl_status check_ca(const struct blocks *blocks, const struct wtl_der *der,
                                const struct wtl__cert *ca, struct wtl_error *error)
{
    const struct wtl_bundle *trust = blocks->trust;
    struct wtl_der chain[WTL_CHAIN_MAX] = {*der}; /* borrowed, and only read */
    char mesh[WTL_NAME_MAX + 1];
    bool has_mesh;
    if (!wtl__ca_mesh(ca, &has_mesh, mesh) ||
        (has_mesh && strcmp(mesh, trust->identity.mesh) != 0)) {
        return wtl_fail(error, WTL_IDENTITY, "expected a CA of mesh %s, came one of another mesh",
                        trust->identity.mesh);
    }
    for (unsigned count = 1;; count++) {
        enum wtl_status status = wtl__chain_check(chain, count, trust->roots, trust->roots_count,
                                                  trust->identity.mesh, NULL, error);
        const struct wtl_der *above = status == WTL_OK || count == WTL_CHAIN_MAX
                                          ? NULL
                                          : issuer_of(blocks, &chain[count - 1]);
        if (above == NULL) {
            return status;
        }
        chain[count] = *above;
    }
}

/* Finds the CA that signed a list and leads to a root; it may have several certificates. */
static enum wtl_status find_ca(const struct blocks *blocks, const struct wtl__crl *crl,
                               struct wtl__cert *ca_out, struct wtl_error *error)
{
    const struct wtl_der *one;
    char name[WTL__NAME_TEXT];
    bool is_root;
    enum wtl_status status = WTL_NOT_FOUND;
    if (crl->algorithm == WTL__SIGNATURE_OTHER) {
        return wtl_fail(error, WTL_IDENTITY,
                        "expected a signature of ECDSA with SHA-256 or better, came another");
    }
    for (unsigned i = 0; status != WTL_OK && (one = candidate(blocks, i, &is_root)) != NULL; i++) {
        if (wtl__cert_read(wtl__der_view_of(one), ca_out, NULL) == WTL_OK &&
            signed_by(crl, ca_out)) {
            status = is_root ? WTL_OK : check_ca(blocks, one, ca_out, error);
        }
    }
    if (status != WTL_NOT_FOUND) {
        return status;
    }
    return wtl_fail(error, WTL_IDENTITY,
                    "expected the signature of \"%s\" and, in this file or in the bundle, the "
                    "certificate of that CA; came none that fits",
                    wtl__name_text(crl->issuer, name));
}

/* ---- one list ------------------------------------------------------------------------------- */

static enum wtl_status copy_entries(const struct wtl__crl *crl, struct wtl__list_of_ca *list,
                                    struct wtl_error *error)
{
    struct wtl__der_view in = crl->entries;
    if (crl->count == 0) {
        return WTL_OK;
    }
    list->entries = calloc(crl->count, sizeof *list->entries);
    if (list->entries == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for %zu entries", crl->count);
    }
    while (list->count < crl->count && wtl__crl_next(&in, &list->entries[list->count])) {
        list->count++;
    }
    qsort(list->entries, list->count, sizeof *list->entries, wtl__revoked_compare);
    return WTL_OK;
}

static enum wtl_status add_list(struct wtl_revoked *revoked, const struct blocks *blocks,
                                const struct wtl_der *der, struct wtl_error *error)
{
    struct wtl__crl crl;
    struct wtl__cert ca;
    struct wtl__list_of_ca *list = &revoked->lists[revoked->count];
    enum wtl_status status = wtl__crl_read(wtl__der_view_of(der), &crl, error);
    if (status == WTL_OK) {
        status = find_ca(blocks, &crl, &ca, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    wtl__name_hash(crl.issuer, list->issuer);
    (void)wtl__name_text(crl.issuer, list->name);
    if (wtl__revoked_find(revoked, list->issuer) != NULL) {
        return wtl_fail(error, WTL_IDENTITY, "expected one list of each CA, came two of \"%s\"",
                        list->name);
    }
    list->number = crl.number;
    list->this_update_s = crl.this_update_s;
    list->next_update_s = crl.next_update_s;
    (void)crypto_generichash(list->digest, sizeof list->digest, der->bytes, der->size, NULL, 0);
    wtl__name_hash(ca.issuer, list->ca_issuer);
    wtl__crl_serial(ca.serial, list->ca_serial);
    list->ca_not_after_s = ca.not_after_s;
    revoked->count++;
    return copy_entries(&crl, list, error);
}

/* ---- the file ------------------------------------------------------------------------------- */

static enum wtl_status parse(const char *text, size_t size, struct blocks *blocks,
                             struct wtl_revoked *revoked, struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    enum wtl_status status =
        size <= WTL_REVOKED_FILE_MAX
            ? read_blocks(&lines, blocks, error)
            : wtl_fail(error, WTL_CONFIG, "expected %u bytes at most, came %zu",
                       WTL_REVOKED_FILE_MAX, size);
    for (unsigned i = 0; i < blocks->lists_count && status == WTL_OK; i++) {
        status = add_list(revoked, blocks, &blocks->lists[i], error);
        if (status != WTL_OK) {
            status = wtl_while(error, status, "list at line %u", blocks->numbers[i]);
        }
    }
    return status;
}

enum wtl_status wtl_revoked_parse(const char *text, size_t size, const char *where,
                                  const struct wtl_bundle *trust, struct wtl_revoked **revoked_out,
                                  struct wtl_error *error)
{
    struct wtl_revoked *revoked = calloc(1, sizeof *revoked);
    struct blocks blocks = {.trust = trust};
    *revoked_out = NULL;
    if (revoked == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "%s: no memory", where);
    }
    enum wtl_status status = parse(text, size, &blocks, revoked, error);
    free_blocks(&blocks);
    if (status != WTL_OK) {
        wtl_revoked_destroy(revoked);
        return wtl_while(error, status, "%s", where);
    }
    *revoked_out = revoked;
    return WTL_OK;
}

enum wtl_status wtl_revoked_read(const char *path, const struct wtl_bundle *trust,
                                 struct wtl_revoked **revoked_out, struct wtl_error *error)
{
    struct wtl_der text;
    *revoked_out = NULL;
    enum wtl_status status =
        wtl__file_read(path, WTL__FILE_ANY, WTL_REVOKED_FILE_MAX, &text, NULL, error);
    if (status != WTL_OK) {
        return status;
    }
    status =
        wtl_revoked_parse((const char *)text.bytes, text.size, path, trust, revoked_out, error);
    wtl__der_wipe(&text);
    return status;
}
