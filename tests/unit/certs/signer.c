/* signer.c - the files of those who sign modules: made, read back, and refused. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/signer.h"
#include "fixture.h"

static struct wtl_signer signer;
static struct wtl_trusted trusted;
static struct wtl_error error;
static char output[4000];

static void set_up(void)
{
    fixture_init();
    error = (struct wtl_error){0};
    trusted = (struct wtl_trusted){0};
    cr_assert_eq(wtl_signer_create(fixture_path("team"), &signer, &error), WTL_OK, "%s",
                 error.text);
}

static void tear_down(void)
{
    wtl_signer_deinit(&signer);
    fixture_deinit();
}

TestSuite(certs_signer, .init = set_up, .fini = tear_down, .timeout = 60);

static unsigned mode_of(const char *name)
{
    struct stat info;
    cr_assert_eq(stat(fixture_path(name), &info), 0);
    return info.st_mode & 07777;
}

static void key_refused(const char *name, const char *text)
{
    struct wtl_signer other;
    error = (struct wtl_error){0};
    cr_expect_eq(wtl_signer_read(fixture_path(name), &other, &error), WTL_CONFIG, "%s", error.text);
    cr_expect_null(other.secret.bytes);
    cr_expect_not_null(strstr(error.text, text), "no \"%s\" in \"%s\"", text, error.text);
    cr_expect_not_null(strstr(error.text, name), "%s", error.text);
}

static void pub_refused(const char *name, const char *text)
{
    struct wtl_trusted other = {0};
    error = (struct wtl_error){0};
    cr_expect_eq(wtl_trusted_read(fixture_path(name), &other, &error), WTL_CONFIG, "%s",
                 error.text);
    cr_expect_not_null(strstr(error.text, text), "no \"%s\" in \"%s\"", text, error.text);
    cr_expect_not_null(strstr(error.text, name), "%s", error.text);
}

Test(certs_signer, X082_a_pair_is_read_back)
{
    struct wtl_signer again;
    char id[WTL_KEY_ID_TEXT];
    cr_expect_eq(mode_of("team.key"), 0600);
    cr_expect_eq(mode_of("team.pub"), 0644);
    cr_assert_eq(wtl_signer_read(fixture_path("team.key"), &again, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_arr_eq(again.key, signer.key, WTL_SIGNER_KEY);
    cr_assert_eq(wtl_trusted_read(fixture_path("team.pub"), &trusted, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_eq(trusted.count, 1);
    cr_expect_arr_eq(trusted.keys[0], signer.key, WTL_SIGNER_KEY);
    cr_expect_eq(strlen(wtl_key_id(signer.key, id)), WTL_KEY_ID_TEXT - 1);
    wtl_signer_deinit(&again);
}

Test(certs_signer, X082_keys_are_never_overwritten)
{
    struct wtl_signer other;
    cr_expect_eq(wtl_signer_create(fixture_path("team"), &other, &error), WTL_EXISTS);
    cr_expect_null(other.secret.bytes);
    /* nor half of a pair */
    fixture_write(fixture_path("half.pub"), "x", 1, 0644);
    cr_expect_eq(wtl_signer_create(fixture_path("half"), &other, &error), WTL_EXISTS);
    cr_expect_neq(access(fixture_path("half.key"), F_OK), 0);
    cr_expect_eq(wtl_signer_read(fixture_path("team.key"), &other, &error), WTL_OK);
    cr_expect_arr_eq(other.key, signer.key, WTL_SIGNER_KEY);
    wtl_signer_deinit(&other);
}

Test(certs_signer, X082_a_private_key_that_others_may_read)
{
    cr_assert_eq(chmod(fixture_path("team.key"), 0640), 0);
    key_refused("team.key", "chmod 600");
}

Test(certs_signer, X082_a_trusted_key_that_others_may_write)
{
    cr_assert_eq(chmod(fixture_path("team.pub"), 0666), 0);
    pub_refused("team.pub", "chmod go-w");
}

Test(certs_signer, X082_the_wrong_half)
{
    key_refused("team.pub", "expected mode 0600");
    cr_assert_eq(chmod(fixture_path("team.pub"), 0600), 0);
    key_refused("team.pub", "came PUBLIC KEY");
    pub_refused("team.key", "private half");
}

Test(certs_signer, X082_keys_of_other_kinds)
{
    cr_assert_eq(fixture_run(output, sizeof output,
                             "umask 077; openssl genpkey -algorithm X25519 -out x.key && "
                             "openssl pkey -in x.key -pubout -out x.pub && "
                             "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
                             "-out ec.key && openssl pkey -in ec.key -pubout -out ec.pub && "
                             "cat team.key team.key > two.key && echo junk > junk.key && "
                             "head -c 80 team.pub > cut.pub"),
                 0, "%s", output);
    key_refused("x.key", "Ed25519");
    key_refused("ec.key", "Ed25519");
    key_refused("two.key", "came more");
    key_refused("junk.key", "expected a block PRIVATE KEY");
    pub_refused("x.pub", "Ed25519");
    pub_refused("ec.pub", "Ed25519");
    pub_refused("junk.key", "expected -----BEGIN");
    pub_refused("cut.pub", "expected -----END");
}

Test(certs_signer, X082_keys_that_openssl_has_made)
{
    struct wtl_signer other;
    cr_assert_eq(fixture_run(output, sizeof output,
                             "umask 077; openssl genpkey -algorithm ED25519 -out o.key && "
                             "openssl pkey -in o.key -pubout -out o.pub"),
                 0, "%s", output);
    cr_assert_eq(wtl_signer_read(fixture_path("o.key"), &other, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_trusted_read(fixture_path("o.pub"), &trusted, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_arr_eq(trusted.keys[0], other.key, WTL_SIGNER_KEY);
    wtl_signer_deinit(&other);
}

Test(certs_signer, X082_a_file_of_several_keys)
{
    cr_assert_eq(fixture_run(output, sizeof output,
                             "umask 022; for i in 1 2 3; do openssl genpkey -algorithm ED25519 | "
                             "openssl pkey -pubout; done > three.pub; cat three.pub team.pub "
                             "three.pub > all.pub"),
                 0, "%s", output);
    cr_assert_eq(wtl_trusted_read(fixture_path("all.pub"), &trusted, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_eq(trusted.count, 4); /* each once */
    char ids[WTL_TRUSTED_MAX * (WTL_KEY_ID_TEXT + 1)];
    char id[WTL_KEY_ID_TEXT];
    cr_expect_not_null(
        strstr(wtl_trusted_ids(&trusted, ids, sizeof ids), wtl_key_id(signer.key, id)));
}

Test(certs_signer, X082_one_key_too_many)
{
    cr_assert_eq(fixture_run(output, sizeof output,
                             "umask 022; for i in $(seq 17); do openssl genpkey -algorithm ED25519 "
                             "| openssl pkey -pubout; done > many.pub"),
                 0, "%s", output);
    cr_expect_eq(wtl_trusted_read(fixture_path("many.pub"), &trusted, &error), WTL_FULL);
    cr_expect_eq(trusted.count, WTL_TRUSTED_MAX);
}
