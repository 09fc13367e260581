/* bundle.c - bundle files: round trip, what is refused and how it is said, and the key's memory. */
#include "certs/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/civil.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "fixture.h"

TestSuite(certs_bundle, .init = fixture_init, .fini = fixture_deinit);

/* The text of a good bundle with the first `from` replaced by `to`; the caller frees it. */
static char *edited(const struct wtl_bundle *bundle, const char *from, const char *to)
{
    struct wtl_der text;
    struct wtl_error error = {0};
    cr_assert_eq(wtl_bundle_format(bundle, &text, &error), WTL_OK, "%s", error.text);
    char *result = calloc(1, text.size + strlen(to) + 1);
    cr_assert_not_null(result);
    memcpy(result, text.bytes, text.size);
    wtl_bundle_text_free(&text);
    char *place = strstr(result, from);
    cr_assert_not_null(place, "%s is not in the bundle", from);

    memmove(place + strlen(to), place + strlen(from), strlen(place + strlen(from)) + 1);
    memcpy(place, to, strlen(to));
    return result;
}

static void expect_text(const char *text, enum wtl_status expected, const char *word)
{
    struct wtl_bundle bundle;
    struct wtl_error error = {0};
    enum wtl_status status = wtl_bundle_parse(text, strlen(text), "x.bundle", &bundle, &error);
    cr_expect_eq(status, expected, "expected %s, came %s: %s", wtl_status_word(expected),
                 wtl_status_word(status), error.text);
    if (status != WTL_OK) {
        cr_expect_not_null(strstr(error.text, word), "\"%s\" is not in: %s", word, error.text);
        cr_expect_eq(strncmp(error.text, "x.bundle: ", 10), 0, "%s", error.text);
        cr_expect(bundle.key.bytes == NULL && bundle.chain_count == 0 && bundle.roots_count == 0 &&
                      bundle.identity.name[0] == 0,
                  "something is left of a refused bundle");
    }
    wtl_bundle_deinit(&bundle);
}

static void expect_edit(const char *from, const char *to, enum wtl_status expected,
                        const char *word)
{
    struct wtl_bundle bundle = fixture_bundle();
    char *text = edited(&bundle, from, to);
    expect_text(text, expected, word);
    free(text);
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, I02_file_holds_everything_and_comes_back)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_bundle back;
    struct wtl_error error = {0};
    struct stat info;
    const char *path = fixture_path("sensor-1.bundle");
    cr_assert_eq(wtl_bundle_write(path, &bundle, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_eq(info.st_mode & 07777, 0600);
    cr_assert_eq(wtl_bundle_read(path, &back, &error), WTL_OK, "%s", error.text);
    cr_expect_str_eq(back.identity.name, "sensor-1");
    cr_expect_arr_eq(back.identity.fingerprint, bundle.identity.fingerprint, 32);
    cr_expect(back.key.size == bundle.key.size &&
              memcmp(back.key.bytes, bundle.key.bytes, back.key.size) == 0);
    cr_assert(back.chain_count == 2 && back.roots_count == 1);
    for (unsigned i = 0; i < 2; i++) {
        cr_expect(
            wtl__der_equal(wtl__der_view_of(&back.chain[i]), wtl__der_view_of(&bundle.chain[i])));
    }
    cr_expect(wtl__der_equal(wtl__der_view_of(&back.roots[0]), wtl__der_view_of(&bundle.roots[0])));
    /* never over an existing one, whatever it is */
    cr_expect_eq(wtl_bundle_write(path, &bundle, &error), WTL_EXISTS);
    cr_expect_not_null(strstr(error.text, "not overwritten"), "%s", error.text);
    cr_assert_eq(symlink("nowhere", fixture_path("link")), 0);
    cr_expect_eq(wtl_bundle_write(fixture_path("link"), &bundle, &error), WTL_EXISTS);
    cr_expect_eq(wtl_bundle_write(fixture_path("no/such/folder"), &bundle, &error), WTL_SYSTEM);
    wtl_bundle_deinit(&back);
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, X035_mode_is_private_or_refused)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_bundle back;
    struct wtl_error error = {0};
    const char *path = fixture_path("sensor-1.bundle");
    cr_assert_eq(wtl_bundle_write(path, &bundle, &error), WTL_OK, "%s", error.text);
    static const mode_t bad[] = {0644, 0640, 0660, 0604, 0601, 0610, 0666, 0777, 0700, 04600};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char want[PATH_MAX + 20];
        cr_assert_eq(chmod(path, bad[i]), 0);
        cr_expect_eq(wtl_bundle_read(path, &back, &error), WTL_CONFIG, "mode %o", bad[i]);
        (void)snprintf(want, sizeof want, "came %04o; run: chmod 600 %s", bad[i], path);
        cr_expect_not_null(strstr(error.text, want), "%s", error.text);
        cr_expect_null(back.key.bytes);
    }
    static const mode_t good[] = {0600, 0400};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(chmod(path, good[i]), 0);
        cr_assert_eq(wtl_bundle_read(path, &back, &error), WTL_OK, "%s", error.text);
        wtl_bundle_deinit(&back);
    }
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, X035_other_owner_unreadable_missing)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_bundle back;
    struct wtl_error error = {0};
    const char *path = fixture_path("sensor-1.bundle");
    cr_assert_eq(wtl_bundle_write(path, &bundle, &error), WTL_OK, "%s", error.text);
    wtl_bundle_deinit(&bundle);
    cr_expect_eq(wtl_bundle_read(fixture_path("none.bundle"), &back, &error), WTL_SYSTEM);
    cr_expect_not_null(strstr(error.text, "none.bundle: open: "), "%s", error.text);
    cr_expect_eq(wtl_bundle_read(fixture.folder, &back, &error), WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "regular file"), "%s", error.text);
    cr_assert_eq(mkfifo(fixture_path("pipe"), 0600), 0);
    cr_expect_eq(wtl_bundle_read(fixture_path("pipe"), &back, &error), WTL_CONFIG,
                 "a pipe is refused and not waited for");
    if (geteuid() == 0) {
        cr_assert_eq(chown(path, 12345, 0), 0);
        cr_expect_eq(wtl_bundle_read(path, &back, &error), WTL_CONFIG);
        cr_expect_not_null(strstr(error.text, "came one of user id 12345"), "%s", error.text);
        cr_assert_eq(chown(path, 0, 0), 0);
        cr_assert_eq(chmod(fixture.folder, 0755), 0);
        cr_assert_eq(seteuid(65534), 0);
    } else {
        cr_assert_eq(chmod(path, 0), 0);
    }
    cr_expect_eq(wtl_bundle_read(path, &back, &error), WTL_SYSTEM);
    cr_expect_not_null(strstr(error.text, strerror(EACCES)), "%s", error.text);
    if (getuid() == 0) {
        cr_assert_eq(seteuid(0), 0);
    }
}

Test(certs_bundle, X035_key_of_another_certificate)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_bundle other = fixture_bundle();
    struct wtl_der kept = bundle.key;
    bundle.key = other.key;
    char *text = edited(&bundle, "\n\n", "\n\n");
    expect_text(text, WTL_IDENTITY, "expected the key of the certificate of sensor-1");
    free(text);
    bundle.key = kept;
    wtl_bundle_deinit(&bundle);
    wtl_bundle_deinit(&other);
}

/* The good bundle with its key replaced by `der`. */
static void expect_key(struct wtl_der der, const char *word)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_der kept = bundle.key;
    bundle.key = der;
    char *text = edited(&bundle, "\n\n", "\n\n");
    expect_text(text, WTL_IDENTITY, word);
    free(text);
    bundle.key = kept;
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, X035_key_that_is_none)
{
    struct wtl_bundle bundle = fixture_bundle();
    uint8_t copy[WTL__KEY_MAX];
    size_t size = bundle.key.size;
    memcpy(copy, bundle.key.bytes, size);
    for (size_t cut = 1; cut < size; cut += 7) {
        expect_key((struct wtl_der){copy, cut}, "private key: expected");
    }
    /* 0, the order of the curve, and the public half of another key */
    size_t scalar = 36;
    memset(copy + scalar, 0, 32);
    expect_key((struct wtl_der){copy, size}, "not in the range");
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    memcpy(copy + scalar, order, sizeof order);
    expect_key((struct wtl_der){copy, size}, "not in the range");
    copy[scalar + 31]--; /* the order less one is a key, though not this one's */
    expect_key((struct wtl_der){copy, size}, "belongs to another key");
    memcpy(copy, bundle.key.bytes, size);
    copy[size - 1] ^= 1;
    expect_key((struct wtl_der){copy, size}, "belongs to another key");
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, head_agrees_with_the_certificate)
{
    expect_edit("name: sensor-1", "name: sensor-2", WTL_CONFIG,
                "head, name: expected \"sensor-1\", as the certificate says, came \"sensor-2\"");
    expect_edit("layer: device", "layer: cloud", WTL_CONFIG, "head, layer");
    expect_edit("mesh: climate", "mesh: climate ", WTL_CONFIG, "head, mesh");
    expect_edit("tenant: default", "tenant: other", WTL_CONFIG, "head, tenant");
    expect_edit("expires: 2026", "expires: 2036", WTL_CONFIG, "head, expires");
    expect_edit("tenant: default\n", "", WTL_CONFIG, "expected \"tenant: ...\"");
    expect_edit("tenant: default\n", "tenant: default\ntenant: default\n", WTL_CONFIG, "once");
    expect_edit("tenant: default\n", "tenant: \n", WTL_CONFIG, "line 5");
    expect_edit("tenant: default\n", "admin: yes\n", WTL_CONFIG, "line 5");
    expect_edit("name: sensor-1", "name: \x1b[2Jx", WTL_CONFIG, "came \"?[2Jx\"");
    expect_edit("wattle-bundle 1", "wattle-bundle 2", WTL_CONFIG, "line 1");
    expect_text("", WTL_CONFIG, "line 1");
}

Test(certs_bundle, blocks_are_whole_and_in_order)
{
    expect_edit("-----BEGIN " WTL__PEM_KEY, "-----BEGIN EC " WTL__PEM_KEY, WTL_CONFIG,
                "-----END EC " WTL__PEM_KEY);
    expect_edit("-----BEGIN CERTIFICATE-----",
                "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"
                "\n-----BEGIN CERTIFICATE-----",
                WTL_CONFIG, "came X509 CRL");
    expect_edit("-----END CERTIFICATE-----\n", "", WTL_CONFIG, "-----END CERTIFICATE-----");
    expect_edit("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\nhello\n", WTL_CONFIG,
                "expected -----BEGIN");
    expect_edit("-----BEGIN CERTIFICATE-----\nMI", "-----BEGIN CERTIFICATE-----\n!!", WTL_CONFIG,
                "base64");
    expect_edit("-----BEGIN CERTIFICATE-----\nMI", "-----BEGIN CERTIFICATE-----\nMIMI", WTL_CONFIG,
                "base64");
    expect_edit("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n\n", WTL_OK, "");
    expect_text("wattle-bundle 1\nname: a\nlayer: edge\nmesh: m\ntenant: t\nexpires: x\n\n",
                WTL_CONFIG, "no private key");
}

Test(certs_bundle, lines_may_end_as_elsewhere)
{
    struct wtl_bundle bundle = fixture_bundle();
    char *text = edited(&bundle, "\n\n", "\n\n");
    char *other = calloc(2, strlen(text) + 1);
    cr_assert_not_null(other);
    for (size_t i = 0, at = 0; text[i] != '\0'; i++) {
        if (text[i] == '\n') {
            other[at++] = '\r';
        }
        other[at++] = text[i];
    }
    expect_text(other, WTL_OK, "");
    free(other);
    free(text);
    wtl_bundle_deinit(&bundle);
}

/* Builds a bundle of `chain` certificates and `roots` roots out of a good one. */
static void expect_counts(unsigned chain, unsigned roots, const char *word)
{
    struct wtl_bundle bundle = fixture_bundle();
    char *text = calloc(4, WTL_BUNDLE_MAX);
    struct wtl__text out = {.bytes = text, .capacity = (size_t)4 * WTL_BUNDLE_MAX};
    char expires[WTL__CIVIL_TEXT];
    cr_assert_not_null(text);
    wtl__text_put(&out,
                  "wattle-bundle 1\nname: sensor-1\nlayer: device\nmesh: climate\ntenant: default\n"
                  "expires: %s\n\n",
                  wtl__civil_text(bundle.identity.not_after_s, expires));
    wtl__pem_put(&out, WTL__PEM_KEY, &bundle.key);
    for (unsigned i = 0; i < chain; i++) {
        wtl__pem_put(&out, WTL__PEM_CERT, &bundle.chain[i == 0 ? 0 : 1]);
    }
    for (unsigned i = 0; i < roots; i++) {
        wtl__pem_put(&out, WTL__PEM_CERT, &bundle.roots[0]);
    }
    cr_assert_not(out.overflow);
    expect_text(text, word == NULL ? WTL_OK : WTL_CONFIG, word);
    free(text);
    wtl_bundle_deinit(&bundle);
}

Test(certs_bundle, X033_chain_and_roots_are_bounded)
{
    expect_counts(2, 1, NULL);
    expect_counts(2, WTL_ROOTS_MAX, NULL);
    expect_counts(2, WTL_ROOTS_MAX + 1, "4 roots at most");
    expect_counts(WTL_CHAIN_MAX + 1, 1, "3 certificates in the chain at most");
    expect_counts(10, 1, "3 certificates in the chain at most");
    expect_counts(0, 1, "no root");
    expect_counts(2, 0, "no root");
    char *large = calloc(1, WTL_BUNDLE_MAX + 2);
    cr_assert_not_null(large);
    memset(large, 'a', WTL_BUNDLE_MAX + 1);
    expect_text(large, WTL_CONFIG, "65536 bytes at most, came 65537");
    free(large);
}

/* A chain that leads elsewhere, in a bundle whose key and head are right. */
Test(certs_bundle, X023_bundle_with_a_foreign_root)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl__authority other;
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &other, NULL), WTL_OK);
    struct wtl_der kept = bundle.roots[0];
    bundle.roots[0] = other.cert;
    char *text = edited(&bundle, "\n\n", "\n\n");
    expect_text(text, WTL_IDENTITY, "expected one of the 1 roots to have signed it");
    free(text);
    bundle.roots[0] = kept;
    wtl__authority_deinit(&other);
    wtl_bundle_deinit(&bundle);
}

/* Dates are no reason to refuse to read: a node whose clock is wrong must be able to say so. */
Test(certs_bundle, I11_expired_bundle_can_be_read)
{
    struct wtl_id_request request = fixture_request();
    struct wtl__authority root;
    struct wtl__authority issuing;
    struct wtl_bundle bundle;
    struct wtl_error error = {0};
    bool clamped;
    cr_assert_eq(wtl__authority_make_root("climate", 1000000000, &root, &error), WTL_OK);
    cr_assert_eq(wtl__authority_make_issuing(&root, 1000000000, &issuing, &error), WTL_OK);
    cr_assert_eq(
        wtl__authority_issue(&root, &issuing, &request, 1000000000, &bundle, &clamped, &error),
        WTL_OK, "%s", error.text);
    char *text = edited(&bundle, "\n\n", "\n\n");
    expect_text(text, WTL_OK, "");
    free(text);
    cr_expect_lt(wtl_bundle_days_left(&bundle, NOW_S), -8000);
    cr_expect_eq(wtl_bundle_verify(&bundle, NOW_S, &error), WTL_IDENTITY);
    wtl_bundle_deinit(&bundle);
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
}

Test(certs, days_left_are_whole_days)
{
    struct wtl_bundle bundle = {.identity.not_after_s = 100 * DAY_S};
    cr_expect_eq(wtl_bundle_days_left(&bundle, 0), 100);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 1), 99);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 99 * DAY_S + 1), 0);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 100 * DAY_S), 0);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 100 * DAY_S + 1), -1);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 101 * DAY_S), -1);
    cr_expect_eq(wtl_bundle_days_left(&bundle, 101 * DAY_S + 1), -2);
    cr_expect_gt(wtl_bundle_days_left(&bundle, INT64_MIN), 0);
    cr_expect_lt(wtl_bundle_days_left(&bundle, INT64_MAX), 0);
}
