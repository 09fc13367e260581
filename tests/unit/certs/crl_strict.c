/* crl_strict.c - what is no revocation list, or one that means something else, and is refused. */
#include <stdlib.h>
#include <string.h>

#include "certs/key.h"
#include "certs/oids.h"
#include "lists.h"

TestSuite(certs_crl_strict, .init = lists_init, .fini = lists_deinit, .timeout = 60);

Test(certs_crl_strict, X030_other_files_are_refused)
{
    static const struct {
        const char *text;
        const char *word;
    } table[] = {
        {"", "expected a block X509 CRL at least, came none"},
        {"\n\n", "expected a block X509 CRL at least, came none"},
        {"hello\n", "line 1: expected -----BEGIN"},
        {"-----BEGIN X509 CRL-----\nMAA=\n", "expected -----END X509 CRL-----"},
        {"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", "in base64"},
        {"-----BEGIN X509 CRL-----\nM\n-----END X509 CRL-----\n", "in base64"},
        {"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
         "list at line 1: revocation list, frame"},
        {"-----BEGIN CRL-----\nMAA=\n-----END CRL-----\n", "line 1: expected X509 CRL or"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wtl_revoked *revoked;
        cr_expect_neq(wtl_revoked_parse(table[i].text, strlen(table[i].text), "list", &lists_node,
                                        &revoked, &lists_error),
                      WTL_OK);
        cr_expect_null(revoked);
        cr_expect_not_null(strstr(lists_error.text, table[i].word), "row %zu: %s", i,
                           lists_error.text);
    }
    struct lists_file file = lists_open();
    while (file.text.size <= WTL_REVOKED_FILE_MAX - 1) {
        file.text.bytes[file.text.size++] = '\n';
    }
    file.text.bytes[file.text.size++] = '\n';
    lists_parse(&file);
    cr_expect_eq(file.status, WTL_CONFIG);
    cr_expect_not_null(strstr(lists_error.text, "4194304 bytes at most, came 4194305"), "%s",
                       lists_error.text);
    lists_close(&file);
}

Test(certs_crl_strict, X030_a_list_cut_or_changed_at_any_byte_is_refused)
{
    struct wtl__crl_entry entries[] = {lists_entry(&lists_node.identity, NOW_S)};
    struct wtl_der list = lists_sign(&fixture.issuing, 1, entries, 1);
    struct wtl__crl crl;
    struct wtl__cert ca;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &lists_error),
                 WTL_OK);
    for (size_t size = 0; size < list.size; size++) {
        /* a block of its own size, so that a sanitizer sees one byte too many */
        uint8_t *cut = malloc(size > 0 ? size : 1);
        cr_assert_not_null(cut);
        memcpy(cut, list.bytes, size);
        cr_expect_eq(wtl__crl_read((struct wtl__der_view){cut, size}, &crl, &lists_error),
                     WTL_IDENTITY, "%zu bytes", size);
        free(cut);
    }
    for (size_t i = 0; i < list.size; i++) {
        struct lists_file file = lists_open();
        list.bytes[i] ^= 0x01;
        wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
        list.bytes[i] ^= 0x01;
        lists_parse(&file);
        cr_expect_eq(file.status, WTL_IDENTITY, "byte %zu", i);
        lists_close(&file);
    }
    struct lists_file file = lists_file_of(list);
    cr_expect_eq(file.status, WTL_OK, "and whole it is fine: %s", lists_error.text);
    lists_close(&file);
}

/* A list whose signed part a test has written; it is signed by the issuing CA, so that nothing but
 * its content is wrong. */
static struct lists_file list_with(void (*put)(struct wtl__der_out *out,
                                               struct wtl__der_view issuer))
{
    uint8_t buffer[2000];
    struct wtl__der_out out = {.bytes = buffer, .capacity = sizeof buffer - WTL__P256_SIGN_ROOM};
    struct wtl__cert ca;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    size_t size = 0;
    struct wtl_der der;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &lists_error),
                 WTL_OK);
    size_t mark = wtl__der_open(&out, WTL__DER_SEQUENCE);
    put(&out, ca.subject);
    wtl__der_close(&out, mark);
    cr_assert_not(out.overflow);
    cr_assert_eq(wtl__key_open(&fixture.issuing.key, &scalar, point, &lists_error), WTL_OK);
    cr_assert_eq(wtl__p256_sign_tbs(scalar, buffer, out.size, sizeof buffer, &size), WTL_OK);
    cr_assert_eq(wtl__der_copy(buffer, size, &der), WTL_OK);
    return lists_file_of(der);
}

/* Its parts, each of which one test leaves out or spoils. */
static void put_head(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    wtl__der_put_small(out, 1);
    wtl__x509_put_algorithm(out);
    wtl__der_put_raw(out, issuer.bytes, issuer.size);
    wtl__der_put_time(out, NOW_S);
    wtl__der_put_time(out, NOW_S + DAY_S);
}

/* An entry, with an extension of that OID (one octet of 2.5.29) unless it is 0. */
static void put_entry(struct wtl__der_out *out, uint8_t oid, bool critical)
{
    const uint8_t id[] = {0x55, 0x1d, oid};
    size_t list = wtl__der_open(out, WTL__DER_SEQUENCE);
    size_t entry = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__der_put_small(out, 77);
    wtl__der_put_time(out, NOW_S);
    if (oid != 0) {
        size_t extensions = wtl__der_open(out, WTL__DER_SEQUENCE);
        struct wtl__extension_mark mark = wtl__x509_open_extension(out, id, critical);
        wtl__der_put_small(out, 1);
        wtl__x509_close_extension(out, mark);
        wtl__der_close(out, extensions);
    }
    wtl__der_close(out, entry);
    wtl__der_close(out, list);
}

static void put_tail(struct wtl__der_out *out, const uint8_t *more, bool critical)
{
    struct wtl__cert ca;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &lists_error),
                 WTL_OK);
    size_t tagged = wtl__der_open(out, WTL__DER_CONTEXT_0);
    size_t list = wtl__der_open(out, WTL__DER_SEQUENCE);
    wtl__x509_put_authority_key_id(out, ca.subject_key_id);
    struct wtl__extension_mark mark = wtl__x509_open_extension(out, wtl__oid_crl_number, false);
    wtl__der_put_small(out, 5);
    wtl__x509_close_extension(out, mark);
    if (more != NULL) {
        mark = wtl__x509_open_extension(out, more, critical);
        wtl__der_put_small(out, 1);
        wtl__x509_close_extension(out, mark);
    }
    wtl__der_close(out, list);
    wtl__der_close(out, tagged);
}

static void put_good(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_head(out, issuer);
    put_entry(out, 0x15, false); /* a reason, which is not critical */
    put_tail(out, NULL, false);
}

static void put_version_1(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    wtl__x509_put_algorithm(out);
    wtl__der_put_raw(out, issuer.bytes, issuer.size);
    wtl__der_put_time(out, NOW_S);
    wtl__der_put_time(out, NOW_S + DAY_S);
}

static void put_no_next_update(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    wtl__der_put_small(out, 1);
    wtl__x509_put_algorithm(out);
    wtl__der_put_raw(out, issuer.bytes, issuer.size);
    wtl__der_put_time(out, NOW_S);
    put_tail(out, NULL, false);
}

static void put_backwards(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    wtl__der_put_small(out, 1);
    wtl__x509_put_algorithm(out);
    wtl__der_put_raw(out, issuer.bytes, issuer.size);
    wtl__der_put_time(out, NOW_S);
    wtl__der_put_time(out, NOW_S);
    put_tail(out, NULL, false);
}

static void put_no_extensions(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_head(out, issuer);
}

static void put_empty_sequence(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_head(out, issuer);
    wtl__der_put(out, WTL__DER_SEQUENCE, "", 0);
    put_tail(out, NULL, false);
}

static void put_delta(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    static const uint8_t delta[] = {0x55, 0x1d, 0x1b};
    put_head(out, issuer);
    put_tail(out, delta, true);
}

static void put_indirect_entry(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_head(out, issuer);
    put_entry(out, 0x1d, true);
    put_tail(out, NULL, false);
}

static void put_number_twice(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_head(out, issuer);
    put_tail(out, wtl__oid_crl_number, false);
}

static void put_trailing(struct wtl__der_out *out, struct wtl__der_view issuer)
{
    put_good(out, issuer);
    wtl__der_put_small(out, 1);
}

Test(certs_crl_strict, X030_lists_that_mean_something_else_are_refused)
{
    static const struct {
        void (*put)(struct wtl__der_out *out, struct wtl__der_view issuer);
        const char *word;
    } table[] = {
        {put_version_1, "revocation list, version: expected X.509 lists of version 2"},
        {put_no_next_update, "validity: expected a time"},
        {put_backwards, "validity: expected a time"},
        {put_no_extensions, "extensions: expected those of version 2"},
        {put_empty_sequence, "entries: expected one at least"},
        {put_delta, "expected none that is critical, came one"},
        {put_indirect_entry, "expected none that is critical, came one"},
        {put_number_twice, "expected each once, came one twice"},
        {put_trailing, "nothing after them"},
    };
    struct lists_file good = list_with(put_good);
    cr_expect_eq(good.status, WTL_OK, "what the others spoil is fine: %s", lists_error.text);
    lists_close(&good);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lists_file file = list_with(table[i].put);
        lists_expect_refused(&file, table[i].word);
    }
}

/* A list without a number or without a key identifier, and with a number that is too large. */
Test(certs_crl_strict, X030_number_and_key_identifier_are_needed)
{
    struct wtl__cert ca;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    struct wtl_der der;
    struct wtl__crl crl;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &lists_error),
                 WTL_OK);
    cr_assert_eq(wtl__key_open(&fixture.issuing.key, &scalar, point, &lists_error), WTL_OK);
    struct wtl__crl_spec spec = {.issuer = ca.subject,
                                 .authority_key_id = ca.subject_key_id,
                                 .number = UINT64_MAX,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &der, &lists_error), WTL_OK);
    cr_expect_eq(wtl__crl_read(wtl__der_view_of(&der), &crl, &lists_error), WTL_OK, "%s",
                 lists_error.text);
    cr_expect_eq(crl.number, UINT64_MAX);
    wtl__der_free(&der);
    spec.authority_key_id = (struct wtl__der_view){(const uint8_t *)"", 0};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &der, &lists_error), WTL_OK);
    cr_expect_eq(wtl__crl_read(wtl__der_view_of(&der), &crl, &lists_error), WTL_IDENTITY);
    cr_expect_not_null(strstr(lists_error.text, "authority key identifier: expected one"), "%s",
                       lists_error.text);
    wtl__der_free(&der);
}
