/* gate.c - the identity gate: what a chain check lets through and a node's certificate may not be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/key.h"
#include "fixture.h"

TestSuite(certs_gate, .init = fixture_init, .fini = fixture_deinit);

/* Signs `leaf`, puts it to the gate, and expects a refusal whose text holds `word`. */
static void expect_refused(struct leaf *leaf, const char *word)
{
    struct wtl_der der = leaf_sign(leaf, &fixture.issuing);
    struct wtl_identity identity;
    struct wtl_error error = {0};
    cr_expect_eq(wtl_identity_check(der.bytes, der.size, &identity, &error), WTL_IDENTITY,
                 "accepted, expected a refusal for: %s", word);
    cr_expect_not_null(strstr(error.text, word), "\"%s\" is not in: %s", word, error.text);
    cr_expect_eq(identity.name[0], '\0');
    wtl__der_free(&der);
}

static void expect_accepted(struct leaf *leaf)
{
    struct wtl_der der = leaf_sign(leaf, &fixture.issuing);
    struct wtl_identity identity;
    struct wtl_error error = {0};
    cr_expect_eq(wtl_identity_check(der.bytes, der.size, &identity, &error), WTL_OK, "%s",
                 error.text);
    wtl__der_free(&der);
}

Test(certs_gate, X024_good_leaf_is_accepted_and_read)
{
    struct leaf leaf;
    struct wtl_identity identity;
    struct wtl_error error = {0};
    leaf_init(&leaf);
    struct wtl_der der = leaf_sign(&leaf, &fixture.issuing);
    cr_assert_eq(wtl_identity_check(der.bytes, der.size, &identity, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_str_eq(identity.mesh, "climate");
    cr_expect_str_eq(identity.tenant, "default");
    cr_expect_eq(identity.layer, WTL_LAYER_DEVICE);
    cr_expect_str_eq(identity.name, "sensor-1");
    cr_expect_eq(identity.not_before_s, NOW_S);
    cr_expect_eq(identity.not_after_s, NOW_S + 90 * DAY_S);
    cr_expect_eq(identity.serial_size, 16);
    cr_expect_arr_eq(identity.serial, leaf.spec.serial, 16);
    cr_expect_arr_eq(identity.public_key, leaf.point, sizeof leaf.point);
    wtl__der_free(&der);
    leaf_deinit(&leaf);
}

Test(certs_gate, X024_extended_key_usage_needs_both)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.purposes = WTL__PURPOSE_SERVER;
    expect_refused(&leaf, "serverAuth only");
    leaf.spec.purposes = WTL__PURPOSE_CLIENT;
    expect_refused(&leaf, "clientAuth only");
    leaf.spec.purposes = WTL__PURPOSE_OTHER;
    expect_refused(&leaf, "others only");
    leaf.spec.purposes = 0;
    expect_refused(&leaf, "came none");
    leaf.spec.purposes = WTL__PURPOSE_SERVER | WTL__PURPOSE_CLIENT | WTL__PURPOSE_OTHER;
    expect_accepted(&leaf);
    leaf_deinit(&leaf);
}

Test(certs_gate, X024_key_usage_is_to_sign_and_not_to_certify)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.usage = 0;
    expect_refused(&leaf, "no key usage");
    leaf.spec.usage = 0x20; /* keyEncipherment */
    expect_refused(&leaf, "digitalSignature");
    leaf.spec.usage = WTL__USAGE_SIGN | WTL__USAGE_SIGN_CERT;
    expect_refused(&leaf, "right to sign");
    leaf.spec.usage = WTL__USAGE_SIGN | WTL__USAGE_SIGN_CRL;
    expect_refused(&leaf, "right to sign");
    leaf.spec.usage = WTL__USAGE_SIGN | 0x20;
    expect_accepted(&leaf);
    leaf_deinit(&leaf);
}

Test(certs_gate, X024_ca_is_no_leaf)
{
    struct leaf leaf;
    struct wtl_identity identity;
    leaf_init(&leaf);
    leaf.spec.is_ca = true;
    expect_refused(&leaf, "CA:FALSE");
    leaf.spec.is_ca = false;
    leaf.spec.has_constraints = false; /* RFC 5280: no extension is no CA */
    expect_accepted(&leaf);
    cr_expect_eq(
        wtl_identity_check(fixture.issuing.cert.bytes, fixture.issuing.cert.size, &identity, NULL),
        WTL_IDENTITY);
    leaf_deinit(&leaf);
}

#define URI(text) text, sizeof(text) - 1

Test(certs_gate, X030_only_well_formed_uris_are_names)
{
    static const struct {
        const char *uri;
        size_t size;
    } table[] = {
        {URI("")},
        {URI("spiffe://")},
        {URI("spiffe://climate")},
        {URI("spiffe://climate/default/device")},
        {URI("spiffe://climate/default/device/")},
        {URI("spiffe://climate/default/device/sensor-1/")},
        {URI("spiffe://climate/default/device/sensor-1/x")},
        {URI("spiffe:///default/device/sensor-1")},
        {URI("spiffe://climate//device/sensor-1")},
        {URI("spiffe://climate/default//sensor-1")},
        {URI("spiffe://climate/default/fog/sensor-1")},
        {URI("spiffe://climate/default/Device/sensor-1")},
        {URI("SPIFFE://climate/default/device/sensor-1")},
        {URI("https://climate/default/device/sensor-1")},
        {URI("spiffe://*/default/device/sensor-1")},
        {URI("spiffe://climate/*/device/sensor-1")},
        {URI("spiffe://climate/default/*/sensor-1")},
        {URI("spiffe://climate/default/device/*")},
        {URI("spiffe://climate/default/device/sensor-*")},
        {URI("spiffe://climate/default/device/sensor-1\0")},
        {URI("spiffe://climate/default/device/sensor-1\0.evil")},
        {URI("spiffe://climate\0/default/device/sensor-1")},
        {URI("spiffe://climate/default/device/sensor-1\n")},
        {URI("spiffe://climate/default/device/sensor-1?x=1")},
        {URI("spiffe://climate/default/device/sensor-1#x")},
        {URI("spiffe://climate/default/device/%73ensor-1")},
        {URI("spiffe://climate/default/device/..")},
        {URI("spiffe://user@climate/default/device/sensor-1")},
        {URI("spiffe://climate:7/default/device/sensor-1")},
        {URI("spiffe://climate/default/device/SENSOR-1")},
        {URI("spiffe://climate/default/device/sens\xc3\xb6r-1")},
        {URI(" spiffe://climate/default/device/sensor-1")},
    };
    struct leaf leaf;
    leaf_init(&leaf);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        leaf_uri(&leaf, 0, table[i].uri, table[i].size);
        expect_refused(&leaf, "URI: expected spiffe://MESH/TENANT/LAYER/NAME");
    }
    leaf_deinit(&leaf);
}

Test(certs_gate, X030_exactly_one_uri)
{
    struct leaf leaf;
    static const char other[] = "spiffe://climate/default/device/sensor-2";
    leaf_init(&leaf);
    leaf.spec.san_count = 2;
    leaf_uri(&leaf, 1, other, strlen(other));
    expect_refused(&leaf, "exactly one URI, came 2");
    leaf_uri(&leaf, 1, leaf.sans[0].bytes, leaf.sans[0].size);
    expect_refused(&leaf, "exactly one URI, came 2"); /* also when both are the same */
    leaf.spec.san_count = 0;
    expect_refused(&leaf, "exactly one URI, came 0");
    leaf.sans[0] = (struct wtl__san){.tag = WTL__SAN_DNS, .bytes = "host", .size = 4};
    leaf.spec.san_count = 1;
    expect_refused(&leaf, "exactly one URI, came 0");
    leaf_deinit(&leaf);
}

Test(certs_gate, X030_other_names_are_plain)
{
    static const struct wtl__san bad[] = {
        {WTL__SAN_DNS, "*.example", 9},
        {WTL__SAN_DNS, "a\0b", 3},
        {WTL__SAN_DNS, "", 0},
        {WTL__SAN_DNS, "a b", 3},
        {WTL__SAN_IP, "\x7f", 1},
        {0x81, "a@b", 3},
        {0x88, "\x2a", 1},
        {0xa4, "\x30\x00", 2},
        {0xa0, "\x06\x01\x2a", 3},
        {WTL__SAN_IP, "\1\2\3\4\5\6\7\1", 8}, /* an address with a mask is for CAs */
    };
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.san_count = 2;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        leaf.sans[1] = bad[i];
        expect_refused(&leaf, "alternative names");
    }
    leaf.sans[1] = (struct wtl__san){WTL__SAN_DNS, "edge.example", 12};
    expect_accepted(&leaf);
    leaf.sans[1] = (struct wtl__san){WTL__SAN_IP, "\x7f\0\0\1", 4};
    expect_accepted(&leaf);
    leaf.spec.san_count = WTL__SANS_MAX + 1;
    for (size_t i = 1; i <= WTL__SANS_MAX; i++) {
        leaf.sans[i] = leaf.sans[1];
    }
    expect_refused(&leaf, "16 at most");
    leaf.spec.san_count = WTL__SANS_MAX;
    expect_accepted(&leaf);
    leaf_deinit(&leaf);
}

Test(certs_gate, X030_name_that_is_too_long_is_refused_and_not_cut)
{
    char uri[WTL_URI_MAX + 200];
    struct leaf leaf;
    leaf_init(&leaf);
    /* a name of 63 bytes is the longest; its first 63 bytes being fine is not enough for 64 */
    for (int size = WTL_NAME_MAX; size <= WTL_NAME_MAX + 200; size += 1 + (size > 66 ? 40 : 0)) {
        int used = snprintf(
            uri, sizeof uri, "spiffe://climate/default/device/%.*s", size,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        leaf_uri(&leaf, 0, uri, (size_t)used);
        if (size == WTL_NAME_MAX) {
            expect_accepted(&leaf);
        } else {
            expect_refused(&leaf, "URI");
        }
    }
    leaf_deinit(&leaf);
}

/* 64 KiB of alternative name: refused by the size of the certificate, before anything is parsed. */
Test(certs_gate, X030_alternative_name_of_64_kib_is_refused)
{
    struct wtl_identity identity;
    struct wtl_error error = {0};
    size_t size = 65536;
    uint8_t *der = malloc(size);
    cr_assert_not_null(der);
    memset(der, 0x30, size);
    cr_expect_eq(wtl_identity_check(der, size, &identity, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "8192 bytes at most, came 65536"), "%s", error.text);
    cr_expect_eq(wtl_identity_check(der, WTL_CERT_MAX + 1, &identity, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "at most"), "%s", error.text);
    free(der);
}

/* The DER of `leaf` with the first bytes `from` turned into `to`; the signature is not the gate's.
 */
static void expect_patched_refused(struct leaf *leaf, const char *from, const char *to, size_t size,
                                   const char *word)
{
    struct wtl_der der = leaf_sign(leaf, &fixture.issuing);
    struct wtl_identity identity;
    struct wtl_error error = {0};
    /* the subject stands behind the issuer, so the last place that matches is meant */
    uint8_t *place = NULL;
    for (size_t i = 0; i + size <= der.size; i++) {
        if (memcmp(der.bytes + i, from, size) == 0) {
            place = der.bytes + i;
        }
    }
    cr_assert_not_null(place, "%s", word);
    memcpy(place, to, size);
    cr_expect_eq(wtl_identity_check(der.bytes, der.size, &identity, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, word), "\"%s\" is not in: %s", word, error.text);
    wtl__der_free(&der);
}

Test(certs_gate, X030_subject_without_nul_and_wildcard)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.common_name = "a common name";
    expect_patched_refused(&leaf, "a common name", "a\0ommon name", 12, "subject");
    expect_patched_refused(&leaf, "a common name", "* common name", 13, "subject");
    expect_patched_refused(&leaf, "a common name", "a\x1b[2J name..", 12, "subject");
    /* BMPString: two bytes a letter, so every second is a NUL */
    expect_patched_refused(&leaf,
                           "\x0c\x0d"
                           "a common name",
                           "\x1e\x0d"
                           "a common name",
                           15, "subject");
    leaf_deinit(&leaf);
}

Test(certs_gate, X024_strange_extensions_are_refused)
{
    struct leaf leaf;
    leaf_init(&leaf);
    /* key usage becomes an unknown extension, which is critical */
    expect_patched_refused(&leaf, "\x06\x03\x55\x1d\x0f", "\x06\x03\x55\x1d\x7f", 5, "unknown");
    /* extended key usage becomes a second subject key identifier: said twice, or no octet string */
    expect_patched_refused(&leaf, "\x06\x03\x55\x1d\x23", "\x06\x03\x55\x1d\x25", 5,
                           "extended key usage");
    /* FALSE is the default, and DER leaves defaults out */
    expect_patched_refused(&leaf, "\x1d\x0f\x01\x01\xff", "\x1d\x0f\x01\x01\x00", 5, "criticality");
    leaf_deinit(&leaf);
}

Test(certs_gate, X032_signature_algorithm_is_the_same_inside_and_outside)
{
    struct leaf leaf;
    leaf_init(&leaf);
    expect_patched_refused(&leaf, "\x2a\x86\x48\xce\x3d\x04\x03\x02",
                           "\x2a\x86\x48\xce\x3d\x04\x03\x03", 8, "signature algorithm");
    leaf_deinit(&leaf);
}

Test(certs_gate, X022_validity_has_an_end_after_its_start)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.not_after_s = leaf.spec.not_before_s;
    expect_refused(&leaf, "validity");
    leaf.spec.not_after_s++;
    expect_accepted(&leaf);
    leaf_deinit(&leaf);
}

Test(certs_gate, X024_extension_twice_is_refused)
{
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.san_count = 1;
    struct wtl_der der = leaf_sign(&leaf, &fixture.issuing);
    struct wtl_error error = {0};
    struct wtl__cert cert;
    /* both key identifiers become the same unknown extension */
    uint8_t *place = memmem(der.bytes, der.size, "\x06\x03\x55\x1d\x0e", 5);
    cr_assert_not_null(place);
    static const uint8_t unknown[] = {0x06, 0x03, 0x55, 0x1d, 0x7e};
    memcpy(place, unknown, sizeof unknown);
    cr_expect_eq(wtl__cert_read(wtl__der_view_of(&der), &cert, &error), WTL_OK,
                 "one unknown extension that is not critical is skipped: %s", error.text);
    uint8_t *second = memmem(der.bytes, der.size, "\x06\x03\x55\x1d\x23", 5);
    cr_assert_not_null(second);
    memcpy(second, unknown, sizeof unknown);
    cr_expect_eq(wtl__cert_read(wtl__der_view_of(&der), &cert, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "twice"), "%s", error.text);
    wtl__der_free(&der);
    leaf_deinit(&leaf);
}

/* Certificates of openssl that are right but for the algorithm, and one that is all right. */
static void expect_of_openssl(const char *key, const char *digest, const char *word)
{
    char output[2000];
    struct wtl_der der;
    struct wtl_identity identity;
    struct wtl_error error = {0};
    uint8_t bytes[WTL_CERT_MAX];
    int code = fixture_run(
        output, sizeof output,
        "rm -f made.der && openssl req -x509 -nodes -newkey %s -keyout made.key -%s -outform DER "
        "-out made.der -days 9 -subj /CN=sensor-1 -addext basicConstraints=critical,CA:FALSE "
        "-addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=serverAuth,clientAuth "
        "-addext subjectAltName=URI:spiffe://climate/default/device/sensor-1,DNS:a.example",
        key, digest);
    cr_assert_eq(code, 0, "openssl: %s", output);
    FILE *file = fopen(fixture_path("made.der"), "rb");
    cr_assert_not_null(file);
    der = (struct wtl_der){bytes, fread(bytes, 1, sizeof bytes, file)};
    (void)fclose(file);
    enum wtl_status status = wtl_identity_check(der.bytes, der.size, &identity, &error);
    if (word == NULL) {
        cr_expect_eq(status, WTL_OK, "%s", error.text);
        cr_expect_str_eq(identity.name, "sensor-1");
    } else {
        cr_expect_eq(status, WTL_IDENTITY, "%s with %s was accepted", key, digest);
        cr_expect_not_null(strstr(error.text, word), "%s", error.text);
    }
}

#define EC(curve) "ec -pkeyopt ec_paramgen_curve:" curve

Test(certs_gate, X032_weak_and_foreign_algorithms_are_refused)
{
    expect_of_openssl("rsa:1024", "sha256", "expected P-256");
    expect_of_openssl("rsa:2048", "sha256", "expected P-256");
    expect_of_openssl(EC("P-384"), "sha256", "expected P-256");
    expect_of_openssl("ed25519", "sha256", "expected P-256");
    expect_of_openssl(EC("P-256"), "sha1", "SHA-256 or better");
    expect_of_openssl(EC("P-256"), "sha224", "SHA-256 or better");
    expect_of_openssl(EC("P-256"), "sha256", NULL);
    expect_of_openssl(EC("P-256"), "sha384", NULL);
    expect_of_openssl(EC("P-256"), "sha512", NULL);
}
