/*
 * ca_revoke.c - revokes certificates of a CA: finds them, and signs the lists that say so.
 *
 * revoked.crl is all that is kept: what it says is read back, added to and signed again. Every
 * issuing CA that is still valid, the present one and former ones, signs the same set: serial
 * numbers are random, so nobody has to know which of them has issued which.
 *
 * Thread: any; one at a time for one folder, which the folder's lock sees to. Owns: nothing between
 * calls.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "certs/ca_folder.h"
#include "certs/ca_rows.h"
#include "certs/chain.h"
#include "certs/civil.h"
#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/revoked.h"

#define DAY_S INT64_C(86400)

/* The issuing CAs that sign: the present one first. */
#define SIGNERS_MAX (1 + WTL__CA_FORMER_MAX)
_Static_assert(SIGNERS_MAX <= WTL_REVOKED_LISTS_MAX, "what a CA writes, its nodes can read");

struct job {
    struct wtl__ca_folder folder;
    int64_t now_s;
    struct wtl__authority root; /* without its key */
    struct wtl__authority signers[SIGNERS_MAX];
    unsigned signers_count;
    struct wtl__ca_rows rows;
    uint64_t number; /* of the list that is there, 0: none */
    int64_t this_update_s;
    int64_t next_update_s;
};

static void job_deinit(struct job *job)
{
    wtl__authority_deinit(&job->root);
    for (unsigned i = 0; i < job->signers_count; i++) {
        wtl__authority_deinit(&job->signers[i]);
    }
    wtl__ca_rows_deinit(&job->rows);
}

/* The same CA twice is what a renewal has left that did not come to its end. */
static bool is_known(const struct job *job, const struct wtl__authority *former)
{
    for (unsigned i = 0; i < job->signers_count; i++) {
        const struct wtl_der *cert = &job->signers[i].cert;
        if (wtl__der_equal(wtl__der_view_of(cert), wtl__der_view_of(&former->cert))) {
            return true;
        }
    }
    return false;
}

static enum wtl_status load_signers(struct job *job, struct wtl_error *error)
{
    enum wtl_status status =
        wtl__ca_load_both(&job->folder, true, &job->root, &job->signers[0], error);
    job->signers_count = 1;
    for (unsigned i = 0; i < WTL__CA_FORMER_MAX && status == WTL_OK; i++) {
        struct wtl__authority former;
        bool found;
        status = wtl__ca_load_former(&job->folder, i, job->now_s, &found, &former, error);
        if (status == WTL_OK && found && !is_known(job, &former)) {
            job->signers[job->signers_count++] = former;
        } else {
            wtl__authority_deinit(&former);
        }
    }
    return status;
}

/* ---- the list that is there ------------------------------------------------------------------ */

static enum wtl_status take_lists(struct job *job, const struct wtl_revoked *revoked,
                                  struct wtl_error *error)
{
    struct wtl__revoked_list list;
    for (unsigned i = 0; wtl__revoked_list(revoked, i, &list); i++) {
        if (list.number >= job->number) {
            job->number = list.number;
            job->this_update_s = list.this_update_s;
            job->next_update_s = list.next_update_s;
        }
        for (size_t j = 0; j < list.count; j++) {
            enum wtl_status status = wtl__ca_rows_take(&job->rows, &list.entries[j], error);
            if (status != WTL_OK) {
                return status;
            }
        }
        wtl__ca_rows_sort(&job->rows);
    }
    return WTL_OK;
}

static enum wtl_status read_lists(struct job *job, struct wtl_error *error)
{
    /* borrowed; a list of a former CA comes with the certificate of that */
    struct wtl_bundle trust = {.chain = {job->signers[0].cert},
                               .chain_count = 1,
                               .roots = {job->root.cert},
                               .roots_count = 1};
    struct wtl_revoked *revoked = NULL;
    const char *path = job->folder.of[WTL__CA_REVOKED];
    memcpy(trust.identity.mesh, job->root.mesh, sizeof trust.identity.mesh);
    if (!wtl__ca_is_there(path)) {
        return WTL_OK;
    }
    enum wtl_status status = wtl_revoked_read(path, &trust, &revoked, error);
    if (status == WTL_OK) {
        status = take_lists(job, revoked, error);
    }
    wtl_revoked_destroy(revoked);
    return status;
}

/* ---- a certificate in a file ----------------------------------------------------------------- */

/* The first certificate of a PEM file, whatever stands before it (a bundle's head and key do). */
static enum wtl_status decode_first(struct wtl__lines *lines, struct wtl_der *der_out,
                                    struct wtl_error *error)
{
    static const char begin[] = "-----BEGIN " WTL__PEM_CERT "-----";
    uint8_t bytes[WTL_CERT_MAX];
    struct wtl__lines ahead = *lines;
    struct wtl__pem pem;
    const char *line;
    size_t line_size;
    size_t size = 0;
    while (wtl__line_next(&ahead, &line, &line_size)) {
        if (line_size == sizeof begin - 1 && memcmp(line, begin, line_size) == 0) {
            enum wtl_status status = wtl__pem_next(lines, &pem, error);
            if (status == WTL_OK) {
                status = wtl__pem_decode(&pem, bytes, sizeof bytes, &size, error);
            }
            return status == WTL_OK ? wtl__der_copy(bytes, size, der_out) : status;
        }
        *lines = ahead;
    }
    return wtl_fail(error, WTL_CONFIG,
                    "expected a bundle or a certificate (PEM or DER), came "
                    "neither");
}

static enum wtl_status read_cert(const char *path, struct wtl_der *der_out, struct wtl_error *error)
{
    struct wtl_der text;
    *der_out = (struct wtl_der){0};
    enum wtl_status status =
        wtl__file_read(path, WTL__FILE_ANY, WTL_BUNDLE_MAX, &text, NULL, error);
    if (status != WTL_OK) {
        return status;
    }
    struct wtl__lines lines = {.at = (const char *)text.bytes, .left = text.size};
    status = text.bytes[0] == WTL__DER_SEQUENCE ? wtl__der_copy(text.bytes, text.size, der_out)
                                                : decode_first(&lines, der_out, error);
    wtl__der_wipe(&text);
    return status;
}

static bool is_ours(const struct job *job, const struct wtl__cert *cert)
{
    for (unsigned i = 0; i < job->signers_count; i++) {
        struct wtl__cert ca;
        if (wtl__cert_read(wtl__der_view_of(&job->signers[i].cert), &ca, NULL) == WTL_OK &&
            wtl__chain_signed_by(cert, &ca)) {
            return true;
        }
    }
    return false;
}

static enum wtl_status revoke_file(struct job *job, const char *path, struct wtl_error *error)
{
    struct wtl_der der;
    struct wtl__cert cert;
    struct wtl__issued issued = {0};
    char name[WTL__NAME_TEXT];
    char end[WTL__CIVIL_TEXT];
    struct wtl_identity identity;
    enum wtl_status status = read_cert(path, &der, error);
    if (status == WTL_OK) {
        status = wtl__cert_read(wtl__der_view_of(&der), &cert, error);
    }
    if (status == WTL_OK && !is_ours(job, &cert)) {
        status = wtl_fail(error, WTL_IDENTITY,
                          "expected a certificate that this CA has issued, came one of \"%s\"",
                          wtl__name_text(cert.issuer, name));
    }
    if (status == WTL_OK && cert.not_after_s < job->now_s) {
        status = wtl_fail(error, WTL_NOT_FOUND,
                          "the certificate expired on %s: there is nothing to revoke",
                          wtl__civil_text(cert.not_after_s, end));
    }
    if (status == WTL_OK) {
        wtl__crl_serial(cert.serial, issued.serial);
        issued.expires_s = cert.not_after_s;
        if (wtl_identity_check(der.bytes, der.size, &identity, NULL) == WTL_OK) {
            memcpy(issued.name, identity.name, sizeof issued.name);
        }
        status = wtl__ca_rows_revoke(&job->rows, &issued, job->now_s, error);
    }
    wtl__der_free(&der);
    return status == WTL_OK ? status : wtl_while(error, status, "%s", path);
}

/* ---- finding what is meant ------------------------------------------------------------------- */

static enum wtl_status find(struct job *job, const char *what, struct wtl_error *error)
{
    struct wtl__ca_search search = {.rows = &job->rows, .what = what, .now_s = job->now_s};
    char end[WTL__CIVIL_TEXT];
    enum wtl_status status =
        wtl__ca_rows_search(&search, job->folder.of[WTL__CA_ISSUED_LOG], error);
    if (status != WTL_OK || what == NULL || search.found > 0) {
        return status;
    }
    if (search.expired > 0) {
        return wtl_fail(error, WTL_NOT_FOUND,
                        "every certificate of %s has expired, the last one on %s: there is nothing "
                        "to revoke",
                        what, wtl__civil_text(search.last_end_s, end));
    }
    if (wtl__ca_is_there(what)) {
        return revoke_file(job, what, error);
    }
    return wtl_fail(error, WTL_NOT_FOUND,
                    "\"%.64s\": expected the name of a node or a serial number that is in "
                    "issued.log, or a file; issued were: %s",
                    what, search.known[0] != '\0' ? search.known : "none yet");
}

/* ---- signing --------------------------------------------------------------------------------- */

/* Appends a CA's certificate and its list to the text. */
static enum wtl_status put_list(const struct wtl__authority *signer, struct wtl__crl_spec *spec,
                                struct wtl__text *text, struct wtl_error *error)
{
    struct wtl_der list;
    enum wtl_status status = wtl__authority_sign_list(signer, spec, &list, error);
    if (status == WTL_OK) {
        wtl__pem_put(text, WTL__PEM_CERT, &signer->cert);
        wtl__pem_put(text, WTL__PEM_CRL, &list);
        wtl__der_free(&list);
    }
    return status;
}

static enum wtl_status write_lists(struct job *job, struct wtl_error *error)
{
    struct wtl__crl_entry *entries = wtl__ca_rows_entries(&job->rows);
    struct wtl__text text = {.bytes = malloc(WTL_REVOKED_FILE_MAX),
                             .capacity = WTL_REVOKED_FILE_MAX};
    struct wtl__crl_spec spec = {.number = job->number,
                                 .this_update_s = job->this_update_s,
                                 .next_update_s = job->next_update_s,
                                 .entries = entries,
                                 .count = job->rows.count};
    enum wtl_status status = text.bytes != NULL && entries != NULL
                                 ? WTL_OK
                                 : wtl_fail(error, WTL_NO_MEMORY, "no memory for the lists");
    for (unsigned i = 0; i < job->signers_count && status == WTL_OK; i++) {
        status = put_list(&job->signers[i], &spec, &text, error);
    }
    if (status == WTL_OK && text.overflow) {
        status = wtl_fail(error, WTL_TOO_LARGE, "the lists need more than %u bytes",
                          WTL_REVOKED_FILE_MAX);
    }
    if (status == WTL_OK) {
        status = wtl__file_replace(job->folder.of[WTL__CA_REVOKED], text.bytes, text.size, error);
    }
    free(entries);
    free(text.bytes);
    return status;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static enum wtl_status report(struct job *job, struct wtl_ca_revoked *revoked_out,
                              struct wtl_error *error)
{
    revoked_out->number = job->number;
    revoked_out->this_update_s = job->this_update_s;
    revoked_out->next_update_s = job->next_update_s;
    memcpy(revoked_out->mesh, job->root.mesh, sizeof revoked_out->mesh);
    (void)snprintf(revoked_out->path, sizeof revoked_out->path, "%s",
                   job->folder.of[WTL__CA_REVOKED]);
    return wtl__ca_rows_report(&job->rows, revoked_out, error);
}

static enum wtl_status revoke_and_sign(struct job *job, const char *what, unsigned days,
                                       struct wtl_ca_revoked *revoked_out, struct wtl_error *error)
{
    enum wtl_status status = load_signers(job, error);
    if (status == WTL_OK) {
        status = read_lists(job, error);
    }
    if (status == WTL_OK) {
        status = find(job, what, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    wtl__ca_rows_forget(&job->rows, job->this_update_s);
    job->number++;
    job->this_update_s = job->now_s;
    job->next_update_s = job->now_s + (days != 0 ? days : WTL_CA_LIST_DAYS) * DAY_S;
    status = write_lists(job, error);
    return status == WTL_OK ? report(job, revoked_out, error) : status;
}

enum wtl_status wtl_ca_revoke(const char *folder, const char *what, unsigned days, int64_t now_s,
                              struct wtl_ca_revoked *revoked_out, struct wtl_error *error)
{
    struct job job = {.now_s = now_s};
    int lock = -1;
    *revoked_out = (struct wtl_ca_revoked){0};
    if (days > WTL_CA_LIST_DAYS_MAX) {
        return wtl_fail(error, WTL_INVALID, "days: expected 1 to %u, came %u", WTL_CA_LIST_DAYS_MAX,
                        days);
    }
    enum wtl_status status = wtl__ca_folder_init(&job.folder, folder, error);
    if (status == WTL_OK) {
        status = wtl__ca_folder_check(&job.folder, error);
    }
    if (status == WTL_OK) {
        status = wtl__ca_folder_lock(&job.folder, &lock, error);
    }
    if (status == WTL_OK) {
        status = revoke_and_sign(&job, what, days, revoked_out, error);
        (void)close(lock);
    }
    job_deinit(&job);
    return status;
}

enum wtl_status wtl_ca_revoked(const char *folder, struct wtl_ca_revoked *revoked_out,
                               struct wtl_error *error)
{
    struct job job = {.signers_count = 1};
    *revoked_out = (struct wtl_ca_revoked){0};
    enum wtl_status status = wtl__ca_folder_init(&job.folder, folder, error);
    if (status == WTL_OK) {
        status = wtl__ca_load_both(&job.folder, false, &job.root, &job.signers[0], error);
    }
    if (status == WTL_OK) {
        status = read_lists(&job, error);
    }
    if (status == WTL_OK) {
        status = find(&job, NULL, error);
    }
    if (status == WTL_OK) {
        status = report(&job, revoked_out, error);
    }
    job_deinit(&job);
    return status;
}

void wtl_ca_revoked_deinit(struct wtl_ca_revoked *revoked)
{
    free(revoked->rows);
    *revoked = (struct wtl_ca_revoked){0};
}
