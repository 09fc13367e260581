/* crl.c - revocation lists: what they say, who may sign them, and what is no list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/chain.h"
#include "certs/key.h"
#include "certs/oids.h"
#include "certs/pem.h"
#include "certs/revoked.h"
#include "fixture.h"

static struct wtl_bundle node;
static struct wtl_error error;
static const char *word;

static void set_up(void)
{
    fixture_init();
    node = fixture_bundle();
    error = (struct wtl_error){0};
    word = "";
}

static void tear_down(void)
{
    wtl_bundle_deinit(&node);
    fixture_deinit();
}

TestSuite(certs_crl, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- making --------------------------------------------------------------------------------- */

static struct wtl__crl_entry entry_of(const struct wtl_identity *identity, int64_t at_s)
{
    struct wtl__crl_entry entry = {.at_s = at_s};
    wtl__crl_serial((struct wtl__der_view){identity->serial, identity->serial_size}, entry.serial);
    return entry;
}

static struct wtl_der sign_by(const struct wtl__authority *signer, uint64_t number,
                              const struct wtl__crl_entry *entries, size_t count)
{
    struct wtl__crl_spec spec = {.number = number,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + 30 * DAY_S,
                                 .entries = entries,
                                 .count = count};
    struct wtl_der der;
    cr_assert_eq(wtl__authority_sign_list(signer, &spec, &der, &error), WTL_OK, "%s", error.text);
    return der;
}

/* A file of blocks, and what became of reading it. */
struct file {
    struct wtl__text text;
    struct wtl_revoked *revoked;
    enum wtl_status status;
};

static struct file file_open(void)
{
    struct file file = {
        .text = {.bytes = malloc(WTL_REVOKED_FILE_MAX + 1), .capacity = WTL_REVOKED_FILE_MAX + 1}};
    cr_assert_not_null(file.text.bytes);
    return file;
}

static void file_parse(struct file *file)
{
    cr_assert_not(file->text.overflow);
    error = (struct wtl_error){0};
    file->status =
        wtl_revoked_parse(file->text.bytes, file->text.size, "list", &node, &file->revoked, &error);
    cr_assert_eq(file->status == WTL_OK, file->revoked != NULL);
    cr_assert_eq(file->status == WTL_OK, error.text[0] == '\0');
}

static void file_close(struct file *file)
{
    wtl_revoked_destroy(file->revoked);
    free(file->text.bytes);
}

/* A file of one list, which is taken. */
static struct file file_of(struct wtl_der list)
{
    struct file file = file_open();
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__der_free(&list);
    file_parse(&file);
    return file;
}

static struct file list_of(uint64_t number, const struct wtl__crl_entry *entries, size_t count)
{
    struct file file = file_of(sign_by(&fixture.issuing, number, entries, count));
    cr_assert_eq(file.status, WTL_OK, "%s", error.text);
    return file;
}

static void expect_refused(struct file *file, const char *text)
{
    cr_expect_eq(file->status, WTL_IDENTITY, "%s", error.text);
    cr_expect_not_null(strstr(error.text, text), "\"%s\" is not in: %s", text, error.text);
    file_close(file);
}

/* ---- what a list says ------------------------------------------------------------------------ */

Test(certs_crl, X027_a_revoked_certificate_is_named_with_its_time)
{
    struct wtl_bundle other = fixture_bundle();
    struct wtl__crl_entry entries[] = {entry_of(&node.identity, NOW_S - 5)};
    struct file file = list_of(7, entries, 1);
    cr_expect_eq(wtl_revoked_check(file.revoked, &node.identity, &word, &error), WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked");
    cr_expect_not_null(
        strstr(error.text, "the certificate of sensor-1 was revoked on 2026-01-15T11:59:55Z"), "%s",
        error.text);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &node.identity, NOW_S, &word, NULL), WTL_IDENTITY);
    cr_expect_eq(wtl_revoked_check(file.revoked, &other.identity, &word, &error), WTL_OK);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, NOW_S, &word, &error), WTL_OK);
    struct wtl_revoked_summary sum = wtl_revoked_sum(file.revoked);
    cr_expect(sum.lists == 1 && sum.certificates == 1 && sum.number == 7);
    cr_expect(sum.this_update_s == NOW_S && sum.next_update_s == NOW_S + 30 * DAY_S);
    file_close(&file);
    wtl_bundle_deinit(&other);
}

Test(certs_crl, X027_without_a_list_of_its_ca_nobody_is_good)
{
    struct wtl__authority second;
    cr_assert_eq(wtl__authority_make_issuing(&fixture.root, NOW_S, &second, &error), WTL_OK);
    struct file file = file_open();
    struct wtl_der list = sign_by(&second, 1, NULL, 0);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__pem_put(&file.text, WTL__PEM_CERT, &second.cert);
    file_parse(&file);
    cr_assert_eq(file.status, WTL_OK, "the file brings the CA along: %s", error.text);
    cr_expect_eq(wtl_revoked_check(file.revoked, &node.identity, &word, &error), WTL_IDENTITY);
    cr_expect_str_eq(word, "crl_missing");
    file_close(&file);
    wtl__der_free(&list);
    wtl__authority_deinit(&second);
}

Test(certs_crl, X027_a_list_is_stale_the_second_after_its_end)
{
    struct wtl__crl_entry entries[] = {entry_of(&node.identity, NOW_S)};
    struct wtl_bundle other = fixture_bundle();
    struct file file = list_of(3, entries, 1);
    int64_t end_s = NOW_S + 30 * DAY_S;
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, end_s, &word, NULL), WTL_OK);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, end_s + 1, &word, &error),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "crl_stale");
    cr_expect_not_null(strstr(error.text, "(number 3) was valid until 2026-02-14T12:00:00Z"), "%s",
                       error.text);
    cr_expect_eq(wtl_revoked_check(file.revoked, &other.identity, &word, NULL), WTL_OK,
                 "who is in stays");
    cr_expect_eq(wtl_revoked_admit(file.revoked, &node.identity, end_s + 1, &word, NULL),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked", "the stronger reason is given");
    /* a machine whose clock is behind sees a list of the future, which is as fresh as can be */
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, 0, &word, NULL), WTL_OK);
    file_close(&file);
    wtl_bundle_deinit(&other);
}

/* The root has revoked the issuing CA: everybody below is gone, whatever that CA says. */
Test(certs_crl, X027_a_revoked_ca_takes_all_of_its_own_along)
{
    struct wtl__cert ca;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &error), WTL_OK);
    struct wtl__crl_entry entries[] = {{.at_s = NOW_S}};
    wtl__crl_serial(ca.serial, entries[0].serial);
    for (size_t count = 0; count < 2; count++) {
        struct file file = file_open();
        struct wtl_der lists[] = {sign_by(&fixture.issuing, 1, NULL, 0),
                                  sign_by(&fixture.root, 9, entries, count)};
        wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[0]);
        wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[1]);
        file_parse(&file);
        cr_assert_eq(file.status, WTL_OK, "%s", error.text);
        enum wtl_status status = wtl_revoked_check(file.revoked, &node.identity, &word, &error);
        cr_expect_eq(status, count == 0 ? WTL_OK : WTL_IDENTITY);
        cr_expect(count == 0 || strstr(error.text, "a CA above the certificate of sensor-1"), "%s",
                  error.text);
        file_close(&file);
        wtl__der_free(&lists[0]);
        wtl__der_free(&lists[1]);
    }
}

Test(certs_crl, X027_a_long_list_is_read_and_asked_and_a_longer_one_is_not)
{
    size_t count = WTL__CRL_ENTRIES_MAX;
    struct wtl__crl_entry *entries = calloc(count + 1, sizeof *entries);
    cr_assert_not_null(entries);
    for (size_t i = 0; i <= count; i++) {
        entries[i].at_s = NOW_S;
        wtl__cert_serial(entries[i].serial + 4);
    }
    entries[1] = entry_of(&node.identity, NOW_S);
    struct file file = list_of(1, entries, count);
    cr_expect_eq(wtl_revoked_check(file.revoked, &node.identity, &word, NULL), WTL_IDENTITY);
    cr_expect_eq(wtl_revoked_sum(file.revoked).certificates, count);
    file_close(&file);
    struct wtl__crl_spec spec = {.this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S,
                                 .entries = entries,
                                 .count = count + 1};
    struct wtl_der der;
    cr_expect_eq(wtl__authority_sign_list(&fixture.issuing, &spec, &der, &error), WTL_TOO_LARGE);
    cr_expect_not_null(strstr(error.text, "16384 certificates at most, came 16385"), "%s",
                       error.text);
    free(entries);
}

/* ---- which one follows which ----------------------------------------------------------------- */

Test(certs_crl, I09_a_list_never_gives_way_to_an_older_one)
{
    struct wtl__crl_entry entries[] = {entry_of(&node.identity, NOW_S)};
    struct file third = list_of(3, entries, 1);
    struct file second = list_of(2, entries, 1);
    struct file fourth = list_of(4, NULL, 0);
    struct file twin = list_of(3, NULL, 0);
    cr_expect_eq(wtl_revoked_follows(third.revoked, second.revoked, NOW_S, &error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(fourth.revoked, third.revoked, NOW_S, &error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(third.revoked, third.revoked, NOW_S, &error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(second.revoked, third.revoked, NOW_S, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "came number 2, which is older"), "%s", error.text);
    cr_expect_eq(wtl_revoked_follows(twin.revoked, third.revoked, NOW_S, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "another list of that number"), "%s", error.text);
    file_close(&second);
    file_close(&third);
    file_close(&fourth);
    file_close(&twin);
}

Test(certs_crl, I09_a_list_may_go_when_its_ca_has_expired)
{
    struct wtl__authority second;
    cr_assert_eq(wtl__authority_make_issuing(&fixture.root, NOW_S + 100 * DAY_S, &second, &error),
                 WTL_OK);
    struct file first = list_of(3, NULL, 0);
    struct wtl__crl_spec spec = {
        .number = 4, .this_update_s = NOW_S + 200 * DAY_S, .next_update_s = NOW_S + 230 * DAY_S};
    struct wtl_der list;
    cr_assert_eq(wtl__authority_sign_list(&second, &spec, &list, &error), WTL_OK, "%s", error.text);
    struct file file = file_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &second.cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    file_parse(&file);
    cr_assert_eq(file.status, WTL_OK, "%s", error.text);
    int64_t end_s = fixture.issuing.not_after_s;
    cr_expect_eq(wtl_revoked_follows(file.revoked, first.revoked, end_s, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "number 3 or higher, came none"), "%s", error.text);
    cr_expect_eq(wtl_revoked_follows(file.revoked, first.revoked, end_s + 1, &error), WTL_OK);
    file_close(&file);
    file_close(&first);
    wtl__der_free(&list);
    wtl__authority_deinit(&second);
}

/* ---- who may sign one ------------------------------------------------------------------------ */

Test(certs_crl, I09_only_a_ca_of_this_mesh_signs_lists)
{
    struct wtl__authority stranger;
    struct wtl__authority strange_root;
    struct wtl__authority lookalike = fixture.issuing;
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &strange_root, &error), WTL_OK);
    cr_assert_eq(wtl__authority_make_issuing(&strange_root, NOW_S, &stranger, &error), WTL_OK);
    /* another CA, which the file does not bring along, and one that it does */
    struct file file = file_of(sign_by(&stranger, 1, NULL, 0));
    expect_refused(&file, "came none that fits");
    struct wtl_der list = sign_by(&stranger, 1, NULL, 0);
    file = file_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &stranger.cert);
    wtl__pem_put(&file.text, WTL__PEM_CERT, &strange_root.cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    file_parse(&file);
    expect_refused(&file, "expected one of the 1 roots to have signed it");
    /* the name of ours, and another key */
    lookalike.key = stranger.key;
    file = file_of(sign_by(&lookalike, 1, NULL, 0));
    expect_refused(&file, "came none that fits");
    wtl__der_free(&list);
    wtl__authority_deinit(&stranger);
    wtl__authority_deinit(&strange_root);
}

/* A CA below our root, with `usage`, that has signed an empty list. */
static struct file list_of_ca_with(uint8_t usage, bool is_ca, const char *uri)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.usage = usage;
    leaf.spec.is_ca = is_ca;
    leaf.spec.purposes = 0;
    leaf_uri(&leaf, 0, uri, strlen(uri));
    struct wtl_der cert = leaf_sign(&leaf, &fixture.root);
    struct wtl__cert view;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    struct wtl_der list;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&cert), &view, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__key_open(&leaf.key, &scalar, point, &error), WTL_OK);
    struct wtl__crl_spec spec = {.issuer = view.subject,
                                 .authority_key_id = view.subject_key_id,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &list, &error), WTL_OK);
    struct file file = file_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__der_free(&cert);
    wtl__der_free(&list);
    leaf_deinit(&leaf);
    file_parse(&file);
    return file;
}

Test(certs_crl, I09_a_ca_needs_the_right_to_sign_lists)
{
    struct file file =
        list_of_ca_with(WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL, true, "spiffe://climate");
    cr_expect_eq(file.status, WTL_OK, "%s", error.text);
    file_close(&file);
    file = list_of_ca_with(WTL__USAGE_SIGN_CERT, true, "spiffe://climate");
    expect_refused(&file, "came none that fits");
    file = list_of_ca_with(WTL__USAGE_SIGN | WTL__USAGE_SIGN_CRL, false,
                           "spiffe://climate/default/device/sensor-1");
    expect_refused(&file, "came none that fits");
    file = list_of_ca_with(WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL, true, "spiffe://weather");
    expect_refused(&file, "expected a CA of mesh climate");
}

Test(certs_crl, I09_one_list_of_each_ca)
{
    struct file file = file_open();
    struct wtl_der lists[] = {sign_by(&fixture.issuing, 1, NULL, 0),
                              sign_by(&fixture.issuing, 2, NULL, 0)};
    wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[0]);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[1]);
    file_parse(&file);
    expect_refused(&file, "expected one list of each CA, came two of \"O=climate, CN=issuing CA");
    wtl__der_free(&lists[0]);
    wtl__der_free(&lists[1]);
}

/* ---- what is no list ------------------------------------------------------------------------- */

Test(certs_crl, X030_other_files_are_refused)
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
        cr_expect_neq(wtl_revoked_parse(table[i].text, strlen(table[i].text), "list", &node,
                                        &revoked, &error),
                      WTL_OK);
        cr_expect_null(revoked);
        cr_expect_not_null(strstr(error.text, table[i].word), "row %zu: %s", i, error.text);
    }
    struct file file = file_open();
    while (file.text.size <= WTL_REVOKED_FILE_MAX - 1) {
        file.text.bytes[file.text.size++] = '\n';
    }
    file.text.bytes[file.text.size++] = '\n';
    file_parse(&file);
    cr_expect_eq(file.status, WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "4194304 bytes at most, came 4194305"), "%s", error.text);
    file_close(&file);
}

Test(certs_crl, X030_a_list_cut_or_changed_at_any_byte_is_refused)
{
    struct wtl__crl_entry entries[] = {entry_of(&node.identity, NOW_S)};
    struct wtl_der list = sign_by(&fixture.issuing, 1, entries, 1);
    struct wtl__crl crl;
    struct wtl__cert ca;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &error), WTL_OK);
    for (size_t size = 0; size < list.size; size++) {
        /* a block of its own size, so that a sanitizer sees one byte too many */
        uint8_t *cut = malloc(size > 0 ? size : 1);
        cr_assert_not_null(cut);
        memcpy(cut, list.bytes, size);
        cr_expect_eq(wtl__crl_read((struct wtl__der_view){cut, size}, &crl, &error), WTL_IDENTITY,
                     "%zu bytes", size);
        free(cut);
    }
    for (size_t i = 0; i < list.size; i++) {
        struct file file = file_open();
        list.bytes[i] ^= 0x01;
        wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
        list.bytes[i] ^= 0x01;
        file_parse(&file);
        cr_expect_eq(file.status, WTL_IDENTITY, "byte %zu", i);
        file_close(&file);
    }
    struct file file = file_of(list);
    cr_expect_eq(file.status, WTL_OK, "and whole it is fine: %s", error.text);
    file_close(&file);
}

/* A list whose signed part a test has written; it is signed by the issuing CA, so that nothing but
 * its content is wrong. */
static struct file list_with(void (*put)(struct wtl__der_out *out, struct wtl__der_view issuer))
{
    uint8_t buffer[2000];
    struct wtl__der_out out = {.bytes = buffer, .capacity = sizeof buffer - WTL__P256_SIGN_ROOM};
    struct wtl__cert ca;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    size_t size = 0;
    struct wtl_der der;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &error), WTL_OK);
    size_t mark = wtl__der_open(&out, WTL__DER_SEQUENCE);
    put(&out, ca.subject);
    wtl__der_close(&out, mark);
    cr_assert_not(out.overflow);
    cr_assert_eq(wtl__key_open(&fixture.issuing.key, &scalar, point, &error), WTL_OK);
    cr_assert_eq(wtl__p256_sign_tbs(scalar, buffer, out.size, sizeof buffer, &size), WTL_OK);
    cr_assert_eq(wtl__der_copy(buffer, size, &der), WTL_OK);
    return file_of(der);
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
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &error), WTL_OK);
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

Test(certs_crl, X030_lists_that_mean_something_else_are_refused)
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
    struct file good = list_with(put_good);
    cr_expect_eq(good.status, WTL_OK, "what the others spoil is fine: %s", error.text);
    file_close(&good);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct file file = list_with(table[i].put);
        expect_refused(&file, table[i].word);
    }
}

/* A list without a number or without a key identifier, and with a number that is too large. */
Test(certs_crl, X030_number_and_key_identifier_are_needed)
{
    struct wtl__cert ca;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    struct wtl_der der;
    struct wtl__crl crl;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &error), WTL_OK);
    cr_assert_eq(wtl__key_open(&fixture.issuing.key, &scalar, point, &error), WTL_OK);
    struct wtl__crl_spec spec = {.issuer = ca.subject,
                                 .authority_key_id = ca.subject_key_id,
                                 .number = UINT64_MAX,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &der, &error), WTL_OK);
    cr_expect_eq(wtl__crl_read(wtl__der_view_of(&der), &crl, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(crl.number, UINT64_MAX);
    wtl__der_free(&der);
    spec.authority_key_id = (struct wtl__der_view){(const uint8_t *)"", 0};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &der, &error), WTL_OK);
    cr_expect_eq(wtl__crl_read(wtl__der_view_of(&der), &crl, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "authority key identifier: expected one"), "%s",
                       error.text);
    wtl__der_free(&der);
}

/* ---- foreign lists --------------------------------------------------------------------------- */

/* openssl makes a list with the keys of our CA, which is read as one of our own. */
Test(certs_crl, I09_a_list_that_openssl_made_is_read)
{
    static const char config[] = "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\n"
                                 "crlnumber = number\ndefault_md = sha256\n[e]\n"
                                 "authorityKeyIdentifier = keyid\n";
    char output[4000];
    struct wtl_bundle other = fixture_bundle();
    struct wtl_ca_info info;
    struct wtl_id_request request = fixture_request();
    bool clamped;
    const char *folder = fixture_path("ca");
    cr_assert_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_OK);
    cr_assert_eq(wtl_ca_inspect(folder, &info, &error), WTL_OK);
    wtl_bundle_deinit(&node);
    cr_assert_eq(wtl_ca_issue(folder, &request, NOW_S, &node, &clamped, &error), WTL_OK);
    cr_assert_eq(wtl_bundle_write(fixture_path("node.bundle"), &node, &error), WTL_OK);
    fixture_write(fixture_path("openssl.cnf"), config, sizeof config - 1, 0600);
    int code = fixture_run(
        output, sizeof output,
        "touch index.txt && echo 0A > number && openssl x509 -in node.bundle -out node.pem && "
        "c='openssl ca -config openssl.cnf -cert ca/issuing.pem -keyfile ca/issuing.key' && "
        "$c -revoke node.pem && $c -gencrl -crlexts e -crldays 7 -out foreign.crl");
    cr_assert_eq(code, 0, "%s", output);
    struct wtl_revoked *revoked;
    cr_assert_eq(wtl_revoked_read(fixture_path("foreign.crl"), &node, &revoked, &error), WTL_OK,
                 "%s", error.text);
    cr_expect_eq(wtl_revoked_sum(revoked).number, 10);
    cr_expect_eq(wtl_revoked_check(revoked, &node.identity, &word, NULL), WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked");
    wtl_revoked_destroy(revoked);
    code = fixture_run(output, sizeof output,
                       "openssl ca -config openssl.cnf -cert ca/issuing.pem -keyfile "
                       "ca/issuing.key -gencrl -md sha1 -crlexts e -crldays 7 -out weak.crl");
    cr_assert_eq(code, 0, "%s", output);
    cr_expect_eq(wtl_revoked_read(fixture_path("weak.crl"), &node, &revoked, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "SHA-256 or better"), "%s", error.text);
    wtl_bundle_deinit(&other);
}
