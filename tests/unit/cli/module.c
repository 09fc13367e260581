/* module.c - signing, verifying and looking at modules, as users type it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

static char folder[64];
static char name[80]; /* of a pair of keys */
static char key[96];
static char pub[96];
static char so[96];

static void keygen(const char *pair)
{
    struct run run = run_wattle("module", "keygen", pair, "-q", NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    cr_expect_str_eq(run.out, "");
    run_free(&run);
}

static void set_up(void)
{
    kit_folder(folder);
    (void)snprintf(name, sizeof name, "%s/team", folder);
    (void)snprintf(key, sizeof key, "%s/team.key", folder);
    (void)snprintf(pub, sizeof pub, "%s/team.pub", folder);
    (void)snprintf(so, sizeof so, "%s/good.so", folder);
    keygen(name);
}

static void tear_down(void)
{
    kit_folder_remove(folder);
}

TestSuite(cli_module, .init = set_up, .fini = tear_down);

/* Signs the module of the tests into `so`. */
static void sign(void)
{
    struct run run =
        run_wattle("module", "sign", MODULE_GOOD, "--key", key, "--out", so, "-q", NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+e");
    cr_assert_not_null(file);
    (void)fseek(file, at, SEEK_SET);
    int c = fgetc(file);
    (void)fseek(file, at, SEEK_SET);
    (void)fputc(c ^ 1, file);
    (void)fclose(file);
}

Test(cli_module, X082_keygen_makes_a_pair_and_says_what_each_half_is_for)
{
    char other[80];
    (void)snprintf(other, sizeof other, "%s/other", folder);
    struct run run = run_wattle("module", "keygen", other, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "other.key, mode 0600: signs modules; keep it where they are built");
    EXPECT_HAS(run.out, "other.pub: nodes");
    EXPECT_HAS(run.out, "next: wattle module sign FILE.so --key ");
    run_free(&run);
    run = run_wattle("module", "keygen", other, NULL);
    cr_expect_eq(run.end, WTL__END_NO, "keys are never overwritten");
    EXPECT_HAS(run.err, "error[E0402]");
    run_free(&run);
    (void)snprintf(other, sizeof other, "%s/third", folder);
    run = run_wattle("module", "keygen", other, "--json", NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_HAS(run.out, "{\"key\":\"");
    EXPECT_HAS(run.out, "third.pub\"}\n");
    run_free(&run);
}

Test(cli_module, X082_sign_verify_inspect)
{
    struct stat was;
    struct stat is;
    struct run run = run_wattle("module", "sign", MODULE_GOOD, "--key", key, "--out", so,
                                "--number", "17", "--days", "10", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "good 1.2.3   ABI 1.");
    EXPECT_HAS(run.out, "release 17, valid until 2026-11-30 (10d)\nsigned ");
    EXPECT_HAS(run.out, "next: wattle node start --id FILE --module ");
    run_free(&run);
    cr_assert(stat(MODULE_GOOD, &was) == 0 && stat(so, &is) == 0);
    cr_expect_eq(was.st_mode & 0777, is.st_mode & 0777);

    run = run_wattle("module", "verify", so, "--key", pub, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "release 17, valid until 2026-11-30 (10d)\ngood: signed with the key ");
    run_free(&run);

    run = run_wattle("module", "inspect", so, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "module     good 1.2.3\n");
    EXPECT_HAS(run.out, "signature  release 17, valid until 2026-11-30 (10d), by the key ");
    EXPECT_HAS(run.out, "not checked: wattle module verify");
    EXPECT_HAS(run.out, "blake2b    ");
    run_free(&run);

    run = run_wattle("module", "inspect", so, "--json", NULL);
    EXPECT_HAS(run.out, "\"module\":\"good\",\"version\":\"1.2.3\",\"abi_major\":1,");
    EXPECT_HAS(run.out, "\"is_signed\":true,\"release\":17,\"key\":\"");
    EXPECT_HAS(run.out, "\"expires\":\"2026-11-30T12:00:00Z\",\"days_left\":10}\n");
    run_free(&run);
}

Test(cli_module, X082_inspect_does_not_judge)
{
    struct run run = run_wattle("module", "inspect", MODULE_GOOD, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "signature  none\n");
    run_free(&run);
    run = run_wattle("module", "inspect", MODULE_GOOD, "--json", NULL);
    EXPECT_HAS(run.out, "\"is_signed\":false}\n");
    run_free(&run);
    kit_now_s += INT64_C(400) * 86400;
    sign();
    kit_now_s += INT64_C(366) * 86400;
    run = run_wattle("module", "inspect", so, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "expired 2028-12-24");
    run_free(&run);
}

/* In place is the usual way, and the number is the time when none is given. */
Test(cli_module, X082_sign_in_place_and_again)
{
    sign();
    struct run run = run_wattle("module", "sign", so, "--key", key, NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "release 1795176000, valid until 2027-11-20 (365d)\n");
    run_free(&run);
    run = run_wattle("module", "verify", so, "--key", pub, "-q", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    cr_expect_str_eq(run.out, "");
    run_free(&run);
}

static void not_verified(const char *path, enum wtl__end end, const char *code, const char *part)
{
    struct run run = run_wattle("module", "verify", path, "--key", pub, NULL);
    cr_expect_eq(run.end, end, "%d", (int)run.end);
    cr_expect_str_eq(run.out, "");
    EXPECT_HAS(run.err, code);
    EXPECT_HAS(run.err, part);
    EXPECT_HAS(run.err, "= help: ");
    run_free(&run);
}

Test(cli_module, X082_verify_says_why_not)
{
    char other[80];
    struct stat info;
    not_verified(MODULE_GOOD, WTL__END_NO, "error[E0507]", "has no signature");
    not_verified("/nowhere.so", WTL__END_CONFIG, "error[E0403]", "No such file");
    sign();
    flip(so, 1000);
    not_verified(so, WTL__END_NO, "error[E0507]", "is not what was signed as good 1.2.3");
    flip(so, 1000);
    cr_assert_eq(stat(so, &info), 0);
    cr_assert_eq(truncate(so, info.st_size - 1), 0);
    not_verified(so, WTL__END_NO, "error[E0507]", "or copy it again if it was signed");
    sign();
    flip(so, (long)info.st_size - 30);
    not_verified(so, WTL__END_NO, "error[E0507]", "changed or cut after it was signed");
    flip(so, (long)info.st_size - 30);
    kit_now_s += INT64_C(365) * 86400;
    not_verified(so, WTL__END_NO, "error[E0507]", "was good until 2027-11-20T12:00:00Z");
    kit_now_s -= INT64_C(365) * 86400;
    (void)snprintf(other, sizeof other, "%s/other", folder);
    keygen(other);
    (void)snprintf(pub, sizeof pub, "%s.pub", other);
    not_verified(so, WTL__END_NO, "error[E0507]", "was signed with the key ");
    (void)snprintf(pub, sizeof pub, "%s.key", other);
    not_verified(so, WTL__END_CONFIG, "error[E0506]", "private half");
}

Test(cli_module, X083_a_copy_that_was_cut_off_is_not_signed)
{
    sign();
    cr_assert_eq(truncate(so, 5000), 0);
    struct run run = run_wattle("module", "sign", so, "--key", key, NULL);
    cr_expect_eq(run.end, WTL__END_DATA);
    EXPECT_HAS(run.err, "is cut off: expected ");
    EXPECT_HAS(run.err, "found 5000; copy it again");
    run_free(&run);
}

Test(cli_module, X082_sign_says_why_not)
{
    static const struct {
        const char *option;
        const char *value;
    } bad[] = {{"--number", "0"},  {"--number", "-1"},
               {"--number", "1x"}, {"--number", "99999999999999999999"},
               {"--days", "4000"}, {"--days", "0"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct run run = run_wattle("module", "sign", MODULE_GOOD, "--key", key, "--out", so,
                                    bad[i].option, bad[i].value, NULL);
        cr_expect_eq(run.end, WTL__END_USAGE, "%s", bad[i].value);
        EXPECT_HAS(run.err, "error[E0104]");
        run_free(&run);
    }
    struct run run = run_wattle("module", "sign", MODULE_GOOD, "--key", pub, "--out", so, NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0506]");
    run_free(&run);
    run = run_wattle("module", "sign", key, "--key", key, "--out", so, NULL);
    cr_expect_eq(run.end, WTL__END_DATA);
    EXPECT_HAS(run.err, "error[E0503]");
    run_free(&run);
    run = run_wattle("module", "sign", MODULE_GOOD, "--out", so, NULL);
    cr_expect_eq(run.end, WTL__END_USAGE, "without a key");
    run_free(&run);
    cr_expect_neq(access(so, F_OK), 0);
}
