/*
 * show.c - reads what can be read of a bundle or certificate file, without judging it.
 *
 * Thread: any. Owns: nothing between calls; the file is in guarded memory, as it may hold a key.
 */
#include "certs/show.h"

#include <sodium.h>
#include <string.h>

#include "certs/file.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/x509.h"

/* Lines that are skipped until the first block: the head of a bundle, and what other tools write.
 */
#define HEAD_LINES_MAX 200u

static void set_problem(char problem[WTL_SHOW_TEXT], const char *text)
{
    if (problem[0] == '\0') {
        struct wtl__der_view view = {(const uint8_t *)text, strlen(text)};
        (void)wtl__der_text(view, problem, WTL_SHOW_TEXT);
    }
}

static void find_uri(const struct wtl__cert *cert, char uri_out[WTL_URI_MAX])
{
    struct wtl__der_view in = cert->sans;
    struct wtl__der_view name;
    uint8_t tag;
    for (size_t i = 0; i < WTL__SANS_MAX && wtl__der_any(&in, &tag, &name); i++) {
        if (tag == WTL__SAN_URI) {
            (void)wtl__der_text(name, uri_out, WTL_URI_MAX);
            return;
        }
    }
}

static void show_cert(struct wtl__der_view der, struct wtl_show_cert *cert_out)
{
    _Static_assert(WTL__NAME_TEXT <= WTL_SHOW_TEXT, "a subject fits");
    struct wtl__cert cert;
    struct wtl_error error;
    *cert_out = (struct wtl_show_cert){0};
    (void)crypto_generichash(cert_out->fingerprint, sizeof cert_out->fingerprint, der.bytes,
                             der.size, NULL, 0);
    (void)crypto_hash_sha256(cert_out->sha256, der.bytes, der.size);
    if (wtl__cert_read(der, &cert, &error) != WTL_OK) {
        set_problem(cert_out->problem, error.text);
        return;
    }
    cert_out->is_readable = true;
    cert_out->is_ca = cert.is_ca;
    cert_out->is_root = wtl__der_equal(cert.issuer, cert.subject);
    cert_out->is_p256 = cert.point != NULL;
    (void)wtl__name_text(cert.subject, cert_out->subject);
    (void)wtl__name_text(cert.issuer, cert_out->issuer);
    find_uri(&cert, cert_out->uri);
    (void)sodium_bin2hex(cert_out->serial, sizeof cert_out->serial, cert.serial.bytes,
                         cert.serial.size);
    cert_out->not_before_s = cert.not_before_s;
    cert_out->not_after_s = cert.not_after_s;
}

static void add_cert(struct wtl__der_view der, struct wtl_show *show)
{
    struct wtl_error error;
    if (show->certs_count == WTL_SHOW_CERTS_MAX) {
        set_problem(show->problem,
                    "more certificates than a bundle may have; the rest is left out");
        return;
    }
    struct wtl_show_cert *cert = &show->certs[show->certs_count];
    show_cert(der, cert);
    if (cert->is_root) {
        show->roots_count++;
    }
    if (show->certs_count++ > 0) {
        return;
    }
    if (wtl_identity_check(der.bytes, der.size, &show->identity, &error) == WTL_OK) {
        show->has_identity = true;
    } else if (!cert->is_ca) {
        set_problem(cert->problem, error.text);
    }
}

/* Everything before the first block. True when it begins as a bundle does. */
static bool skip_head(struct wtl__lines *lines)
{
    static const char first[] = "wattle-bundle ";
    static const char begin[] = "-----BEGIN ";
    const char *line;
    size_t size;
    bool is_bundle =
        lines->left >= sizeof first - 1 && memcmp(lines->at, first, sizeof first - 1) == 0;
    for (size_t i = 0; i < HEAD_LINES_MAX; i++) {
        struct wtl__lines ahead = *lines;
        if (!wtl__line_next(&ahead, &line, &size) ||
            (size >= sizeof begin - 1 && memcmp(line, begin, sizeof begin - 1) == 0)) {
            break;
        }
        *lines = ahead;
    }
    return is_bundle;
}

static void read_blocks(struct wtl__lines *lines, struct wtl_show *show)
{
    uint8_t bytes[WTL_CERT_MAX];
    struct wtl__pem pem;
    struct wtl_error error;
    for (size_t i = 0; i < WTL__PEM_BLOCKS_MAX; i++) {
        enum wtl_status status = wtl__pem_next(lines, &pem, &error);
        if (status == WTL_NOT_FOUND) {
            return;
        }
        if (status != WTL_OK) {
            set_problem(show->problem, error.text);
            return;
        }
        size_t size = 0;
        if (strstr(pem.label, WTL__PEM_KEY) != NULL) {
            show->has_key = true;
        } else if (strcmp(pem.label, WTL__PEM_CERT) != 0) {
            set_problem(show->problem, "there is a block that is neither key nor certificate");
        } else if (wtl__pem_decode(&pem, bytes, sizeof bytes, &size, &error) != WTL_OK) {
            set_problem(show->problem, error.text);
        } else {
            add_cert((struct wtl__der_view){bytes, size}, show);
        }
    }
    set_problem(show->problem, "more blocks than a bundle may have; the rest is left out");
}

enum wtl_status wtl_show_parse(const char *text, size_t size, const char *where,
                               struct wtl_show *show_out, struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    *show_out = (struct wtl_show){0};
    set_problem(show_out->where, where);
    if (size > 0 && text[0] == WTL__DER_SEQUENCE && (unsigned char)text[size > 1 ? 1 : 0] >= 0x80) {
        add_cert((struct wtl__der_view){(const uint8_t *)text, size}, show_out);
        return WTL_OK;
    }
    show_out->is_bundle = skip_head(&lines);
    read_blocks(&lines, show_out);
    if (show_out->certs_count == 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "%s: expected a bundle or a certificate (PEM or DER), came neither%s%s",
                        where, show_out->problem[0] != '\0' ? ": " : "", show_out->problem);
    }
    return WTL_OK;
}

enum wtl_status wtl_show_read(const char *path, struct wtl_show *show_out, struct wtl_error *error)
{
    struct wtl_der text;
    unsigned mode = 0;
    *show_out = (struct wtl_show){0};
    enum wtl_status status =
        wtl__file_read(path, WTL__FILE_ANY, WTL_BUNDLE_MAX, &text, &mode, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl_show_parse((const char *)text.bytes, text.size, path, show_out, error);
    wtl__der_wipe(&text);
    show_out->has_mode = true;
    show_out->mode = mode;
    return status;
}

int64_t wtl_show_days_left(const struct wtl_show *show, int64_t now_s)
{
    struct wtl_bundle bundle = {.identity = {.not_after_s = show->certs[0].not_after_s}};
    return show->certs[0].is_readable ? wtl_bundle_days_left(&bundle, now_s) : INT64_MIN;
}

int64_t wtl_show_renews_at(int64_t not_before_s, int64_t not_after_s)
{
    return not_before_s + (not_after_s - not_before_s) / 3 * 2;
}
