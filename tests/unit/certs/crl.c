/* crl.c - revocation lists: what they say, which follows which, and who may sign them. */
#include <stdlib.h>
#include <string.h>

#include "certs/key.h"
#include "lists.h"

static const char *word;

static void set_up(void)
{
    lists_init();
    word = "";
}

TestSuite(certs_crl, .init = set_up, .fini = lists_deinit, .timeout = 60);

/* ---- what a list says ------------------------------------------------------------------------ */

Test(certs_crl, X027_a_revoked_certificate_is_named_with_its_time)
{
    struct wtl_bundle other = fixture_bundle();
    struct wtl__crl_entry entries[] = {lists_entry(&lists_node.identity, NOW_S - 5)};
    struct lists_file file = lists_signed(7, entries, 1);
    cr_expect_eq(wtl_revoked_check(file.revoked, &lists_node.identity, &word, &lists_error),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked");
    cr_expect_not_null(
        strstr(lists_error.text, "the certificate of sensor-1 was revoked on 2026-01-15T11:59:55Z"),
        "%s", lists_error.text);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &lists_node.identity, NOW_S, &word, NULL),
                 WTL_IDENTITY);
    cr_expect_eq(wtl_revoked_check(file.revoked, &other.identity, &word, &lists_error), WTL_OK);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, NOW_S, &word, &lists_error),
                 WTL_OK);
    struct wtl_revoked_summary sum = wtl_revoked_sum(file.revoked);
    cr_expect(sum.lists == 1 && sum.certificates == 1 && sum.number == 7);
    cr_expect(sum.this_update_s == NOW_S && sum.next_update_s == NOW_S + 30 * DAY_S);
    lists_close(&file);
    wtl_bundle_deinit(&other);
}

Test(certs_crl, X027_without_a_list_of_its_ca_nobody_is_good)
{
    struct wtl__authority second;
    cr_assert_eq(wtl__authority_make_issuing(&fixture.root, NOW_S, &second, &lists_error), WTL_OK);
    struct lists_file file = lists_open();
    struct wtl_der list = lists_sign(&second, 1, NULL, 0);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__pem_put(&file.text, WTL__PEM_CERT, &second.cert);
    lists_parse(&file);
    cr_assert_eq(file.status, WTL_OK, "the file brings the CA along: %s", lists_error.text);
    cr_expect_eq(wtl_revoked_check(file.revoked, &lists_node.identity, &word, &lists_error),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "crl_missing");
    lists_close(&file);
    wtl__der_free(&list);
    wtl__authority_deinit(&second);
}

Test(certs_crl, X027_a_list_is_stale_the_second_after_its_end)
{
    struct wtl__crl_entry entries[] = {lists_entry(&lists_node.identity, NOW_S)};
    struct wtl_bundle other = fixture_bundle();
    struct lists_file file = lists_signed(3, entries, 1);
    int64_t end_s = NOW_S + 30 * DAY_S;
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, end_s, &word, NULL), WTL_OK);
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, end_s + 1, &word, &lists_error),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "crl_stale");
    cr_expect_not_null(strstr(lists_error.text, "(number 3) was valid until 2026-02-14T12:00:00Z"),
                       "%s", lists_error.text);
    cr_expect_eq(wtl_revoked_check(file.revoked, &other.identity, &word, NULL), WTL_OK,
                 "who is in stays");
    cr_expect_eq(wtl_revoked_admit(file.revoked, &lists_node.identity, end_s + 1, &word, NULL),
                 WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked", "the stronger reason is given");
    /* a machine whose clock is behind sees a list of the future, which is as fresh as can be */
    cr_expect_eq(wtl_revoked_admit(file.revoked, &other.identity, 0, &word, NULL), WTL_OK);
    lists_close(&file);
    wtl_bundle_deinit(&other);
}

/* The root has revoked the issuing CA: everybody below is gone, whatever that CA says. */
Test(certs_crl, X027_a_revoked_ca_takes_all_of_its_own_along)
{
    struct wtl__cert ca;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.issuing.cert), &ca, &lists_error),
                 WTL_OK);
    struct wtl__crl_entry entries[] = {{.at_s = NOW_S}};
    wtl__crl_serial(ca.serial, entries[0].serial);
    for (size_t count = 0; count < 2; count++) {
        struct lists_file file = lists_open();
        struct wtl_der lists[] = {lists_sign(&fixture.issuing, 1, NULL, 0),
                                  lists_sign(&fixture.root, 9, entries, count)};
        wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[0]);
        wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[1]);
        lists_parse(&file);
        cr_assert_eq(file.status, WTL_OK, "%s", lists_error.text);
        enum wtl_status status =
            wtl_revoked_check(file.revoked, &lists_node.identity, &word, &lists_error);
        cr_expect_eq(status, count == 0 ? WTL_OK : WTL_IDENTITY);
        cr_expect(count == 0 || strstr(lists_error.text, "a CA above the certificate of sensor-1"),
                  "%s", lists_error.text);
        lists_close(&file);
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
    entries[1] = lists_entry(&lists_node.identity, NOW_S);
    struct lists_file file = lists_signed(1, entries, count);
    cr_expect_eq(wtl_revoked_check(file.revoked, &lists_node.identity, &word, NULL), WTL_IDENTITY);
    cr_expect_eq(wtl_revoked_sum(file.revoked).certificates, count);
    lists_close(&file);
    struct wtl__crl_spec spec = {.this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S,
                                 .entries = entries,
                                 .count = count + 1};
    struct wtl_der der;
    cr_expect_eq(wtl__authority_sign_list(&fixture.issuing, &spec, &der, &lists_error),
                 WTL_TOO_LARGE);
    cr_expect_not_null(strstr(lists_error.text, "16384 certificates at most, came 16385"), "%s",
                       lists_error.text);
    free(entries);
}

/* ---- which one follows which ----------------------------------------------------------------- */

Test(certs_crl, I09_a_list_never_gives_way_to_an_older_one)
{
    struct wtl__crl_entry entries[] = {lists_entry(&lists_node.identity, NOW_S)};
    struct lists_file third = lists_signed(3, entries, 1);
    struct lists_file second = lists_signed(2, entries, 1);
    struct lists_file fourth = lists_signed(4, NULL, 0);
    struct lists_file twin = lists_signed(3, NULL, 0);
    cr_expect_eq(wtl_revoked_follows(third.revoked, second.revoked, NOW_S, &lists_error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(fourth.revoked, third.revoked, NOW_S, &lists_error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(third.revoked, third.revoked, NOW_S, &lists_error), WTL_OK);
    cr_expect_eq(wtl_revoked_follows(second.revoked, third.revoked, NOW_S, &lists_error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(lists_error.text, "came number 2, which is older"), "%s",
                       lists_error.text);
    cr_expect_eq(wtl_revoked_follows(twin.revoked, third.revoked, NOW_S, &lists_error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(lists_error.text, "another list of that number"), "%s",
                       lists_error.text);
    lists_close(&second);
    lists_close(&third);
    lists_close(&fourth);
    lists_close(&twin);
}

Test(certs_crl, I09_a_list_may_go_when_its_ca_has_expired)
{
    struct wtl__authority second;
    cr_assert_eq(
        wtl__authority_make_issuing(&fixture.root, NOW_S + 100 * DAY_S, &second, &lists_error),
        WTL_OK);
    struct lists_file first = lists_signed(3, NULL, 0);
    struct wtl__crl_spec spec = {
        .number = 4, .this_update_s = NOW_S + 200 * DAY_S, .next_update_s = NOW_S + 230 * DAY_S};
    struct wtl_der list;
    cr_assert_eq(wtl__authority_sign_list(&second, &spec, &list, &lists_error), WTL_OK, "%s",
                 lists_error.text);
    struct lists_file file = lists_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &second.cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    lists_parse(&file);
    cr_assert_eq(file.status, WTL_OK, "%s", lists_error.text);
    int64_t end_s = fixture.issuing.not_after_s;
    cr_expect_eq(wtl_revoked_follows(file.revoked, first.revoked, end_s, &lists_error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(lists_error.text, "number 3 or higher, came none"), "%s",
                       lists_error.text);
    cr_expect_eq(wtl_revoked_follows(file.revoked, first.revoked, end_s + 1, &lists_error), WTL_OK);
    lists_close(&file);
    lists_close(&first);
    wtl__der_free(&list);
    wtl__authority_deinit(&second);
}

/* ---- who may sign one ------------------------------------------------------------------------ */

Test(certs_crl, I09_only_a_ca_of_this_mesh_signs_lists)
{
    struct wtl__authority stranger;
    struct wtl__authority strange_root;
    struct wtl__authority lookalike = fixture.issuing;
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &strange_root, &lists_error), WTL_OK);
    cr_assert_eq(wtl__authority_make_issuing(&strange_root, NOW_S, &stranger, &lists_error),
                 WTL_OK);
    /* another CA, which the file does not bring along, and one that it does */
    struct lists_file file = lists_file_of(lists_sign(&stranger, 1, NULL, 0));
    lists_expect_refused(&file, "came none that fits");
    struct wtl_der list = lists_sign(&stranger, 1, NULL, 0);
    file = lists_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &stranger.cert);
    wtl__pem_put(&file.text, WTL__PEM_CERT, &strange_root.cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    lists_parse(&file);
    lists_expect_refused(&file, "expected one of the 1 roots to have signed it");
    /* the name of ours, and another key */
    lookalike.key = stranger.key;
    file = lists_file_of(lists_sign(&lookalike, 1, NULL, 0));
    lists_expect_refused(&file, "came none that fits");
    wtl__der_free(&list);
    wtl__authority_deinit(&stranger);
    wtl__authority_deinit(&strange_root);
}

/* A CA below our root, with `usage`, that has signed an empty list. */
static struct lists_file list_of_ca_with(uint8_t usage, bool is_ca, const char *uri)
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
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&cert), &view, &lists_error), WTL_OK, "%s",
                 lists_error.text);
    cr_assert_eq(wtl__key_open(&leaf.key, &scalar, point, &lists_error), WTL_OK);
    struct wtl__crl_spec spec = {.issuer = view.subject,
                                 .authority_key_id = view.subject_key_id,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S};
    cr_assert_eq(wtl__crl_make(&spec, scalar, &list, &lists_error), WTL_OK);
    struct lists_file file = lists_open();
    wtl__pem_put(&file.text, WTL__PEM_CERT, &cert);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__der_free(&cert);
    wtl__der_free(&list);
    leaf_deinit(&leaf);
    lists_parse(&file);
    return file;
}

Test(certs_crl, I09_a_ca_needs_the_right_to_sign_lists)
{
    struct lists_file file =
        list_of_ca_with(WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL, true, "spiffe://climate");
    cr_expect_eq(file.status, WTL_OK, "%s", lists_error.text);
    lists_close(&file);
    file = list_of_ca_with(WTL__USAGE_SIGN_CERT, true, "spiffe://climate");
    lists_expect_refused(&file, "came none that fits");
    file = list_of_ca_with(WTL__USAGE_SIGN | WTL__USAGE_SIGN_CRL, false,
                           "spiffe://climate/default/device/sensor-1");
    lists_expect_refused(&file, "came none that fits");
    file = list_of_ca_with(WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL, true, "spiffe://weather");
    lists_expect_refused(&file, "expected a CA of mesh climate");
}

Test(certs_crl, I09_one_list_of_each_ca)
{
    struct lists_file file = lists_open();
    struct wtl_der lists[] = {lists_sign(&fixture.issuing, 1, NULL, 0),
                              lists_sign(&fixture.issuing, 2, NULL, 0)};
    wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[0]);
    wtl__pem_put(&file.text, WTL__PEM_CRL, &lists[1]);
    lists_parse(&file);
    lists_expect_refused(&file,
                         "expected one list of each CA, came two of \"O=climate, CN=issuing CA");
    wtl__der_free(&lists[0]);
    wtl__der_free(&lists[1]);
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
    cr_assert_eq(wtl_ca_create(folder, "climate", NOW_S, &lists_error), WTL_OK);
    cr_assert_eq(wtl_ca_inspect(folder, &info, &lists_error), WTL_OK);
    wtl_bundle_deinit(&lists_node);
    cr_assert_eq(wtl_ca_issue(folder, &request, NOW_S, &lists_node, &clamped, &lists_error),
                 WTL_OK);
    cr_assert_eq(wtl_bundle_write(fixture_path("node.bundle"), &lists_node, &lists_error), WTL_OK);
    fixture_write(fixture_path("openssl.cnf"), config, sizeof config - 1, 0600);
    int code = fixture_run(
        output, sizeof output,
        "touch index.txt && echo 0A > number && openssl x509 -in node.bundle -out node.pem && "
        "c='openssl ca -config openssl.cnf -cert ca/issuing.pem -keyfile ca/issuing.key' && "
        "$c -revoke node.pem && $c -gencrl -crlexts e -crldays 7 -out foreign.crl");
    cr_assert_eq(code, 0, "%s", output);
    struct wtl_revoked *revoked;
    cr_assert_eq(wtl_revoked_read(fixture_path("foreign.crl"), &lists_node, &revoked, &lists_error),
                 WTL_OK, "%s", lists_error.text);
    cr_expect_eq(wtl_revoked_sum(revoked).number, 10);
    cr_expect_eq(wtl_revoked_check(revoked, &lists_node.identity, &word, NULL), WTL_IDENTITY);
    cr_expect_str_eq(word, "revoked");
    wtl_revoked_destroy(revoked);
    code = fixture_run(output, sizeof output,
                       "openssl ca -config openssl.cnf -cert ca/issuing.pem -keyfile "
                       "ca/issuing.key -gencrl -md sha1 -crlexts e -crldays 7 -out weak.crl");
    cr_assert_eq(code, 0, "%s", output);
    cr_expect_eq(wtl_revoked_read(fixture_path("weak.crl"), &lists_node, &revoked, &lists_error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(lists_error.text, "SHA-256 or better"), "%s", lists_error.text);
    wtl_bundle_deinit(&other);
}
