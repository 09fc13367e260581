/* release.c - releases of modules: signed bytes, and everything that is not exactly those. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/release.h"
#include "fixture.h"

#define MODULE_SIZE 3000u
#define FILE_MAX    (MODULE_SIZE + WTL_RELEASE_TAIL_MAX)

static struct wtl_signer signer;
static struct wtl_trusted trusted;
static struct wtl_error error;
static struct wtl_release release;
static const char *word;
static uint8_t file[FILE_MAX];
static size_t file_size;
static char output[4000];

/* What would be a module, signed; in `file`. */
static void sign(struct wtl_release *claim)
{
    size_t tail;
    for (size_t i = 0; i < MODULE_SIZE; i++) {
        file[i] = (uint8_t)(i * 7 % 251);
    }
    cr_assert_eq(
        wtl_release_sign(&signer, claim, file, MODULE_SIZE, file + MODULE_SIZE, &tail, &error),
        WTL_OK, "%s", error.text);
    cr_assert_leq(tail, WTL_RELEASE_TAIL_MAX);
    file_size = MODULE_SIZE + tail;
}

static struct wtl_release good(void)
{
    return (struct wtl_release){.name = "climate",
                                .version = "0.1.0",
                                .abi_major = 1,
                                .number = 17,
                                .signed_s = NOW_S,
                                .expires_s = NOW_S + 365 * DAY_S};
}

static void set_up(void)
{
    fixture_init();
    error = (struct wtl_error){0};
    cr_assert_eq(wtl_signer_create(fixture_path("team"), &signer, &error), WTL_OK, "%s",
                 error.text);
    trusted = (struct wtl_trusted){0};
    cr_assert_eq(wtl_trusted_read(fixture_path("team.pub"), &trusted, &error), WTL_OK, "%s",
                 error.text);
    struct wtl_release claim = good();
    sign(&claim);
}

static void tear_down(void)
{
    wtl_signer_deinit(&signer);
    fixture_deinit();
}

TestSuite(certs_release, .init = set_up, .fini = tear_down, .timeout = 60);

static enum wtl_status check_at(const void *bytes, size_t size, int64_t now_s)
{
    word = "";
    error = (struct wtl_error){0};
    return wtl_release_check(bytes, size, &trusted, now_s, &release, &word, &error);
}

static void refused(const void *bytes, size_t size, const char *why, const char *text)
{
    cr_expect_eq(check_at(bytes, size, NOW_S), WTL_DENIED);
    cr_expect_str_eq(word, why);
    cr_expect_not_null(strstr(error.text, text), "no \"%s\" in \"%s\"", text, error.text);
}

Test(certs_release, X082_what_was_signed_is_good)
{
    char id[WTL_KEY_ID_TEXT];
    cr_assert_eq(check_at(file, file_size, NOW_S), WTL_OK, "%s", error.text);
    cr_expect_str_eq(release.name, "climate");
    cr_expect_str_eq(release.version, "0.1.0");
    cr_expect_eq(release.number, 17);
    cr_expect_eq(release.size, MODULE_SIZE);
    cr_expect_eq(release.abi_major, 1);
    cr_expect_eq(release.abi_minor, 0);
    cr_expect_eq(release.expires_s, NOW_S + 365 * DAY_S);
    cr_expect_str_eq(release.key, wtl_key_id(signer.key, id));
    cr_expect_eq(wtl_release_module_size(file, file_size), MODULE_SIZE);
    cr_expect_eq(wtl_release_module_size(file, MODULE_SIZE), MODULE_SIZE);
}

/* The second opinion: openssl verifies the same signature with the same key, and reads both keys.
 */
Test(certs_release, X082_openssl_says_so_too)
{
    size_t tail = file_size - MODULE_SIZE;
    size_t manifest = tail - WTL_SIGNER_SIGNATURE - 20;
    fixture_write(fixture_path("manifest"), file + MODULE_SIZE, manifest, 0600);
    fixture_write(fixture_path("signature"), file + MODULE_SIZE + manifest, WTL_SIGNER_SIGNATURE,
                  0600);
    fixture_write(fixture_path("module"), file, MODULE_SIZE, 0600);
    cr_expect_eq(fixture_run(output, sizeof output,
                             "openssl pkeyutl -verify -rawin -in manifest -sigfile signature "
                             "-pubin -inkey team.pub"),
                 0, "%s", output);
    cr_expect_eq(
        fixture_run(output, sizeof output, "openssl pkey -in team.key -pubout | cmp - team.pub"), 0,
        "%s", output);
    cr_expect_eq(fixture_run(output, sizeof output,
                             "grep -q \"^blake2b $(b2sum -l 256 module | cut -d' ' -f1)$\" "
                             "manifest"),
                 0, "%s", output);
}

Test(certs_release, X082_unsigned)
{
    refused(file, MODULE_SIZE, "unsigned", "wattle module sign FILE");
    refused(file, 0, "unsigned", "has no signature");
    cr_expect_eq(wtl_release_read(file, MODULE_SIZE, &release, &error), WTL_NOT_FOUND);
}

Test(certs_release, X082_of_another_key)
{
    struct wtl_signer other;
    char id[WTL_KEY_ID_TEXT];
    cr_assert_eq(wtl_signer_create(fixture_path("other"), &other, &error), WTL_OK);
    struct wtl_trusted both = trusted;
    trusted.count = 0;
    refused(file, file_size, "unknown_key", "there is none");
    memcpy(trusted.keys[trusted.count++], other.key, WTL_SIGNER_KEY);
    refused(file, file_size, "unknown_key", wtl_key_id(other.key, id));
    cr_expect_not_null(strstr(error.text, wtl_key_id(signer.key, id)), "%s", error.text);
    /* several keys are trusted while one takes the place of another */
    memcpy(trusted.keys[trusted.count++], both.keys[0], WTL_SIGNER_KEY);
    cr_expect_eq(check_at(file, file_size, NOW_S), WTL_OK, "%s", error.text);
    wtl_signer_deinit(&other);
}

/* A manifest of one file behind the bytes of another. */
Test(certs_release, X082_a_signature_of_other_bytes)
{
    file[100] ^= 1;
    refused(file, file_size, "changed", "bytes were changed");
    file[100] ^= 1;
    memmove(file + MODULE_SIZE - 1, file + MODULE_SIZE, file_size - MODULE_SIZE);
    refused(file, file_size - 1, "changed", "bytes were changed");
}

Test(certs_release, X082_expired)
{
    cr_expect_eq(check_at(file, file_size, NOW_S + 365 * DAY_S - 1), WTL_OK, "%s", error.text);
    cr_expect_eq(check_at(file, file_size, NOW_S + 365 * DAY_S), WTL_DENIED);
    cr_expect_str_eq(word, "expired");
    cr_expect_not_null(strstr(error.text, "2027-01-15T12:00:00Z"), "%s", error.text);
    /* what it says can still be looked at */
    cr_expect_eq(wtl_release_read(file, file_size, &release, &error), WTL_OK);
}

/* Signed by the right key, but claiming another one. */
Test(certs_release, X082_a_manifest_that_names_another_key)
{
    char text[WTL_RELEASE_MANIFEST_MAX];
    struct wtl_release claim = good();
    claim.size = MODULE_SIZE;
    memcpy(claim.key, "0123456789abcdef", WTL_KEY_ID_TEXT);
    size_t size = wtl__release_format(&claim, text);
    cr_assert_gt(size, 0);
    uint8_t *at = file + MODULE_SIZE;
    uint8_t mark[20];
    memcpy(mark, file + file_size - 20, 20);
    memcpy(at, text, size);
    cr_assert_eq(crypto_sign_detached(at + size, NULL, at, size, signer.secret.bytes), 0);
    memcpy(at + size + WTL_SIGNER_SIGNATURE, mark, 20);
    at[size + WTL_SIGNER_SIGNATURE + 2] = (uint8_t)(size >> 8);
    at[size + WTL_SIGNER_SIGNATURE + 3] = (uint8_t)size;
    refused(file, MODULE_SIZE + size + WTL_SIGNER_SIGNATURE + 20, "bad_manifest",
            "another version");
}

/* Each byte of the file, each bit of what is behind the module. */
Test(certs_release, X083_every_flipped_bit_is_refused)
{
    for (size_t at = 0; at < file_size; at++) {
        for (unsigned bit = 0; bit < (at < MODULE_SIZE ? 1u : 8u); bit++) {
            file[at] ^= (uint8_t)(1u << bit);
            cr_assert_eq(check_at(file, file_size, NOW_S), WTL_DENIED, "byte %zu, bit %u", at, bit);
            cr_assert(word[0] != '\0' && error.text[0] != '\0');
            file[at] ^= (uint8_t)(1u << bit);
        }
    }
    cr_assert_eq(check_at(file, file_size, NOW_S), WTL_OK);
}

Test(certs_release, X083_every_shorter_or_longer_copy_is_refused)
{
    for (size_t cut = 0; cut < file_size; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1); /* so that a step behind it is seen */
        memcpy(copy, file, cut);
        cr_assert_eq(check_at(copy, cut, NOW_S), WTL_DENIED, "%zu", cut);
        free(copy);
        cr_assert_eq(check_at(file + cut + 1, file_size - cut - 1, NOW_S), WTL_DENIED, "%zu", cut);
    }
    file[file_size] = 0;
    refused(file, file_size + 1, "unsigned", "no signature");
}

/* What a manifest may not be: only the one form of each line is read. */
Test(certs_release, X083_only_one_way_to_write_a_manifest)
{
    static const char *const changes[][2] = {
        {"number 17", "number 017"},
        {"number 17", "number +17"},
        {"number 17", "number -1"},
        {"number 17", "number 18446744073709551616"},
        {"number 17", "number 17 "},
        {"abi 1.0", "abi 1.65536"},
        {"abi 1.0", "abi 1"},
        {"abi 1.0", "abi 1.0.0"},
        {"name climate", "name Climate"},
        {"name climate", "name 1climate"},
        {"name climate", "name "},
        {"name climate\n", ""},
        {"name climate", "name climate\nname climate"},
        {"name climate\nversion 0.1.0", "version 0.1.0\nname climate"},
        {"version 0.1.0", "version 0.1 0"},
        {"version 0.1.0", "version 0.1.0\r"},
        {"version 0.1.0", "version 0123456789012345678901234567890123456789"},
        {"signed 2026-01-15T12:00:00Z", "signed 2026-02-30T12:00:00Z"},
        {"signed 2026-01-15T12:00:00Z", "signed 2026-1-15T12:00:00Z"},
        {"signed 2026-01-15T12:00:00Z", "signed 2026-01-15 12:00:00"},
        {"wattle-module 1", "wattle-module 2"},
    };
    char text[WTL_RELEASE_MANIFEST_MAX];
    struct wtl_release claim = good();
    memcpy(claim.key, "0123456789abcdef", WTL_KEY_ID_TEXT);
    size_t size = wtl__release_format(&claim, text);
    cr_assert(size > 0 && size + 64 < sizeof text);
    text[size] = '\0';
    cr_assert_eq(wtl__release_parse(text, size, &release, &error), WTL_OK, "%s", error.text);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char changed[2 * WTL_RELEASE_MANIFEST_MAX];
        const char *at = strstr(text, changes[i][0]);
        cr_assert_not_null(at, "%s", changes[i][0]);
        (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, changes[i][1],
                       at + strlen(changes[i][0]));
        error = (struct wtl_error){0};
        cr_expect_eq(wtl__release_parse(changed, strlen(changed), &release, &error), WTL_INVALID,
                     "%s", changes[i][1]);
        cr_expect_neq(error.text[0], '\0');
    }
}

Test(certs_release, X082_what_cannot_be_signed)
{
    uint8_t tail[WTL_RELEASE_TAIL_MAX];
    size_t size;
    struct wtl_release claims[] = {good(), good(), good()};
    (void)snprintf(claims[0].name, sizeof claims[0].name, "Climate");
    (void)snprintf(claims[1].version, sizeof claims[1].version, "1 2");
    claims[2].expires_s = claims[2].signed_s;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        cr_expect_eq(wtl_release_sign(&signer, &claims[i], file, 10, tail, &size, &error),
                     WTL_INVALID);
        cr_expect_eq(size, 0);
    }
}
