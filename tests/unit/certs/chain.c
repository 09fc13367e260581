/* chain.c - chains that do not lead where they should, and dates. */
#include "certs/chain.h"

#include <string.h>

#include "certs/key.h"
#include "fixture.h"

TestSuite(certs_chain, .init = fixture_init, .fini = fixture_deinit);

static void expect_chain(const struct wtl_der *chain, unsigned count, const struct wtl_der *root,
                         const char *word)
{
    struct wtl_error error = {0};
    enum wtl_status status = wtl__chain_check(chain, count, root, 1, "climate", NULL, &error);
    if (word == NULL) {
        cr_expect_eq(status, WTL_OK, "%s", error.text);
    } else {
        cr_expect_eq(status, WTL_IDENTITY, "accepted, expected a refusal for: %s", word);
        cr_expect_not_null(strstr(error.text, word), "\"%s\" is not in: %s", word, error.text);
    }
}

Test(certs_chain, X023_wrong_root_and_missing_intermediate)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl__authority other;
    struct wtl_error error = {0};
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &other, &error), WTL_OK, "%s",
                 error.text);
    expect_chain(bundle.chain, 2, &bundle.roots[0], NULL);
    expect_chain(bundle.chain, 2, &other.cert, "intermediate 1");
    expect_chain(bundle.chain, 1, &bundle.roots[0], "an intermediate is missing");
    /* an issuing CA is no root, even where it is asked for as one */
    expect_chain(bundle.chain, 1, &bundle.chain[1], "signed by itself");
    /* a certificate that only has the right name above it */
    struct wtl_der swapped[] = {bundle.chain[0], other.cert};
    expect_chain(swapped, 2, &other.cert, "leaf (O=climate, CN=sensor-1)");
    wtl__authority_deinit(&other);
    wtl_bundle_deinit(&bundle);
}

Test(certs_chain, X023_leaf_signs_no_leaf)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_der cert = {0};
    struct leaf leaf;
    struct wtl_error error = {0};
    /* a holder of a good leaf signs another one with its key */
    struct wtl__authority holder = {.key = bundle.key, .cert = bundle.chain[0]};
    leaf_init(&leaf);
    cert = leaf_sign(&leaf, &holder);
    struct wtl_der chain[] = {cert, bundle.chain[0], bundle.chain[1]};
    expect_chain(chain, 3, &bundle.roots[0], "expected a CA");
    struct wtl__authority taken;
    struct wtl_der copy;
    struct wtl_der no_key = {0};
    cr_assert_eq(wtl__der_copy(bundle.chain[0].bytes, bundle.chain[0].size, &copy), WTL_OK);
    cr_expect_eq(wtl__authority_init(&copy, &no_key, &taken, &error), WTL_IDENTITY);
    wtl__der_free(&cert);
    leaf_deinit(&leaf);
    wtl_bundle_deinit(&bundle);
}

/* A CA certificate for a fresh key, signed by `signer`, that is itself able to sign. */
static struct wtl__authority sub_ca(const struct wtl__authority *signer, int path_len,
                                    uint8_t usage, const char *uri, const char *name)
{
    struct wtl__authority made;
    struct wtl_error error = {0};
    struct leaf leaf;
    leaf_init(&leaf);
    leaf_uri(&leaf, 0, uri, strlen(uri));
    leaf.spec.common_name = name;
    leaf.spec.is_ca = true;
    leaf.spec.path_len = path_len;
    leaf.spec.usage = usage;
    leaf.spec.purposes = 0;
    struct wtl_der cert = leaf_sign(&leaf, signer);
    if ((usage & WTL__USAGE_SIGN_CERT) != 0 && strcmp(uri, "spiffe://climate") == 0) {
        cr_assert_eq(wtl__authority_init(&cert, &leaf.key, &made, &error), WTL_OK, "%s",
                     error.text);
    } else {
        made = (struct wtl__authority){.cert = cert, .key = leaf.key};
    }
    return made;
}

static void expect_below(struct wtl__authority *ca, const char *word)
{
    struct leaf leaf;
    leaf_init(&leaf);
    struct wtl_der cert = leaf_sign(&leaf, ca);
    struct wtl_der chain[] = {cert, ca->cert, fixture.issuing.cert};
    expect_chain(chain, 2, &fixture.root.cert, word);
    wtl__der_free(&cert);
    leaf_deinit(&leaf);
    wtl__authority_deinit(ca);
}

Test(certs_chain, X023_signers_have_the_right_to_sign)
{
    uint8_t both = WTL__USAGE_SIGN_CERT | WTL__USAGE_SIGN_CRL;
    struct wtl__authority ca = sub_ca(&fixture.root, 0, both, "spiffe://climate", "good CA");
    expect_below(&ca, NULL);
    ca = sub_ca(&fixture.root, 0, WTL__USAGE_SIGN_CRL, "spiffe://climate", "CRL signer");
    expect_below(&ca, "keyCertSign");
    ca = sub_ca(&fixture.root, 0, 0, "spiffe://climate", "no usage");
    expect_below(&ca, "keyCertSign");
    ca = sub_ca(&fixture.root, 0, both, "spiffe://harbour", "other mesh");
    expect_below(&ca, "expected a CA of mesh climate, came one of mesh harbour");
    ca = sub_ca(&fixture.root, 0, both, "https://climate", "other scheme");
    expect_below(&ca, "as its only URI");
}

/* The issuing CA has path length 0: a CA that it signed may not sign leaves. */
Test(certs_chain, X033_path_length_counts)
{
    struct wtl__authority below =
        sub_ca(&fixture.issuing, -1, WTL__USAGE_SIGN_CERT, "spiffe://climate", "one too many");
    struct leaf leaf;
    leaf_init(&leaf);
    struct wtl_der cert = leaf_sign(&leaf, &below);
    struct wtl_der chain[] = {cert, below.cert, fixture.issuing.cert};
    expect_chain(chain, 3, &fixture.root.cert, "path length");
    wtl__der_free(&cert);
    leaf_deinit(&leaf);
    wtl__authority_deinit(&below);
}

/* Two CAs that signed each other: the walk goes along the list, so it ends, without an anchor. */
Test(certs_chain, X033_cycle_ends)
{
    struct wtl__authority first =
        sub_ca(&fixture.root, -1, WTL__USAGE_SIGN_CERT, "spiffe://climate", "first");
    struct wtl__authority second =
        sub_ca(&first, -1, WTL__USAGE_SIGN_CERT, "spiffe://climate", "second");
    struct leaf leaf;
    struct leaf crossed;
    struct wtl__cert view;
    leaf_init(&leaf);
    /* the first one's key and name again, this time signed by the second */
    leaf_init(&crossed);
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&first.cert), &view, NULL), WTL_OK);
    crossed.spec.point = view.point;
    crossed.spec.common_name = "first";
    leaf_uri(&crossed, 0, "spiffe://climate", strlen("spiffe://climate"));
    crossed.spec.is_ca = true;
    crossed.spec.purposes = 0;
    crossed.spec.usage = WTL__USAGE_SIGN_CERT;
    struct wtl_der back = leaf_sign(&crossed, &second);
    struct wtl_der cert = leaf_sign(&leaf, &second);
    struct wtl__authority other;
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &other, NULL), WTL_OK);
    struct wtl_der chain[] = {cert, second.cert, back};
    expect_chain(chain, 3, &other.cert, "an intermediate is missing");
    wtl__authority_deinit(&other);
    wtl__der_free(&back);
    wtl__der_free(&cert);
    leaf_deinit(&leaf);
    leaf_deinit(&crossed);
    wtl__authority_deinit(&first);
    wtl__authority_deinit(&second);
}

static void expect_verified(const struct wtl_bundle *bundle, int64_t now_s, const char *word)
{
    struct wtl_error error = {0};
    enum wtl_status status = wtl_bundle_verify(bundle, now_s, &error);
    cr_expect_eq(status, word == NULL ? WTL_OK : WTL_IDENTITY, "%s", error.text);
    if (word != NULL) {
        cr_expect_not_null(strstr(error.text, word), "\"%s\" is not in: %s", word, error.text);
    }
}

Test(certs_chain, X022_dates_name_the_link_that_fails)
{
    struct wtl_bundle bundle = fixture_bundle();
    expect_verified(&bundle, NOW_S, NULL);
    expect_verified(&bundle, bundle.identity.not_after_s, NULL); /* the last second counts */
    expect_verified(&bundle, bundle.identity.not_after_s + 1,
                    "leaf (O=climate, CN=sensor-1): expired");
    expect_verified(&bundle, bundle.identity.not_before_s - 1, "not valid before");
    expect_verified(&bundle, 0, "1970-01-01T00:00:00Z; check the clock");
    wtl_bundle_deinit(&bundle);
}

Test(certs_chain, I04_verify_names_an_expired_issuer_and_root)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct leaf leaf;
    leaf_init(&leaf);
    leaf.spec.not_after_s = NOW_S + INT64_C(7300) * DAY_S; /* as no CA of wattle would sign it */
    wtl__der_free(&bundle.chain[0]);
    bundle.chain[0] = leaf_sign(&leaf, &fixture.issuing);
    expect_verified(&bundle, NOW_S + 366 * DAY_S, "intermediate 1 (O=climate, CN=issuing CA");
    wtl__der_free(&bundle.chain[0]);
    bundle.chain[0] = leaf_sign(&leaf, &fixture.root);
    wtl__der_free(&bundle.chain[1]);
    bundle.chain_count = 1;
    expect_verified(&bundle, NOW_S + 366 * DAY_S, NULL);
    expect_verified(&bundle, NOW_S + 3651 * DAY_S, "root 1 (O=climate, CN=root CA");
    leaf_deinit(&leaf);
    wtl_bundle_deinit(&bundle);
}

/* The same root renewed with the same key: the expired copy does not stand in the way of the other,
 * wherever it stands in the list. */
Test(certs_chain, X033_one_valid_root_is_enough)
{
    struct wtl_error error = {0};
    struct wtl_bundle bundle = fixture_bundle();
    struct leaf leaf;
    struct wtl__cert view;
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&fixture.root.cert), &view, &error), WTL_OK);
    leaf_init(&leaf);
    leaf_uri(&leaf, 0, "spiffe://climate", strlen("spiffe://climate"));
    leaf.spec.common_name = "placeholder";
    leaf.spec.is_ca = true;
    leaf.spec.purposes = 0;
    leaf.spec.usage = WTL__USAGE_SIGN_CERT;
    leaf.spec.point = view.point;
    leaf.spec.not_before_s = NOW_S - 2 * DAY_S;
    leaf.spec.not_after_s = NOW_S - DAY_S;
    /* the subject of the root, so that it is a copy that has expired */
    char name[WTL__NAME_TEXT];
    (void)wtl__name_text(view.subject, name);
    leaf.spec.common_name = strstr(name, "CN=") + 3;
    struct wtl_der expired = leaf_sign(&leaf, &fixture.root);
    struct wtl_der both[] = {expired, fixture.root.cert};
    int64_t now_s = NOW_S;
    cr_expect_eq(wtl__chain_check(bundle.chain, 2, both, 2, "climate", &now_s, &error), WTL_OK,
                 "%s", error.text);
    struct wtl_der turned[] = {fixture.root.cert, expired};
    cr_expect_eq(wtl__chain_check(bundle.chain, 2, turned, 2, "climate", &now_s, &error), WTL_OK,
                 "%s", error.text);
    cr_expect_eq(wtl__chain_check(bundle.chain, 2, both, 1, "climate", &now_s, &error),
                 WTL_IDENTITY);
    cr_expect_not_null(strstr(error.text, "root 1"), "%s", error.text);
    wtl__der_free(&expired);
    leaf_deinit(&leaf);
    wtl_bundle_deinit(&bundle);
}
