/*
 * show_print.c - prints what show.c has read, for people and as JSON.
 *
 * Every text in a struct wtl_show is printable ASCII already; JSON escapes quotes and backslashes.
 *
 * Thread: any. Owns: nothing.
 */
#include <inttypes.h>
#include <string.h>

#include "certs/civil.h"
#include "certs/show.h"

static int64_t days_left(const struct wtl_show_cert *cert, int64_t now_s)
{
    struct wtl_bundle bundle = {.identity = {.not_after_s = cert->not_after_s}};
    return wtl_bundle_days_left(&bundle, now_s);
}

/* "89d left", "expired 3d ago", "valid in 2d" */
static void put_life(const struct wtl_show_cert *cert, int64_t now_s, FILE *file)
{
    int64_t left = days_left(cert, now_s);
    if (now_s < cert->not_before_s) {
        (void)fprintf(file, "not valid yet");
    } else if (now_s > cert->not_after_s) {
        (void)fprintf(file, "expired %" PRId64 "d ago", left < -INT64_MAX ? INT64_MAX : -left - 1);
    } else {
        (void)fprintf(file, "%" PRId64 "d left", left);
    }
}

static void put_hex(const uint8_t *bytes, size_t size, FILE *file)
{
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(file, "%02x", bytes[i]);
    }
}

static bool mode_is_private(const struct wtl_show *show)
{
    return show->mode == 0600 || show->mode == 0400;
}

static void put_key(const struct wtl_show *show, FILE *file)
{
    (void)fprintf(file, "%s", show->has_key ? "in file" : "none");
    if (show->has_mode) {
        (void)fprintf(file, ", mode %04o", show->mode);
        if (show->has_key && !mode_is_private(show)) {
            (void)fprintf(file, " (must be 0600)");
        }
    }
}

/* ---- short ---------------------------------------------------------------------------------- */

static void print_short(const struct wtl_show *show, int64_t now_s, FILE *file)
{
    const struct wtl_show_cert *leaf = &show->certs[0];
    char from[WTL__CIVIL_TEXT];
    char to[WTL__CIVIL_TEXT];
    char renews[WTL__CIVIL_TEXT];
    if (!leaf->is_readable) {
        (void)fprintf(file, "%s   cannot be read: %s\n", show->where, leaf->problem);
        return;
    }
    if (show->has_identity) {
        (void)fprintf(file, "%s   mesh %s   layer %s   tenant %s", show->identity.name,
                      show->identity.mesh, wtl_layer_name(show->identity.layer),
                      show->identity.tenant);
    } else {
        (void)fprintf(file, "%s   %s", leaf->subject, leaf->is_ca ? "CA" : "no node");
    }
    size_t size = strlen(leaf->serial);
    (void)fprintf(file, "   %s   serial %.4s...%s\n", leaf->is_p256 ? "P-256" : "not P-256",
                  leaf->serial, leaf->serial + (size > 4 ? size - 4 : 0));
    (void)fprintf(file, "valid %s .. %s (", wtl__civil_day_text(leaf->not_before_s, from),
                  wtl__civil_day_text(leaf->not_after_s, to));
    put_life(leaf, now_s, file);
    if (show->has_identity) {
        int64_t at = wtl_show_renews_at(leaf->not_before_s, leaf->not_after_s);
        (void)fprintf(file, ", renews from %s", wtl__civil_day_text(at, renews));
    }
    (void)fprintf(file, ")   roots %u", show->roots_count);
    const char *before = " (";
    for (unsigned i = 0; i < show->certs_count; i++) {
        if (show->certs[i].is_root) {
            (void)fprintf(file, "%s%s", before,
                          wtl__civil_day_text(show->certs[i].not_after_s, to));
            before = ", ";
        }
    }
    (void)fprintf(file, "%s   key: ", show->roots_count > 0 ? ")" : "");
    put_key(show, file);
    (void)fputc('\n', file);
}

/* ---- long ----------------------------------------------------------------------------------- */

static const char *kind_of(const struct wtl_show_cert *cert, unsigned index)
{
    return !cert->is_readable ? "unreadable"
           : cert->is_root    ? "root"
           : cert->is_ca      ? "issuing CA"
           : index == 0       ? "certificate"
                              : "other";
}

static void print_cert(const struct wtl_show_cert *cert, unsigned index, int64_t now_s, FILE *file)
{
    char from[WTL__CIVIL_TEXT];
    char to[WTL__CIVIL_TEXT];
    (void)fprintf(file, "\n%s\n", kind_of(cert, index));
    if (cert->is_readable) {
        (void)fprintf(file, "  subject      %s\n  issuer       %s\n", cert->subject, cert->issuer);
        if (cert->uri[0] != '\0') {
            (void)fprintf(file, "  uri          %s\n", cert->uri);
        }
        (void)fprintf(file, "  serial       %s\n  algorithm    %s\n", cert->serial,
                      cert->is_p256 ? "P-256" : "not P-256");
        (void)fprintf(file, "  valid        %s .. %s (", wtl__civil_text(cert->not_before_s, from),
                      wtl__civil_text(cert->not_after_s, to));
        put_life(cert, now_s, file);
        (void)fprintf(file, ")\n");
    }
    (void)fprintf(file, "  fingerprint  ");
    put_hex(cert->fingerprint, sizeof cert->fingerprint, file);
    (void)fprintf(file, "\n  sha256       ");
    put_hex(cert->sha256, sizeof cert->sha256, file);
    (void)fputc('\n', file);
    if (cert->problem[0] != '\0') {
        (void)fprintf(file, "  problem      %s\n", cert->problem);
    }
}

static void print_long(const struct wtl_show *show, int64_t now_s, FILE *file)
{
    char renews[WTL__CIVIL_TEXT];
    (void)fprintf(file, "%s (%s)\n", show->where, show->is_bundle ? "bundle" : "certificates");
    if (show->has_identity) {
        const struct wtl_identity *identity = &show->identity;
        int64_t at = wtl_show_renews_at(identity->not_before_s, identity->not_after_s);
        (void)fprintf(file, "  name         %s\n  layer        %s\n  tenant       %s\n",
                      identity->name, wtl_layer_name(identity->layer), identity->tenant);
        (void)fprintf(file, "  mesh         %s\n  renews from  %s\n", identity->mesh,
                      wtl__civil_text(at, renews));
    }
    (void)fprintf(file, "  key          ");
    put_key(show, file);
    (void)fprintf(file, "\n  roots        %u\n", show->roots_count);
    if (show->problem[0] != '\0') {
        (void)fprintf(file, "  problem      %s\n", show->problem);
    }
    for (unsigned i = 0; i < show->certs_count; i++) {
        print_cert(&show->certs[i], i, now_s, file);
    }
    (void)fprintf(file, "\nnothing was verified\n");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

/* "key":"value" with what JSON wants escaped; the texts have no control characters. */
static void json_text(const char *key, const char *value, FILE *file)
{
    (void)fprintf(file, "\"%s\":\"", key);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            (void)fputc('\\', file);
        }
        (void)fputc(*value, file);
    }
    (void)fputc('"', file);
}

static void json_hex(const char *key, const uint8_t *bytes, size_t size, FILE *file)
{
    (void)fprintf(file, "\"%s\":\"", key);
    put_hex(bytes, size, file);
    (void)fputc('"', file);
}

static const char *json_bool(bool value)
{
    return value ? "true" : "false";
}

static void json_cert(const struct wtl_show_cert *cert, unsigned index, int64_t now_s, FILE *file)
{
    char time[WTL__CIVIL_TEXT];
    (void)fputc('{', file);
    json_text("kind", kind_of(cert, index), file);
    if (cert->is_readable) {
        const char *const texts[][2] = {
            {"subject", cert->subject}, {"issuer", cert->issuer}, {"serial", cert->serial}};
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            (void)fputc(',', file);
            json_text(texts[i][0], texts[i][1], file);
        }
        if (cert->uri[0] != '\0') {
            (void)fputc(',', file);
            json_text("uri", cert->uri, file);
        }
        (void)fputc(',', file);
        json_text("not_before", wtl__civil_text(cert->not_before_s, time), file);
        (void)fputc(',', file);
        json_text("not_after", wtl__civil_text(cert->not_after_s, time), file);
        (void)fprintf(file, ",\"days_left\":%" PRId64 ",\"ca\":%s,\"p256\":%s",
                      days_left(cert, now_s), json_bool(cert->is_ca), json_bool(cert->is_p256));
    }
    (void)fputc(',', file);
    json_hex("fingerprint", cert->fingerprint, sizeof cert->fingerprint, file);
    (void)fputc(',', file);
    json_hex("sha256", cert->sha256, sizeof cert->sha256, file);
    if (cert->problem[0] != '\0') {
        (void)fputc(',', file);
        json_text("problem", cert->problem, file);
    }
    (void)fputc('}', file);
}

static void json_identity(const struct wtl_show *show, FILE *file)
{
    const struct wtl_identity *identity = &show->identity;
    char uri[WTL_URI_MAX];
    char time[WTL__CIVIL_TEXT];
    int64_t renews = wtl_show_renews_at(identity->not_before_s, identity->not_after_s);
    const char *const texts[][2] = {
        {"name", identity->name},
        {"layer", wtl_layer_name(identity->layer)},
        {"tenant", identity->tenant},
        {"mesh", identity->mesh},
        {"uri", wtl_identity_uri(identity, uri)},
        {"renews_from", wtl__civil_text(renews, time)},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)fputc(',', file);
        json_text(texts[i][0], texts[i][1], file);
    }
}

static void print_json(const struct wtl_show *show, int64_t now_s, FILE *file)
{
    (void)fputc('{', file);
    json_text("file", show->where, file);
    (void)fputc(',', file);
    json_text("kind", show->is_bundle ? "bundle" : "certificates", file);
    if (show->has_identity) {
        json_identity(show, file);
    }
    (void)fprintf(file, ",\"key\":%s", json_bool(show->has_key));
    if (show->has_mode) {
        (void)fprintf(file, ",\"mode\":\"%04o\"", show->mode);
    }
    if (show->problem[0] != '\0') {
        (void)fputc(',', file);
        json_text("problem", show->problem, file);
    }
    (void)fprintf(file, ",\"verified\":false,\"roots\":%u,\"certificates\":[", show->roots_count);
    for (unsigned i = 0; i < show->certs_count; i++) {
        if (i > 0) {
            (void)fputc(',', file);
        }
        json_cert(&show->certs[i], i, now_s, file);
    }
    (void)fprintf(file, "]}\n");
}

void wtl_show_print(const struct wtl_show *show, enum wtl_show_format format, int64_t now_s,
                    FILE *file)
{
    switch (format) {
    case WTL_SHOW_LONG:
        print_long(show, now_s, file);
        return;
    case WTL_SHOW_SHORT:
        print_short(show, now_s, file);
        return;
    case WTL_SHOW_JSON:
        print_json(show, now_s, file);
        return;
    }
}
