/* attach.c - proofs of attachment: only the leaf itself can make one. */
#include "node/attach.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "certs/ca.h"

static char folder[64];
static struct wtl_bundle leaf, other, edge, stranger;
static uint8_t proof[WTL__ATTACH_PROOF_MAX];
static int64_t now_s;

static void issue(const char *ca, const char *name, enum wtl_layer layer, struct wtl_bundle *out)
{
    char path[96];
    struct stat info;
    struct wtl_error error = {0};
    bool clamped;
    (void)snprintf(path, sizeof path, "%s/%s", folder, ca);
    if (stat(path, &info) != 0) {
        cr_assert_eq(wtl_ca_create(path, "climate", now_s, &error), WTL_OK, "%s", error.text);
    }
    struct wtl_id_request request = {.name = name, .layer = layer};
    cr_assert_eq(wtl_ca_issue(path, &request, now_s, out, &clamped, &error), WTL_OK, "%s",
                 error.text);
}

static void setup(void)
{
    now_s = (int64_t)(wtl__clock_wall_ns(wtl__clock_system()) / WTL__NS_PER_S);
    (void)snprintf(folder, sizeof folder, "/tmp/wattle-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    issue("ca", "device-1", WTL_LAYER_DEVICE, &leaf);
    issue("ca", "device-2", WTL_LAYER_DEVICE, &other);
    issue("ca", "edge-1", WTL_LAYER_EDGE, &edge);
    issue("ca-2", "device-1", WTL_LAYER_DEVICE, &stranger);
}

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(name);
}

static void teardown(void)
{
    wtl_bundle_deinit(&leaf);
    wtl_bundle_deinit(&other);
    wtl_bundle_deinit(&edge);
    wtl_bundle_deinit(&stranger);
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(attach, .init = setup, .fini = teardown);

/* The record that this leaf signs. */
static struct wtl__attach signed_by(const struct wtl_bundle *bundle)
{
    struct wtl__attach_signer signer = {.bundle = bundle};
    struct wtl__attach attach = {.leaf = wtl_identity_node_bits(&bundle->identity) << 24 | 3,
                                 .uplink = wtl_identity_node_bits(&edge.identity) << 24 | 1,
                                 .number = 7,
                                 .expiry_s = now_s + 600,
                                 .layer = (uint8_t)bundle->identity.layer,
                                 .proof = proof};
    memcpy(attach.name, bundle->identity.name, sizeof attach.name);
    size_t size = wtl__attach_sign(&signer, &attach, proof);
    cr_assert(size > 0 && size <= sizeof proof);
    attach.proof_size = (uint32_t)size;
    return attach;
}

static bool is_good(const struct wtl__attach *attach)
{
    struct wtl__attach_signer judge = {.bundle = &edge};
    return wtl__attach_check(&judge, attach, now_s);
}

Test(attach, a_leaf_s_own_record_is_good)
{
    struct wtl__attach attach = signed_by(&leaf);
    cr_assert(is_good(&attach));
}

Test(attach, any_other_field_is_not)
{
    struct wtl__attach good = signed_by(&leaf);
    struct wtl__attach bad = good;
    bad.uplink++;
    cr_assert_not(is_good(&bad));
    bad = good;
    bad.number++;
    cr_assert_not(is_good(&bad));
    bad = good;
    bad.expiry_s++;
    cr_assert_not(is_good(&bad));
    bad = good;
    bad.leaf ^= 1;
    cr_assert_not(is_good(&bad));
    bad = good;
    bad.layer = WTL_LAYER_EDGE;
    cr_assert_not(is_good(&bad));
    bad = good;
    memcpy(bad.name, "device-2", sizeof "device-2");
    cr_assert_not(is_good(&bad));
}

Test(attach, another_node_cannot_sign_for_it)
{
    struct wtl__attach_signer signer = {.bundle = &other};
    struct wtl__attach attach = signed_by(&leaf);
    cr_assert_eq(wtl__attach_sign(&signer, &attach, proof), 0, "device-2 signs for device-1");
    struct wtl__attach theirs = signed_by(&other);
    attach.proof_size = theirs.proof_size; /* the proof of device-2, with the name of device-1 */
    cr_assert_not(is_good(&attach));
    struct wtl__attach foreign = signed_by(&stranger);
    cr_assert_not(is_good(&foreign), "a CA of another mesh has signed for device-1");
    struct wtl__attach own = signed_by(&leaf);
    struct wtl__attach_signer judge = {.bundle = &edge};
    cr_assert_not(wtl__attach_check(&judge, &own, now_s + 100 * 86400), "it has expired");
}
