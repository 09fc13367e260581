/* revoke.c - revoking with the folder of a CA: finding what is meant, and the lists that come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs/ca.h"
#include "certs/issued.h"
#include "certs/revoked.h"
#include "fixture.h"

static const char *folder;
static struct wtl_error error;
static struct wtl_ca_revoked list;
static char output[20000];

static void set_up(void)
{
    fixture_init();
    folder = strdup(fixture_path("ca"));
    error = (struct wtl_error){0};
    cr_assert_eq(wtl_ca_create(folder, "climate", NOW_S, &error), WTL_OK, "%s", error.text);
}

static void tear_down(void)
{
    wtl_ca_revoked_deinit(&list);
    free((void *)(uintptr_t)folder);
    fixture_deinit();
}

TestSuite(certs_revoke, .init = set_up, .fini = tear_down, .timeout = 60);

/* Issues NAME and writes NAME.bundle and NAME.pem. */
static struct wtl_identity issue_at(const char *name, unsigned days, int64_t now_s)
{
    struct wtl_id_request request = {.name = name, .layer = WTL_LAYER_EDGE, .days = days};
    struct wtl_bundle bundle;
    char file[100];
    bool clamped;
    (void)snprintf(file, sizeof file, "%s.bundle", name);
    cr_assert_eq(wtl_ca_issue(folder, &request, now_s, &bundle, &clamped, &error), WTL_OK, "%s",
                 error.text);
    (void)unlink(fixture_path(file));
    cr_assert_eq(wtl_bundle_write(fixture_path(file), &bundle, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(fixture_run(output, sizeof output, "openssl x509 -in %s -out %s.pem", file, name),
                 0);
    struct wtl_identity identity = bundle.identity;
    wtl_bundle_deinit(&bundle);
    return identity;
}

static struct wtl_identity issue(const char *name)
{
    return issue_at(name, 0, NOW_S);
}

static void revoke_at(const char *what, int64_t now_s)
{
    wtl_ca_revoked_deinit(&list);
    error = (struct wtl_error){0};
    cr_assert_eq(wtl_ca_revoke(folder, what, 0, now_s, &list, &error), WTL_OK, "%s", error.text);
}

static void refused(const char *what, enum wtl_status status, const char *text)
{
    wtl_ca_revoked_deinit(&list);
    error = (struct wtl_error){0};
    cr_expect_eq(wtl_ca_revoke(folder, what, 0, NOW_S, &list, &error), status, "%s", error.text);
    cr_expect_not_null(strstr(error.text, text), "\"%s\" is not in: %s", text, error.text);
    cr_expect_null(list.rows);
}

/* Is it revoked, as a node with that bundle reads the file? */
static bool is_revoked(const struct wtl_identity *identity, const char *bundle_name)
{
    struct wtl_bundle trust;
    struct wtl_revoked *revoked;
    const char *word = "";
    cr_assert_eq(wtl_bundle_read(fixture_path(bundle_name), &trust, &error), WTL_OK, "%s",
                 error.text);
    cr_assert_eq(wtl_revoked_read(fixture_path("ca/revoked.crl"), &trust, &revoked, &error), WTL_OK,
                 "%s", error.text);
    bool good = wtl_revoked_check(revoked, identity, &word, &error) == WTL_OK;
    cr_expect(good || strcmp(word, "revoked") == 0, "%s", error.text);
    wtl_revoked_destroy(revoked);
    wtl_bundle_deinit(&trust);
    return !good;
}

static int verify(const char *name, int64_t now_s)
{
    return fixture_run(output, sizeof output,
                       "cat ca/root.pem ca/issuing*.pem > cas.pem; openssl verify -x509_strict "
                       "-crl_check -attime %lld -CAfile cas.pem -CRLfile ca/revoked.crl %s.pem",
                       (long long)now_s, name);
}

Test(certs_revoke, I09_openssl_takes_the_list_and_refuses_who_is_on_it)
{
    (void)issue("edge-1");
    (void)issue("edge-2");
    revoke_at("edge-1", NOW_S);
    cr_expect_eq(list.number, 1);
    cr_expect(list.count == 1 && list.new_count == 1);
    cr_expect_eq(fixture_run(output, sizeof output,
                             "openssl crl -in ca/revoked.crl -verify -CAfile ca/issuing.pem -text "
                             "-noout"),
                 0, "%s", output);
    static const char *const parts[] = {"verify OK",
                                        "Version 2 (0x1)",
                                        "X509v3 CRL Number",
                                        "X509v3 Authority Key Identifier",
                                        "Last Update: Jan 15 12:00:00 2026 GMT",
                                        "Next Update: Feb 14 12:00:00 2026 GMT",
                                        "ecdsa-with-SHA256"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cr_expect_not_null(strstr(output, parts[i]), "no %s in %s", parts[i], output);
    }
    cr_expect_neq(verify("edge-1", NOW_S), 0);
    cr_expect_not_null(strstr(output, "certificate revoked"), "%s", output);
    cr_expect_eq(verify("edge-2", NOW_S), 0, "%s", output);
    cr_expect_neq(verify("edge-2", NOW_S + 31 * DAY_S), 0);
    cr_expect_not_null(strstr(output, "CRL has expired"), "%s", output);
    cr_expect_eq(fixture_run(output, sizeof output, "test $(stat -c %%a ca/revoked.crl) = 600"), 0);
}

Test(certs_revoke, I09_an_empty_list_is_one_too)
{
    struct wtl_identity first = issue("edge-1");
    revoke_at(NULL, NOW_S);
    cr_expect(list.number == 1 && list.count == 0 && list.new_count == 0);
    cr_expect_eq(verify("edge-1", NOW_S), 0, "%s", output);
    cr_expect_not(is_revoked(&first, "edge-1.bundle"));
    revoke_at(NULL, NOW_S + DAY_S);
    cr_expect_eq(list.number, 2, "each one has a higher number");
    cr_expect_eq(list.next_update_s, NOW_S + 31 * DAY_S);
    wtl_ca_revoked_deinit(&list);
    cr_expect_eq(wtl_ca_revoke(folder, NULL, 7, NOW_S + DAY_S, &list, &error), WTL_OK);
    cr_expect(list.number == 3 && list.next_update_s == NOW_S + 8 * DAY_S);
    wtl_ca_revoked_deinit(&list);
    cr_expect_eq(wtl_ca_revoke(folder, NULL, 3651, NOW_S, &list, &error), WTL_INVALID);
}

Test(certs_revoke, I09_a_name_revokes_all_of_its_certificates)
{
    struct wtl_identity old = issue("edge-1");
    struct wtl_identity again = issue("edge-1");
    struct wtl_identity other = issue("edge-10");
    revoke_at("edge-1", NOW_S);
    cr_expect(list.count == 2 && list.new_count == 2);
    cr_expect_str_eq(list.rows[0].name, "edge-1");
    cr_expect_eq(list.rows[0].at_s, NOW_S);
    cr_expect_eq(list.rows[0].expires_s, NOW_S + 90 * DAY_S);
    cr_expect(is_revoked(&old, "edge-10.bundle") && is_revoked(&again, "edge-10.bundle"));
    cr_expect_not(is_revoked(&other, "edge-10.bundle"));
    wtl_ca_revoked_deinit(&list);
    cr_assert_eq(wtl_ca_revoked(folder, &list, &error), WTL_OK, "%s", error.text);
    cr_expect(list.number == 1 && list.count == 2 && list.new_count == 0);
    cr_expect_str_eq(list.rows[1].name, "edge-1");
    /* a second time there is nothing new, and the times stay */
    revoke_at("edge-1", NOW_S + 60);
    cr_expect(list.count == 2 && list.new_count == 0 && list.number == 2);
    cr_expect_eq(list.rows[1].at_s, NOW_S);
}

Test(certs_revoke, I09_a_serial_or_a_file_revokes_one)
{
    struct wtl_identity first = issue("edge-1");
    struct wtl_identity second = issue("edge-1");
    struct wtl_identity third = issue("edge-2");
    char serial[100];
    size_t used = 0;
    for (size_t i = 0; i < first.serial_size; i++) { /* as openssl prints it */
        used += (size_t)snprintf(serial + used, sizeof serial - used, "%s%02X", i > 0 ? ":" : "",
                                 first.serial[i]);
    }
    revoke_at(serial, NOW_S);
    cr_expect_eq(list.new_count, 1);
    cr_expect_str_eq(list.rows[0].name, "edge-1");
    cr_expect(is_revoked(&first, "edge-2.bundle") && !is_revoked(&second, "edge-2.bundle"));
    revoke_at(fixture_path("edge-1.pem"), NOW_S + 1);
    cr_expect(list.new_count == 1 && is_revoked(&second, "edge-2.bundle"));
    revoke_at(fixture_path("edge-2.bundle"), NOW_S + 2);
    cr_expect(list.new_count == 1 && is_revoked(&third, "edge-2.bundle"));
    cr_expect_str_eq(list.rows[2].name, "edge-2");
    cr_expect(list.count == 3 && list.number == 3);
    cr_assert_eq(fixture_run(output, sizeof output,
                             "openssl x509 -in edge-2.pem -outform DER "
                             "-out edge-2.der"),
                 0);
    revoke_at(fixture_path("edge-2.der"), NOW_S + 3);
    cr_expect_eq(list.new_count, 0);
}

/* One that is not in issued.log can be revoked by its file, and stays on the list. */
Test(certs_revoke, I09_a_certificate_that_the_log_does_not_know)
{
    struct wtl_identity first = issue("edge-1");
    (void)issue("edge-2");
    cr_assert_eq(fixture_run(output, sizeof output, "sed -i '/edge-1 /d' ca/issued.log"), 0);
    refused("edge-1", WTL_NOT_FOUND, "issued were: edge-2");
    revoke_at(fixture_path("edge-1.pem"), NOW_S);
    cr_expect(is_revoked(&first, "edge-2.bundle"));
    revoke_at(NULL, NOW_S + 300 * DAY_S);
    revoke_at(NULL, NOW_S + 301 * DAY_S);
    cr_expect_eq(list.count, 1, "nobody knows when it expires");
    cr_expect_str_eq(list.rows[0].name, "");
}

Test(certs_revoke, I09_what_names_nothing_says_what_is_known)
{
    refused("edge-1", WTL_NOT_FOUND, "issued were: none yet");
    (void)issue("edge-1");
    (void)issue("cloud-1");
    (void)issue("edge-1");
    refused("edge-9", WTL_NOT_FOUND, "\"edge-9\": expected the name of a node");
    refused("edge-9", WTL_NOT_FOUND, "issued were: edge-1, cloud-1");
    refused("00ff00ff", WTL_NOT_FOUND, "issued were: ");
    refused("", WTL_NOT_FOUND, "issued were: ");
    refused(fixture_path("no.bundle"), WTL_NOT_FOUND, "or a file");
    refused(fixture_path("ca/issued.log"), WTL_CONFIG, "came neither");
    refused(fixture_path("ca/root.pem"), WTL_IDENTITY, "expected a certificate that this CA");
    cr_expect_eq(access(fixture_path("ca/revoked.crl"), F_OK), -1, "no list came of it");
    wtl_ca_revoked_deinit(&list);
    cr_expect_eq(wtl_ca_revoked(folder, &list, &error), WTL_OK);
    cr_expect(list.number == 0 && list.count == 0);
    /* many names are cut */
    for (unsigned i = 0; i < 20; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "a-rather-long-name-of-a-node-%02u", i);
        (void)issue(name);
    }
    refused("edge-9", WTL_NOT_FOUND, "a-rather-long-name-of-a-node-06, ...");
}

Test(certs_revoke, I09_another_ca_s_certificate_is_not_ours_to_revoke)
{
    struct wtl_bundle stranger = fixture_bundle();
    cr_assert_eq(wtl_bundle_write(fixture_path("other.bundle"), &stranger, &error), WTL_OK);
    refused(fixture_path("other.bundle"), WTL_IDENTITY,
            "expected a certificate that this CA has issued, came one of \"O=climate, CN=issuing");
    wtl_bundle_deinit(&stranger);
}

Test(certs_revoke, I09_what_has_expired_goes_after_one_more_list)
{
    (void)issue_at("edge-1", 5, NOW_S);
    (void)issue_at("edge-2", 50, NOW_S);
    revoke_at("edge-1", NOW_S);
    revoke_at("edge-2", NOW_S);
    revoke_at(NULL, NOW_S + 6 * DAY_S);
    cr_expect_eq(list.count, 2, "the list before was made when it had not expired");
    revoke_at(NULL, NOW_S + 7 * DAY_S);
    cr_expect_eq(list.count, 1);
    cr_expect_str_eq(list.rows[0].name, "edge-2");
    wtl_ca_revoked_deinit(&list);
    cr_expect_eq(wtl_ca_revoke(folder, "edge-1", 0, NOW_S + 8 * DAY_S, &list, &error),
                 WTL_NOT_FOUND);
    cr_expect_not_null(strstr(error.text, "every certificate of edge-1 has expired, the last one "
                                          "on 2026-01-20T12:00:00Z"),
                       "%s", error.text);
    cr_expect_eq(
        wtl_ca_revoke(folder, fixture_path("edge-1.pem"), 0, NOW_S + 8 * DAY_S, &list, &error),
        WTL_NOT_FOUND);
    cr_expect_not_null(strstr(error.text, "there is nothing to revoke"), "%s", error.text);
}

/* Certificates of an issuing CA that was replaced can be revoked as long as they are valid. */
Test(certs_revoke, I09_a_renewed_ca_revokes_for_the_former_one)
{
    int64_t later_s = NOW_S + 300 * DAY_S;
    struct wtl_identity old = issue_at("edge-1", 360, NOW_S);
    struct wtl_identity kept = issue_at("edge-2", 360, NOW_S);
    revoke_at(NULL, NOW_S);
    cr_assert_eq(wtl_ca_renew(folder, later_s, &error), WTL_OK, "%s", error.text);
    struct wtl_identity fresh = issue_at("edge-3", 90, later_s);
    revoke_at("edge-1", later_s);
    cr_expect_eq(list.number, 2);
    /* each reads the other's list with nothing but its own bundle and the file */
    static const char *const bundles[] = {"edge-2.bundle", "edge-3.bundle"};
    for (size_t i = 0; i < 2; i++) {
        cr_expect(is_revoked(&old, bundles[i]) && !is_revoked(&kept, bundles[i]) &&
                  !is_revoked(&fresh, bundles[i]));
    }
    cr_expect_neq(verify("edge-1", later_s), 0);
    cr_expect_eq(verify("edge-2", later_s), 0, "%s", output);
    cr_expect_eq(verify("edge-3", later_s), 0, "%s", output);
    /* when the former one has expired there is one list again, and its place is used again */
    revoke_at("edge-3", NOW_S + 366 * DAY_S);
    cr_expect_eq(fixture_run(output, sizeof output, "grep -c 'BEGIN X509 CRL' ca/revoked.crl"), 0);
    cr_expect_eq(strncmp(output, "1\n", 2), 0, "%s", output);
    cr_assert_eq(wtl_ca_renew(folder, NOW_S + 400 * DAY_S, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(access(fixture_path("ca/issuing-1.key"), F_OK), 0);
    cr_expect_eq(access(fixture_path("ca/issuing-2.key"), F_OK), -1);
}

Test(certs_revoke, I09_former_cas_are_kept_up_to_a_bound)
{
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_eq(wtl_ca_renew(folder, NOW_S + i, &error), WTL_OK, "%s", error.text);
    }
    revoke_at(NULL, NOW_S + 10);
    cr_expect_eq(
        fixture_run(output, sizeof output, "test $(grep -c 'BEGIN X509 CRL' ca/revoked.crl) = 8"),
        0);
    (void)issue("edge-1");
    struct wtl_identity nobody = {.name = "x", .serial_size = 1};
    const char *word = "";
    struct wtl_bundle trust;
    struct wtl_revoked *revoked;
    cr_assert_eq(wtl_bundle_read(fixture_path("edge-1.bundle"), &trust, &error), WTL_OK);
    cr_assert_eq(wtl_revoked_read(fixture_path("ca/revoked.crl"), &trust, &revoked, &error), WTL_OK,
                 "%s", error.text);
    cr_expect_eq(wtl_revoked_check(revoked, &nobody, &word, NULL), WTL_IDENTITY);
    cr_expect_str_eq(word, "crl_missing");
    wtl_revoked_destroy(revoked);
    wtl_bundle_deinit(&trust);
    cr_expect_eq(wtl_ca_renew(folder, NOW_S + 20, &error), WTL_FULL);
    cr_expect_not_null(strstr(error.text, "expected 7 former issuing CAs at most"), "%s",
                       error.text);
    revoke_at(NULL, NOW_S + 30);
    cr_expect_eq(list.number, 2, "the CA is as it was");
}

Test(certs_revoke, I09_a_spoilt_list_is_not_signed_over)
{
    (void)issue("edge-1");
    revoke_at("edge-1", NOW_S);
    cr_assert_eq(fixture_run(output, sizeof output,
                             "cp ca/revoked.crl good && sed -i '20s/^./_/' "
                             "ca/revoked.crl"),
                 0);
    wtl_ca_revoked_deinit(&list);
    cr_expect_neq(wtl_ca_revoke(folder, NULL, 0, NOW_S, &list, &error), WTL_OK);
    cr_expect_not_null(strstr(error.text, "ca/revoked.crl: "), "%s", error.text);
    cr_assert_eq(fixture_run(output, sizeof output, "cp good ca/revoked.crl"), 0);
    revoke_at(NULL, NOW_S);
    cr_expect(list.count == 1 && list.number == 2);
}

Test(certs_revoke, I09_issuing_expired_or_offline)
{
    (void)issue("edge-1");
    wtl_ca_revoked_deinit(&list);
    cr_expect_eq(wtl_ca_revoke(folder, NULL, 0, NOW_S + 366 * DAY_S, &list, &error), WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "the issuing CA expired on"), "%s", error.text);
    cr_assert_eq(rename(fixture_path("ca/issuing.key"), fixture_path("stick")), 0);
    refused("edge-1", WTL_SYSTEM, "issuing.key");
    cr_expect_eq(wtl_ca_revoke(fixture_path("none"), NULL, 0, NOW_S, &list, &error), WTL_NOT_FOUND);
}

/* ---- issued.log ------------------------------------------------------------------------------ */

Test(certs_revoke, I09_lines_of_the_log)
{
    static const char good[] = "2026-01-15T12:00:00Z serial=00ff uri=spiffe://m/t/edge/gw-3 "
                               "expires=2026-04-15T12:00:00Z";
    static const char *const bad[] = {
        "",
        "2026-01-15T12:00:00Z serial=9f uri=spiffe://m/t/edge/gw-3",
        "2026-01-15T12:00:00Z serial=9 uri=spiffe://m/t/edge/gw-3 expires=2026-04-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial= uri=spiffe://m/t/edge/gw-3 expires=2026-04-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial=zz uri=spiffe://m/t/edge/gw-3 expires=2026-04-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial=9f uri=spiffe://m/t/edge/GW expires=2026-04-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial=9f uri=spiffe://m/t/edge/ expires=2026-04-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial=9f uri=spiffe://m/t/edge/gw-3 expires=2026-13-15T12:00:00Z",
        "2026-01-15T12:00:00Z serial=9f uri=spiffe://m/t/edge/gw-3 expires=2026-04-15",
        " serial=000102030405060708090a0b0c0d0e0f1011121314 uri=a/b expires=2026-04-15T12:00:00Z"};
    struct wtl__issued issued;
    cr_assert(wtl__issued_read(good, &issued));
    cr_expect_str_eq(issued.name, "gw-3");
    cr_expect_eq(issued.expires_s, NOW_S + 90 * DAY_S);
    cr_expect(issued.serial[19] == 0xff && issued.serial[18] == 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(wtl__issued_read(bad[i], &issued), "row %zu", i);
    }
    /* a line that a crash has cut off is passed over */
    (void)issue("edge-1");
    cr_assert_eq(fixture_run(output, sizeof output, "printf '2026-01-15T12:00' >> ca/issued.log"),
                 0);
    (void)issue("edge-2");
    (void)issue("edge-3");
    refused("nobody", WTL_NOT_FOUND, "issued were: edge-1");
    revoke_at("edge-3", NOW_S);
    cr_expect_eq(list.new_count, 1);
}
