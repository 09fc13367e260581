/* ca.c - the CA as a folder: making, refusing, issuing, clamping, expiry, renewal. */
#include "certs/ca.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

TestSuite(certs_ca, .init = fixture_init, .fini = fixture_deinit);

static const char *make_ca(void)
{
    struct wtl_error error = {0};
    const char *folder = fixture_path("ca");
    cr_assert_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_OK, "%s", error.text);
    return folder;
}

static enum wtl_status issue(const char *folder, const struct wtl_id_request *request,
                             int64_t now_s, struct wtl_bundle *bundle, bool *clamped,
                             struct wtl_error *error)
{
    *error = (struct wtl_error){0};
    return wtl_ca_issue(folder, request, now_s, bundle, clamped, error);
}

Test(certs_ca, I01_init_makes_root_and_issuing_ca)
{
    struct wtl_ca_info info;
    struct wtl_error error = {0};
    struct stat stats;
    const char *folder = make_ca();
    static const char *const files[] = {"ca/root.key", "ca/root.pem", "ca/issuing.key",
                                        "ca/issuing.pem"};
    cr_assert_eq(stat(folder, &stats), 0);
    cr_expect_eq(stats.st_mode & 07777, 0700);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(stat(fixture_path(files[i]), &stats), 0, "%s", files[i]);
        cr_expect_eq(stats.st_mode & 07777, 0600, "%s", files[i]);
    }
    cr_assert_eq(wtl_ca_inspect(folder, &info, &error), WTL_OK, "%s", error.text);
    cr_expect_str_eq(info.mesh, "climate");
    cr_expect_eq(info.root_not_after_s, NOW_S + 3650 * DAY_S);
    cr_expect_eq(info.issuing_not_after_s, NOW_S + 365 * DAY_S);
    cr_expect(info.has_root_key && info.has_issuing_key);
}

Test(certs_ca, I01_init_refuses_to_overwrite)
{
    struct wtl_error error = {0};
    const char *folder = make_ca();
    char before[2000];
    char after[2000];
    (void)fixture_run(before, sizeof before, "sha256sum ca/*");
    cr_expect_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_EXISTS);
    cr_expect_not_null(strstr(error.text, "root.key"), "%s", error.text);
    /* one file of five is enough */
    cr_assert_eq(unlink(fixture_path("ca/root.key")), 0);
    cr_assert_eq(unlink(fixture_path("ca/root.pem")), 0);
    cr_assert_eq(unlink(fixture_path("ca/issuing.key")), 0);
    (void)fixture_run(before, sizeof before, "sha256sum ca/*");
    cr_expect_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_EXISTS);
    (void)fixture_run(after, sizeof after, "sha256sum ca/*");
    cr_expect_str_eq(before, after, "and nothing was written or removed");
    cr_assert_eq(rename(fixture_path("ca/issuing.pem"), fixture_path("ca/issued.log")), 0);
    cr_expect_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_EXISTS);
    cr_expect_not_null(strstr(error.text, "issued.log"), "%s", error.text);
}

/* The disk is full after the first file: nothing is left that would be in the way next time. */
Test(certs_ca, I01_half_a_ca_is_taken_back)
{
    struct wtl_error error = {0};
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 300, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum wtl_status status = wtl_ca_create(fixture_path("ca"), "climate", NOW_S, &error);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    cr_expect_eq(status, WTL_SYSTEM);
    cr_expect_not_null(strstr(error.text, "root.pem: write: "), "%s", error.text);
    cr_expect_eq(access(fixture_path("ca"), F_OK), -1);
}

Test(certs_ca, I01_bad_names_and_places)
{
    struct wtl_error error = {0};
    cr_expect_eq(wtl_ca_create(fixture_path("bad"), "Climate", NOW_S, &error), WTL_INVALID);
    cr_expect_not_null(strstr(error.text, "mesh name: expected"), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "came \"Climate\""), "%s", error.text);
    cr_expect_eq(wtl_ca_create(fixture_path("bad"), "", NOW_S, &error), WTL_INVALID);
    cr_expect_eq(wtl_ca_create(fixture_path("bad"), "climate", -1, &error), WTL_INVALID);
    cr_expect_eq(wtl_ca_create(fixture_path("bad"), "climate", INT64_MAX, &error), WTL_INVALID);
    cr_expect_eq(access(fixture_path("bad"), F_OK), -1, "a refused CA leaves no folder");
    cr_expect_eq(wtl_ca_create(fixture_path("no/such"), "climate", NOW_S, &error), WTL_SYSTEM);
    cr_assert_eq(mkdir(fixture_path("open"), 0755), 0);
    cr_assert_eq(chmod(fixture_path("open"), 0755), 0);
    cr_expect_eq(wtl_ca_create(fixture_path("open"), "climate", NOW_S, &error), WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "chmod 700"), "%s", error.text);
    cr_assert_eq(chmod(fixture_path("open"), 0700), 0);
    cr_expect_eq(wtl_ca_create(fixture_path("open"), "climate", NOW_S, &error), WTL_OK);
}

Test(certs_ca, I02_issue_makes_a_bundle)
{
    const char *folder = make_ca();
    struct wtl_id_request request = {.name = "gw-3",
                                     .layer = WTL_LAYER_EDGE,
                                     .tenant = "north",
                                     .days = 30,
                                     .host = "gw-3.example"};
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped = true;
    char line[1000];
    char uri[WTL_URI_MAX];
    cr_assert_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_not(clamped);
    cr_expect_str_eq(wtl_identity_uri(&bundle.identity, uri), "spiffe://climate/north/edge/gw-3");
    cr_expect_eq(bundle.identity.not_after_s, NOW_S + 30 * DAY_S);
    cr_expect_eq(bundle.identity.not_before_s, NOW_S - WTL_CA_BACKDATE_S);
    cr_expect_eq(bundle.identity.serial_size, 16);
    cr_expect(bundle.chain_count == 2 && bundle.roots_count == 1);
    cr_expect_eq(wtl_bundle_verify(&bundle, NOW_S, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(fixture_run(line, sizeof line, "cat ca/issued.log"), 0);
    cr_expect_eq(strncmp(line, "2026-01-15T12:00:00Z serial=", 28), 0, "%s", line);
    cr_expect_not_null(
        strstr(line, " uri=spiffe://climate/north/edge/gw-3 expires=2026-02-14T12:00:00Z\n"), "%s",
        line);
    wtl_bundle_deinit(&bundle);
    request = fixture_request();
    cr_assert_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_str_eq(bundle.identity.tenant, "default");
    cr_expect_eq(bundle.identity.not_after_s, NOW_S + 90 * DAY_S);
    wtl_bundle_deinit(&bundle);
    cr_expect_eq(fixture_run(line, sizeof line, "test $(wc -l < ca/issued.log) = 2"), 0);
    cr_expect_eq(fixture_run(line, sizeof line, "test $(stat -c %%a ca/issued.log) = 600"), 0);
}

Test(certs_ca, I02_two_bundles_share_nothing)
{
    struct wtl_bundle first = fixture_bundle();
    struct wtl_bundle second = fixture_bundle();
    cr_expect_neq(memcmp(first.key.bytes, second.key.bytes, first.key.size), 0);
    cr_expect_neq(memcmp(first.identity.serial, second.identity.serial, 16), 0);
    cr_expect_neq(memcmp(first.identity.fingerprint, second.identity.fingerprint, 32), 0);
    wtl_bundle_deinit(&first);
    wtl_bundle_deinit(&second);
}

Test(certs_ca, I02_leaf_never_outlives_its_issuer)
{
    const char *folder = make_ca();
    struct wtl_id_request request = fixture_request();
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped;
    int64_t end_s = NOW_S + 365 * DAY_S;
    /* exactly as long is not clamped; a second later it is */
    cr_assert_eq(issue(folder, &request, end_s - 90 * DAY_S, &bundle, &clamped, &error), WTL_OK,
                 "%s", error.text);
    cr_expect(!clamped && bundle.identity.not_after_s == end_s);
    wtl_bundle_deinit(&bundle);
    cr_assert_eq(issue(folder, &request, end_s - 90 * DAY_S + 1, &bundle, &clamped, &error), WTL_OK,
                 "%s", error.text);
    cr_expect(clamped && bundle.identity.not_after_s == end_s);
    wtl_bundle_deinit(&bundle);
    request.days = 3650;
    cr_assert_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect(clamped && bundle.identity.not_after_s == end_s);
    wtl_bundle_deinit(&bundle);
    cr_assert_eq(issue(folder, &request, end_s - 1, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect(clamped && bundle.identity.not_after_s == end_s);
    wtl_bundle_deinit(&bundle);
    /* nor does it begin before its issuer does */
    cr_assert_eq(issue(folder, &request, NOW_S - 100, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_eq(bundle.identity.not_before_s, NOW_S - WTL_CA_BACKDATE_S);
    wtl_bundle_deinit(&bundle);
}

Test(certs_ca, I02_expired_issuer_and_early_clock_are_refused)
{
    const char *folder = make_ca();
    struct wtl_id_request request = fixture_request();
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped;
    cr_expect_eq(issue(folder, &request, NOW_S + 365 * DAY_S, &bundle, &clamped, &error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "the issuing CA expired on 2027-01-15T12:00:00Z"), "%s",
                       error.text);
    cr_expect_not_null(strstr(error.text, "renew"), "%s", error.text);
    cr_expect_null(bundle.key.bytes);
    cr_expect_eq(issue(folder, &request, NOW_S - WTL_CA_BACKDATE_S - 1, &bundle, &clamped, &error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "set the clock"), "%s", error.text);
    cr_expect_eq(issue(folder, &request, 0, &bundle, &clamped, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "1970-01-01"), "%s", error.text);
    cr_expect_eq(access(fixture_path("ca/issued.log"), F_OK), -1, "nothing was issued or logged");
}

Test(certs_ca, I02_bad_requests_are_refused)
{
    const char *folder = make_ca();
    static const struct {
        struct wtl_id_request request;
        const char *word;
    } table[] = {
        {{.name = "Sensor", .layer = WTL_LAYER_DEVICE}, "node name: expected"},
        {{.name = "", .layer = WTL_LAYER_DEVICE}, "node name: expected"},
        {{.name = "a/b", .layer = WTL_LAYER_DEVICE}, "came \"a/b\""},
        {{.name = "a\nb", .layer = WTL_LAYER_DEVICE}, "came \"a?b\""},
        {{.name = "a", .layer = WTL_LAYER_DEVICE, .tenant = "*"}, "tenant: expected"},
        {{.name = "a", .layer = (enum wtl_layer)7}, "layer: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .days = 3651}, "days: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = "*.example"}, "host: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = "a..b"}, "host: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = "a-.b"}, "host: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = "-a"}, "host: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = "a."}, "host: expected"},
        {{.name = "a", .layer = WTL_LAYER_EDGE, .host = ""}, "host: expected"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct wtl_bundle bundle;
        struct wtl_error error;
        bool clamped;
        cr_expect_eq(issue(folder, &table[i].request, NOW_S, &bundle, &clamped, &error),
                     WTL_INVALID, "row %zu", i);
        cr_expect_not_null(strstr(error.text, table[i].word), "row %zu: %s", i, error.text);
        cr_expect_null(bundle.key.bytes);
    }
}

Test(certs_ca, I01_root_key_may_be_offline)
{
    const char *folder = make_ca();
    struct wtl_id_request request = fixture_request();
    struct wtl_ca_info info;
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped;
    cr_assert_eq(rename(fixture_path("ca/root.key"), fixture_path("stick")), 0);
    cr_assert_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    wtl_bundle_deinit(&bundle);
    cr_assert_eq(wtl_ca_inspect(folder, &info, &error), WTL_OK, "%s", error.text);
    cr_expect(!info.has_root_key && info.has_issuing_key);
    cr_expect_eq(wtl_ca_renew(folder, NOW_S, &error), WTL_SYSTEM);
    cr_expect_not_null(strstr(error.text, "root.key"), "%s", error.text);
}

Test(certs_ca, I01_issuing_ca_is_renewed_with_the_root)
{
    const char *folder = make_ca();
    struct wtl_id_request request = fixture_request();
    struct wtl_ca_info info;
    struct wtl_bundle old;
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped;
    int64_t later_s = NOW_S + 400 * DAY_S;
    cr_assert_eq(issue(folder, &request, NOW_S, &old, &clamped, &error), WTL_OK);
    cr_assert_eq(wtl_ca_renew(folder, later_s, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_ca_inspect(folder, &info, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(info.issuing_not_after_s, later_s + 365 * DAY_S);
    cr_assert_eq(issue(folder, &request, later_s, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_eq(wtl_bundle_verify(&bundle, later_s, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(wtl_bundle_verify(&old, NOW_S, &error), WTL_OK, "old ones stay: %s", error.text);
    /* the last issuing CA ends with the root, and then there is none any more */
    cr_assert_eq(wtl_ca_renew(folder, NOW_S + 3649 * DAY_S, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_ca_inspect(folder, &info, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(info.issuing_not_after_s, info.root_not_after_s);
    cr_expect_eq(wtl_ca_renew(folder, NOW_S + 3650 * DAY_S, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "the root CA expired"), "%s", error.text);
    wtl_bundle_deinit(&old);
    wtl_bundle_deinit(&bundle);
}

Test(certs_ca, X035_files_of_the_ca_are_checked)
{
    const char *folder = make_ca();
    struct wtl_id_request request = fixture_request();
    struct wtl_bundle bundle;
    struct wtl_error error;
    bool clamped;
    char output[500];
    cr_expect_eq(issue(fixture_path("none"), &request, NOW_S, &bundle, &clamped, &error),
                 WTL_NOT_FOUND);
    cr_assert_eq(chmod(fixture_path("ca/issuing.key"), 0644), 0);
    cr_expect_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "chmod 600"), "%s", error.text);
    cr_assert_eq(chmod(fixture_path("ca/issuing.key"), 0600), 0);
    cr_assert_eq(chmod(folder, 0750), 0);
    cr_expect_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "chmod 700"), "%s", error.text);
    cr_assert_eq(chmod(folder, 0700), 0);
    /* another key, and another certificate */
    cr_assert_eq(fixture_run(output, sizeof output, "cp -p ca/root.key ca/issuing.key"), 0);
    cr_expect_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "came another key"), "%s", error.text);
    cr_assert_eq(wtl_ca_create(fixture_path("ca2"), "climate", NOW_S, &error), WTL_OK);
    cr_assert_eq(fixture_run(output, sizeof output, "cp -p ca2/issuing.* ca/"), 0);
    cr_expect_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "roots"), "%s", error.text);
    cr_assert_eq(fixture_run(output, sizeof output, "echo junk > ca/issuing.pem"), 0);
    cr_expect_eq(issue(folder, &request, NOW_S, &bundle, &clamped, &error), WTL_CONFIG);
    cr_expect_not_null(strstr(error.text, "issuing.pem: line 1"), "%s", error.text);
}
