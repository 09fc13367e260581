/* names.c - names, layers, URIs and the bits of a node id. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

Test(certs, names_are_valid_or_not)
{
    static const struct {
        const char *name;
        size_t size;
        bool valid;
    } table[] = {
        {"a", 1, true},
        {"0", 1, true},
        {"sensor-1", 8, true},
        {"a.b_c-d", 7, true},
        {"a-", 2, true},
        {"0123456789012345678901234567890123456789012345678901234567890ab", 63, true},
        {"0123456789012345678901234567890123456789012345678901234567890abc", 64, false},
        {"", 0, false},
        {"-a", 2, false},
        {".", 1, false},
        {"..", 2, false},
        {"_a", 2, false},
        {"A", 1, false},
        {"aB", 2, false},
        {"a b", 3, false},
        {"a/b", 3, false},
        {"a*", 2, false},
        {"a\0b", 3, false},
        {"a\n", 2, false},
        {"\xc3\xa4", 2, false},
        {"a%41", 4, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_expect_eq(wtl_name_is_valid(table[i].name, table[i].size), table[i].valid, "row %zu: %s",
                     i, table[i].name);
    }
}

Test(certs, layers_have_names)
{
    static const char *const names[] = {"device", "edge", "cloud"};
    for (int i = 1; i <= 3; i++) {
        enum wtl_layer layer;
        cr_expect_str_eq(wtl_layer_name((enum wtl_layer)i), names[i - 1]);
        cr_assert_eq(wtl_layer_parse(names[i - 1], &layer), WTL_OK);
        cr_expect_eq((int)layer, i);
    }
    enum wtl_layer untouched = WTL_LAYER_EDGE;
    cr_expect_null(wtl_layer_name((enum wtl_layer)0));
    cr_expect_null(wtl_layer_name((enum wtl_layer)4));
    cr_expect_null(wtl_layer_name((enum wtl_layer) - 1));
    cr_expect_eq(wtl_layer_parse("devices", &untouched), WTL_INVALID);
    cr_expect_eq(wtl_layer_parse("", &untouched), WTL_INVALID);
    cr_expect_eq(untouched, WTL_LAYER_EDGE);
}

Test(certs, uri_of_the_longest_names_fits)
{
    struct wtl_identity identity = {.layer = WTL_LAYER_DEVICE};
    char uri[WTL_URI_MAX];
    memset(identity.mesh, 'm', WTL_NAME_MAX);
    memset(identity.tenant, 't', WTL_NAME_MAX);
    memset(identity.name, 'n', WTL_NAME_MAX);
    cr_expect_eq(strlen(wtl_identity_uri(&identity, uri)), 9u + 3 * 63 + 3 + 6);
}

/* The value is on the wire and in pids: it never changes. Computed with Python's hashlib:
 * blake2b(b"wattle node id 1\0climate\0sensor-1\0", digest_size=32).digest()[:5] */
Test(certs, node_bits_are_stable)
{
    struct wtl_identity identity = {
        .mesh = "climate", .tenant = "default", .name = "sensor-1", .layer = WTL_LAYER_DEVICE};
    uint64_t bits = wtl_identity_node_bits(&identity);
    cr_expect_eq(bits, UINT64_C(0x48732b4efc), "came 0x%llx", (unsigned long long)bits);
    struct wtl_identity other = identity;
    (void)snprintf(other.tenant, sizeof other.tenant, "tenant-2");
    other.layer = WTL_LAYER_CLOUD;
    cr_expect_eq(wtl_identity_node_bits(&other), bits, "tenant and layer do not count");
    (void)snprintf(other.name, sizeof other.name, "sensor-2");
    cr_expect_neq(wtl_identity_node_bits(&other), bits);
    struct wtl_identity ab = {.mesh = "ab", .name = "c"};
    struct wtl_identity bc = {.mesh = "a", .name = "bc"};
    cr_expect_neq(wtl_identity_node_bits(&ab), wtl_identity_node_bits(&bc));
}
