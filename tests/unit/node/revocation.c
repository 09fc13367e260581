/* revocation.c - the lists of a node: read at its start, looked at again, kept when worse. */
#include "net/revocation.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "certs/ca.h"
#include "node/attach.h"

static char folder[64];
static char ca[96];
static char path[96];
static int64_t now_s;
static struct wtl_bundle edge;
static struct wtl_bundle device;
static struct wtl_error error;

static void issue(const char *name, enum wtl_layer layer, struct wtl_bundle *out)
{
    struct wtl_id_request request = {.name = name, .layer = layer};
    bool clamped;
    cr_assert_eq(wtl_ca_issue(ca, &request, now_s, out, &clamped, &error), WTL_OK, "%s",
                 error.text);
}

static void revoke_one(const char *what)
{
    struct wtl_ca_revoked list;
    cr_assert_eq(wtl_ca_revoke(ca, what, 0, now_s, &list, &error), WTL_OK, "%s", error.text);
    wtl_ca_revoked_deinit(&list);
}

static void setup(void)
{
    now_s = (int64_t)time(NULL);
    error = (struct wtl_error){0};
    (void)snprintf(folder, sizeof folder, "/tmp/wattle-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(ca, sizeof ca, "%s/ca", folder);
    (void)snprintf(path, sizeof path, "%s/ca/revoked.crl", folder);
    cr_assert_eq(wtl_ca_create(ca, "climate", now_s, &error), WTL_OK, "%s", error.text);
    issue("edge-1", WTL_LAYER_EDGE, &edge);
    issue("device-1", WTL_LAYER_DEVICE, &device);
    revoke_one(NULL);
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
    wtl_bundle_deinit(&edge);
    wtl_bundle_deinit(&device);
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(revocation, .init = setup, .fini = teardown, .timeout = 60);

static bool is_good(const struct wtl__revocation *revocation, const struct wtl_bundle *bundle)
{
    const char *word = "";
    return wtl__revocation_check(revocation, &bundle->identity, &word, NULL) == WTL_OK;
}

Test(revocation, X027_a_node_starts_with_a_good_list_or_not_at_all)
{
    struct wtl__revocation *revocation;
    char none[96];
    cr_assert_eq(wtl__revocation_create(path, &edge, &revocation, &error), WTL_OK, "%s",
                 error.text);
    cr_expect(is_good(revocation, &device));
    wtl__revocation_destroy(revocation);
    (void)snprintf(none, sizeof none, "%s/none", folder);
    cr_expect_eq(wtl__revocation_create(none, &edge, &revocation, &error), WTL_SYSTEM);
    cr_expect_not_null(strstr(error.text, "none: open: No such file"), "%s", error.text);
    cr_expect_null(revocation);
    cr_expect_eq(wtl__revocation_create(ca, &edge, &revocation, &error), WTL_CONFIG);
    revoke_one("edge-1");
    cr_expect_eq(wtl__revocation_create(path, &edge, &revocation, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "the certificate of edge-1 was revoked"), "%s",
                       error.text);
    cr_expect_null(revocation);
}

/* ---- while it runs --------------------------------------------------------------------------- */

static sem_t changed; /* posted when there is news, or a refusal was logged */
static _Atomic(unsigned) refusals;

static void on_news(void *context)
{
    (void)context;
    (void)sem_post(&changed);
}

static void on_line(void *state, const char *line, size_t length)
{
    (void)state;
    if (memmem(line, length, " revoked_list_refused ", 22) != NULL) {
        atomic_fetch_add(&refusals, 1);
        (void)sem_post(&changed);
    }
}

static void await_change(void)
{
    struct timespec until;
    cr_assert_eq(clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_sec += 30;
    cr_assert_eq(sem_timedwait(&changed, &until), 0, "nothing has changed");
}

struct question {
    const struct wtl__revocation *revocation;
    bool is_good;
};

static void ask(void *argument)
{
    struct question *question = argument;
    question->is_good = is_good(question->revocation, &device);
}

static bool is_good_on(struct wtl__loop *loop, const struct wtl__revocation *revocation)
{
    struct question question = {.revocation = revocation};
    wtl__loop_call(loop, ask, &question);
    return question.is_good;
}

Test(revocation, I09_a_changed_file_is_news_and_a_worse_one_is_not)
{
    struct wtl__revocation *revocation;
    struct wtl__loop *loop;
    char old[96];
    (void)snprintf(old, sizeof old, "%s/old", folder);
    cr_assert_eq(sem_init(&changed, 0, 0), 0);
    cr_assert_eq(rename(path, old), 0);
    revoke_one(NULL); /* a CA that has lost its list counts from 1 again */
    cr_assert_eq(wtl__revocation_create(path, &edge, &revocation, &error), WTL_OK);
    wtl__log_set_sink(wtl__log_process(), on_line, NULL);
    cr_assert_eq(wtl__loop_create(&loop, &error), WTL_OK);
    wtl__revocation_start(revocation, loop, on_news, NULL);
    cr_assert_eq(wtl__loop_start(loop, NULL, &error), WTL_OK);
    /* another list of the number that is in use */
    cr_assert_eq(rename(old, path), 0);
    await_change();
    cr_expect_eq(atomic_load(&refusals), 1);
    revoke_one("device-1");
    await_change();
    cr_expect_eq(atomic_load(&refusals), 1);
    cr_expect_not(is_good_on(loop, revocation));
    cr_assert_eq(remove(path), 0);
    await_change();
    cr_expect_eq(atomic_load(&refusals), 2);
    cr_expect_not(is_good_on(loop, revocation), "the list that was read last is in use");
    wtl__loop_stop(loop);
    wtl__revocation_stop(revocation);
    wtl__loop_destroy(loop);
    wtl__revocation_destroy(revocation);
    (void)sem_destroy(&changed);
}

/* A look is under way when the node ends: it is waited for, and nothing is left of it. */
Test(revocation, a_node_may_end_while_a_look_is_under_way)
{
    for (unsigned i = 0; i < 3; i++) {
        struct wtl__revocation *revocation;
        struct wtl__loop *loop;
        cr_assert_eq(wtl__revocation_create(path, &edge, &revocation, &error), WTL_OK);
        cr_assert_eq(wtl__loop_create(&loop, &error), WTL_OK);
        wtl__revocation_start(revocation, loop, on_news, NULL);
        revoke_one(NULL);
        wtl__revocation_look(revocation);
        wtl__revocation_stop(revocation);
        wtl__loop_destroy(loop);
        wtl__revocation_destroy(revocation);
    }
}

/* ---- whom others vouch for --------------------------------------------------------------------
 */

/* A device that is attached elsewhere is believed by its record, which its certificate signs. */
Test(revocation, X027_the_record_of_a_revoked_leaf_is_not_believed)
{
    static uint8_t proof[WTL__ATTACH_PROOF_MAX];
    struct wtl__revocation *revocation;
    struct wtl__attach_signer signer = {.bundle = &device};
    struct wtl__attach attach = {.leaf = wtl_identity_node_bits(&device.identity) << 24 | 3,
                                 .uplink = wtl_identity_node_bits(&edge.identity) << 24 | 1,
                                 .number = 7,
                                 .expiry_s = now_s + 600,
                                 .layer = WTL_LAYER_DEVICE,
                                 .proof = proof};
    memcpy(attach.name, device.identity.name, sizeof attach.name);
    attach.proof_size = (uint32_t)wtl__attach_sign(&signer, &attach, proof);
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(wtl__revocation_create(path, &edge, &revocation, &error), WTL_OK);
        struct wtl__attach_signer judge = {.bundle = &edge, .revocation = revocation};
        cr_expect_eq(wtl__attach_check(&judge, &attach, now_s), i == 0);
        wtl__revocation_destroy(revocation);
        revoke_one("device-1");
    }
}
