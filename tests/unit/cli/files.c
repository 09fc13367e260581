/* files.c - commands that need no node: ca, id, flow; and what is said when there is none. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "kit.h"

static char folder[64];
static char ca[96];
static char bundle[96];

static void open_folder(void)
{
    kit_folder(folder);
    (void)snprintf(ca, sizeof ca, "%s/ca", folder);
    (void)snprintf(bundle, sizeof bundle, "%s/edge-1.bundle", folder);
}

static void close_folder(void)
{
    kit_folder_remove(folder);
}

static void make_ca(void)
{
    struct run run = run_wattle("ca", "init", ca, "--mesh", "demo", NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
}

TestSuite(cli_files, .init = open_folder, .fini = close_folder);

Test(cli_files, I01_ca_init_says_where_the_keys_are_and_when_they_expire)
{
    char expected[1024];
    struct run run = run_wattle("ca", "init", ca, "--mesh", "demo", NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    (void)snprintf(expected, sizeof expected,
                   "mesh demo\n"
                   "root     %s/root.pem, valid until 2036-11-17\n"
                   "         %s/root.key: keep it offline, it is needed again to renew the issuing "
                   "CA\n"
                   "issuing  %s/issuing.pem, valid until 2027-11-20\n"
                   "         %s/issuing.key: signs the identities of nodes\n"
                   "next: wattle id new NAME --layer LAYER --ca %s\n",
                   ca, ca, ca, ca, ca);
    EXPECT_TEXT(run.out, expected);
    run_free(&run);
    run = run_wattle("ca", "init", ca, "--mesh", "demo", NULL);
    cr_expect_eq(run.end, WTL__END_NO, "it refuses to overwrite");
    EXPECT_HAS(run.err, "error[E0402]");
    run_free(&run);
    run = run_wattle("ca", "init", bundle, "--mesh", "De mo", NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    EXPECT_HAS(run.err, "error[E0104]");
    run_free(&run);
}

Test(cli_files, I02_id_new_makes_one_private_file)
{
    struct stat found;
    make_ca();
    struct run run = run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out",
                                bundle, "--san", "localhost", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "edge-1   layer edge   mesh demo   valid until 2027-02-18 (90d)\n");
    EXPECT_HAS(run.out, "next: wattle node start --id ");
    run_free(&run);
    cr_assert_eq(stat(bundle, &found), 0);
    cr_expect_eq(found.st_mode & 0777, 0600);
    run = run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out", bundle, NULL);
    cr_expect_eq(run.end, WTL__END_NO, "it is not overwritten");
    run_free(&run);
}

Test(cli_files, I02_a_clamped_end_is_said)
{
    make_ca();
    struct run run = run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out",
                                bundle, "--days", "400", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    EXPECT_HAS(run.out, "valid until 2027-11-20");
    EXPECT_HAS(run.out, "sooner than asked");
    run_free(&run);
}

Test(cli_files, I02_bad_requests_are_refused)
{
    make_ca();
    static const char *const days[] = {"0", "-1", "3651", "12x", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        struct run run = run_wattle("id", "new", "a", "--layer", "edge", "--ca", ca, "--out",
                                    bundle, "--days", days[i], NULL);
        cr_expect_eq(run.end, WTL__END_USAGE, "--days %s", days[i]);
        run_free(&run);
    }
    struct run run = run_wattle("id", "new", "a", "--layer", "fog", "--ca", ca, NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    EXPECT_HAS(run.err, "device, edge or cloud; got \"fog\"");
    run_free(&run);
    run = run_wattle("id", "new", "A B", "--layer", "edge", "--ca", ca, "--out", bundle, NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    run_free(&run);
    run = run_wattle("id", "new", "a", "--layer", "edge", "--ca", folder, "--out", bundle, NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "= help: wattle ca init DIR --mesh NAME");
    run_free(&run);
    cr_expect_neq(access(bundle, F_OK), 0, "nothing was written");
}

Test(cli_files, I09_ca_revoke_and_revoked)
{
    char expected[512];
    make_ca();
    struct run run = run_wattle("ca", "revoked", "--ca", ca, NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_TEXT(run.out, "mesh demo has no revocation list yet\n");
    run_free(&run);
    run = run_wattle("ca", "revoked", "--ca", ca, "--json", NULL);
    EXPECT_TEXT(run.out, "{\"mesh\":\"demo\",\"number\":0,\"revoked\":[]}\n");
    run_free(&run);
    run = run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out", bundle, NULL);
    run_free(&run);
    run = run_wattle("ca", "revoke", "edge-1", "--ca", ca, "--days", "7", NULL);
    cr_expect_eq(run.end, WTL__END_OK, "%s", run.err);
    cr_expect_eq(strncmp(run.out, "revoked edge-1, serial ", 23), 0, "%s", run.out);
    EXPECT_HAS(run.out, ", which would have expired 2027-02-18\n");
    (void)snprintf(expected, sizeof expected,
                   "list 1 of mesh demo: 1 revoked, valid until 2026-11-27 (7d)\n"
                   "wrote %s/revoked.crl: copy it to every node that was started with --revoked, "
                   "over that file\n",
                   ca);
    EXPECT_HAS(run.out, expected);
    run_free(&run);
    run = run_wattle("ca", "revoke", bundle, "--ca", ca, NULL);
    EXPECT_HAS(run.out, "edge-1.bundle was revoked already\nlist 2 of mesh demo: 1 revoked, valid "
                        "until 2026-12-20 (30d)\n");
    run_free(&run);
    run = run_wattle("ca", "revoke", "--ca", ca, "-q", NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_TEXT(run.out, "");
    run_free(&run);
    run = run_wattle("ca", "revoked", "--ca", ca, NULL);
    EXPECT_HAS(run.out, "list 3 of mesh demo: 1 revoked, signed 2026-11-20, valid until 2026-12-20 "
                        "(30d)\n"
                        "NODE    REVOKED               EXPIRES     SERIAL\n"
                        "edge-1  2026-11-20T12:00:00Z  2027-02-18  ");
    run_free(&run);
    run = run_wattle("ca", "revoked", "--ca", ca, "--json", NULL);
    EXPECT_HAS(run.out, "{\"mesh\":\"demo\",\"number\":3,\"signed\":\"2026-11-20T12:00:00Z\","
                        "\"until\":\"2026-12-20T12:00:00Z\",\"revoked\":[{\"serial\":\"");
    EXPECT_HAS(run.out, "\",\"node\":\"edge-1\",\"expires\":\"2027-02-18T12:00:00Z\","
                        "\"at\":\"2026-11-20T12:00:00Z\"}]}\n");
    run_free(&run);
}

Test(cli_files, I09_what_cannot_be_revoked)
{
    make_ca();
    struct run run = run_wattle("ca", "revoke", "edge-1", "--ca", ca, NULL);
    cr_expect_eq(run.end, WTL__END_NO);
    EXPECT_HAS(run.err, "error[E0406]: \"edge-1\": expected the name of a node");
    EXPECT_HAS(run.err, "issued were: none yet");
    run_free(&run);
    run = run_wattle("ca", "revoke", "--ca", folder, NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0404]");
    run_free(&run);
    run = run_wattle("ca", "revoked", "--ca", "/nowhere/at/all", NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0404]");
    run_free(&run);
    static const char *const days[] = {"0", "3651", "x"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        run = run_wattle("ca", "revoke", "--ca", ca, "--days", days[i], NULL);
        cr_expect_eq(run.end, WTL__END_USAGE, "--days %s", days[i]);
        EXPECT_HAS(run.err, "a number of days from 1 to 3650");
        run_free(&run);
    }
    run = run_wattle("ca", "revoke", "a", "b", "--ca", ca, NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    run_free(&run);
}

Test(cli_files, X027_a_node_wants_a_list_that_is_good)
{
    make_ca();
    struct run run =
        run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out", bundle, NULL);
    run_free(&run);
    run = run_wattle("node", "start", "--id", bundle, "--revoked", bundle, NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0405]");
    EXPECT_HAS(run.err, "line 1: expected -----BEGIN");
    EXPECT_HAS(run.err, "= help: on the machine with the CA: wattle ca revoke --ca DIR");
    run_free(&run);
    run = run_wattle("node", "start", "--id", bundle, "--revoked", "/nowhere/at/all", NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0405]: /nowhere/at/all: open: No such file or directory");
    run_free(&run);
}

Test(cli_files, I04_id_show)
{
    make_ca();
    struct run made = run_wattle("id", "new", "edge-1", "--layer", "edge", "--ca", ca, "--out",
                                 bundle, "-q", NULL);
    cr_expect_eq(made.end, WTL__END_OK);
    EXPECT_TEXT(made.out, "");
    run_free(&made);
    struct run run = run_wattle("id", "show", bundle, "--short", NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_HAS(run.out, "edge-1   mesh demo   layer edge");
    run_free(&run);
    run = run_wattle("id", "show", bundle, "--json", NULL);
    EXPECT_HAS(run.out, "\"name\":\"edge-1\"");
    run_free(&run);
    run = run_wattle("id", "show", bundle, NULL);
    EXPECT_HAS(run.out, "nothing was verified");
    cr_expect_null(strstr(run.out, "PRIVATE KEY"));
    run_free(&run);
    run = run_wattle("id", "show", "/nowhere/at/all", NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0403]");
    run_free(&run);
}

static void write_file(char path_out[96], const char *name, const char *text)
{
    (void)snprintf(path_out, 96, "%s/%s", folder, name);
    FILE *file = fopen(path_out, "w");
    cr_assert(file != NULL);
    (void)fputs(text, file);
    (void)fclose(file);
}

Test(cli_files, U04_flow_check_ends_with_0_1_or_65)
{
    char path[96];
    write_file(path, "climate.flow",
               "push m.temp @each:device <~> m.clean @edge ~> m.store @cloud\n");
    struct run run = run_wattle("flow", "check", path, NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_TEXT(run.out, "ok  climate  3 stages, 1 chain\n");
    EXPECT_HAS(run.err, "warning[E0283]");
    run_free(&run);
    run = run_wattle("flow", "check", path, "--deny-warnings", "-q", NULL);
    cr_expect_eq(run.end, WTL__END_NO);
    EXPECT_TEXT(run.out, "");
    run_free(&run);
    write_file(path, "bad.flow", "pull m.temp @edge ~> m.store @cloud\n");
    run = run_wattle("flow", "check", path, NULL);
    cr_expect_eq(run.end, WTL__END_DATA);
    EXPECT_HAS(run.err, "error[E0209]");
    EXPECT_HAS(run.err, "bad.flow:1:19");
    run_free(&run);
    run = run_wattle("flow", "check", "/nowhere.flow", NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0403]");
    run_free(&run);
}

Test(cli_files, U04_flow_check_says_what_nodes_refuse)
{
    char path[96];
    write_file(path, "clients.flow", "push <~> m.clean @edge <~> output\n");
    struct run run = run_wattle("flow", "check", path, NULL);
    cr_expect_eq(run.end, WTL__END_OK);
    EXPECT_HAS(run.err,
               "warning: nodes refuse to run it: flow clients: input and output for clients");
    run_free(&run);
    run = run_wattle("flow", "check", path, "--deny-warnings", NULL);
    cr_expect_eq(run.end, WTL__END_NO);
    run_free(&run);
}

Test(cli_files, U04_flow_check_of_what_is_too_large)
{
    char path[96];
    size_t size = 65 * 1024;
    char *many = malloc(size + 1);
    memset(many, '#', size);
    many[size] = '\0';
    write_file(path, "large.flow", many);
    free(many);
    struct run run = run_wattle("flow", "check", path, NULL);
    cr_expect_eq(run.end, WTL__END_DATA);
    EXPECT_HAS(run.err, "error[E0201]");
    run_free(&run);
}

Test(cli_files, F00_flow_graph_in_three_formats)
{
    static const char *const formats[][2] = {
        {"text", "flow climate"}, {"dot", "digraph"}, {"mermaid", "flowchart"}};
    char path[96];
    write_file(path, "climate.flow", "push m.temp @each:device <~> m.store @cloud\n");
    for (size_t i = 0; i < 3; i++) {
        struct run run = run_wattle("flow", "graph", path, "--format", formats[i][0], NULL);
        cr_expect_eq(run.end, WTL__END_OK);
        EXPECT_HAS(run.out, formats[i][1]);
        run_free(&run);
    }
}

Test(cli_files, I14_a_node_without_identity_says_which_two_commands_to_run)
{
    struct run run = run_wattle("node", "start", NULL);
    cr_expect_eq(run.end, WTL__END_CONFIG);
    EXPECT_HAS(run.err, "error[E0502]");
    EXPECT_HAS(run.err, "wattle ca init DIR --mesh NAME");
    EXPECT_HAS(run.err, "wattle id new NAME --layer LAYER --ca DIR");
    run_free(&run);
    run = run_wattle("node", "start", "--id", "/nowhere.bundle", NULL);
    cr_expect_neq(run.end, WTL__END_OK);
    EXPECT_HAS(run.err, "/nowhere.bundle");
    run_free(&run);
}

Test(cli_files, U05_no_node_answers)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/none.sock", folder);
    struct run run = run_wattle("mesh", "nodes", "--control", path, NULL);
    cr_expect_eq(run.end, WTL__END_UNREACHABLE);
    EXPECT_HAS(run.err, "error[E0301]: no node answers there\n");
    EXPECT_HAS(run.err, "none.sock\n");
    EXPECT_HAS(run.err, "= tried: connecting: ");
    EXPECT_HAS(run.err, "= help: wattle node start --id FILE\n");
    run_free(&run);
}

Test(cli_files, U05_what_was_tried_is_said_in_order)
{
    (void)setenv("XDG_RUNTIME_DIR", folder, 1);
    (void)unsetenv("WTL_CONTROL");
    char paths[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX];
    if (wtl__client_sockets(paths) > 0) {
        cr_skip_test("a node of somebody else answers on this machine");
    }
    struct run run = run_wattle("actor", "ls", NULL);
    cr_expect_eq(run.end, WTL__END_UNREACHABLE);
    const char *flag = strstr(run.err, "= tried: --control");
    const char *variable = strstr(run.err, "= tried: $WTL_CONTROL");
    const char *place = strstr(run.err, "= tried: /");
    cr_expect(flag != NULL && variable != NULL && place != NULL && flag < variable &&
                  variable < place,
              "%s", run.err);
    run_free(&run);
}
