/* small.c - addresses, admission, incarnations. */
#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/address.h"
#include "net/admission.h"
#include "net/uv_status.h"
#include "node/incarnation.h"

/* ---- addresses ------------------------------------------------------------------------------ */

static void expect_address(const char *text, bool listening, const char *host, unsigned port)
{
    struct wtl__address address;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__address_parse(text, listening, &address, &error);
    cr_assert_eq(status, WTL_OK, "%s: %s", text, error.text);
    cr_assert_str_eq(address.host, host);
    cr_assert_eq(address.port, port);
}

Test(address, good_ones)
{
    expect_address("10.0.0.7:4601", false, "10.0.0.7", 4601);
    expect_address("10.0.0.7", false, "10.0.0.7", WTL__PORT_DEFAULT);
    expect_address("edge-1.example:1", false, "edge-1.example", 1);
    expect_address("[::1]:65535", false, "::1", 65535);
    expect_address("[fe80::1]", false, "fe80::1", WTL__PORT_DEFAULT);
    expect_address(":4600", true, "", 4600);
    expect_address("127.0.0.1:0", true, "127.0.0.1", 0);
}

Test(address, bad_ones_say_what_was_expected)
{
    static const char *const bad[] = {
        "",
        ":4600",
        "host:",
        "host:0",
        "host:65536",
        "host:-1",
        "host: 1",
        "host:1x",
        "::1",
        "::1:4600",
        "[::1",
        "[::1]4600",
        "[]:1",
        "a b:1",
        "host:99999999999999999999",
        "[::1]:",
        "http://a:1",
        "host\n:1",
        "host:+1",
        "a234567890b234567890c234567890d234567890e234567890f234567890g234567890:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wtl__address address;
        struct wtl_error error = {0};
        cr_assert_eq(wtl__address_parse(bad[i], false, &address, &error), WTL_CONFIG, "\"%s\"",
                     bad[i]);
        cr_assert_not_null(strstr(error.text, "expected an address like"), "%s", error.text);
    }
}

Test(address, text_and_back)
{
    static const char *const both[] = {"127.0.0.1:4600", "[::1]:1", "[2001:db8::7]:65535"};
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        struct wtl__address address;
        struct sockaddr_storage storage;
        socklen_t size;
        char text[WTL__ADDRESS_TEXT];
        cr_assert_eq(wtl__address_parse(both[i], false, &address, NULL), WTL_OK);
        cr_assert(wtl__address_is_numeric(&address, &storage, &size));
        cr_assert_str_eq(wtl__address_text((struct sockaddr *)&storage, text), both[i]);
    }
    struct wtl__address name = {.host = "edge-1"};
    struct sockaddr_storage storage;
    socklen_t size;
    cr_assert_not(wtl__address_is_numeric(&name, &storage, &size));
}

Test(address, codes_of_the_system_have_a_status)
{
    cr_assert_eq(wtl__uv_status(0), WTL_OK);
    cr_assert_eq(wtl__uv_status(EADDRINUSE), WTL_EXISTS);
    cr_assert_eq(wtl__uv_status(-EADDRINUSE), WTL_EXISTS);
    cr_assert_eq(wtl__uv_status(-ECONNRESET), WTL_CLOSED);
    cr_assert_eq(wtl__uv_status(-ECONNREFUSED), WTL_NO_CONNECTION);
    cr_assert_eq(wtl__uv_status(-EMFILE), WTL_FULL);
    cr_assert_eq(wtl__uv_status(-ENOTTY), WTL_SYSTEM);
}

/* ---- admission ------------------------------------------------------------------------------ */

Test(admission, X040_drops_early_and_at_random)
{
    struct wtl__admission admission;
    unsigned in = 0;
    unsigned tries = 0;
    wtl__admission_init(&admission, 7);
    for (; in < WTL__ADMISSION_EARLY; in++) {
        cr_assert(wtl__admission_enter(&admission), "dropped below the first threshold");
    }
    for (; in < WTL__ADMISSION_MAX && tries < 100000; tries++) {
        in += wtl__admission_enter(&admission);
    }
    cr_assert_eq(in, WTL__ADMISSION_MAX);
    cr_assert_gt(tries, 2 * (WTL__ADMISSION_MAX - WTL__ADMISSION_EARLY));
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_not(wtl__admission_enter(&admission), "let in beyond the maximum");
    }
    cr_assert_eq(admission.count.accepted, WTL__ADMISSION_MAX);
    cr_assert_eq(admission.count.dropped, tries - (in - WTL__ADMISSION_EARLY) + 1000);
    for (; in > 0; in--) {
        wtl__admission_leave(&admission);
    }
    cr_assert(wtl__admission_enter(&admission), "the slots are free again");
    wtl__admission_leave(&admission);
    wtl__admission_deinit(&admission);
}

Test(admission, the_first_threshold_drops_about_a_third)
{
    struct wtl__admission admission;
    unsigned dropped = 0;
    wtl__admission_init(&admission, 11);
    for (unsigned i = 0; i < WTL__ADMISSION_EARLY; i++) {
        cr_assert(wtl__admission_enter(&admission));
    }
    for (unsigned i = 0; i < 10000; i++) {
        if (wtl__admission_enter(&admission)) {
            wtl__admission_leave(&admission);
        } else {
            dropped++;
        }
    }
    cr_assert(dropped > 2500 && dropped < 3500, "%u of 10000", dropped);
    for (unsigned i = 0; i < WTL__ADMISSION_EARLY; i++) {
        wtl__admission_leave(&admission);
    }
    wtl__admission_deinit(&admission);
}

/* ---- incarnations --------------------------------------------------------------------------- */

static char folder[64];
static char path[128];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/wattle-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/incarnation", folder);
}

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(name);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(incarnation, .init = make_folder, .fini = remove_folder);

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static uint32_t next_number(void)
{
    struct wtl__incarnation incarnation;
    struct wtl_error error = {0};
    cr_assert_eq(wtl__incarnation_init(&incarnation, folder, &error), WTL_OK, "%s", error.text);
    cr_assert_not(incarnation.is_random);
    wtl__incarnation_deinit(&incarnation);
    return incarnation.number;
}

Test(incarnation, counts_and_wraps_without_zero)
{
    cr_assert_eq(next_number(), 1);
    cr_assert_eq(next_number(), 2);
    write_text("16777214\n");
    cr_assert_eq(next_number(), 16777215);
    cr_assert_eq(next_number(), 1);
}

Test(incarnation, a_file_of_something_else_is_an_error)
{
    static const char *const bad[] = {"", "x\n", "-1\n", "16777216\n", "1", "1\n2\n", "1 \n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wtl__incarnation incarnation;
        struct wtl_error error = {0};
        write_text(bad[i]);
        cr_assert_eq(wtl__incarnation_init(&incarnation, folder, &error), WTL_CONFIG, "\"%s\"",
                     bad[i]);
        cr_assert_not_null(strstr(error.text, "delete the file"), "%s", error.text);
    }
}

Test(incarnation, a_folder_has_one_node)
{
    struct wtl__incarnation first;
    struct wtl__incarnation second;
    struct wtl_error error = {0};
    cr_assert_eq(wtl__incarnation_init(&first, folder, &error), WTL_OK);
    cr_assert_eq(wtl__incarnation_init(&second, folder, &error), WTL_EXISTS);
    cr_assert_not_null(strstr(error.text, "--state"), "%s", error.text);
    wtl__incarnation_deinit(&first);
    cr_assert_eq(next_number(), 2);
}

Test(incarnation, where_nothing_can_be_written_it_is_random)
{
    struct wtl__incarnation incarnation;
    uint32_t seen = 0;
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(wtl__incarnation_init(&incarnation, i % 2 != 0 ? "/proc/none" : NULL, NULL),
                     WTL_OK);
        cr_assert(incarnation.is_random);
        cr_assert_neq(incarnation.number, 0);
        cr_assert_leq(incarnation.number, WTL__INCARNATION_MAX);
        cr_assert_neq(incarnation.number, seen);
        seen = incarnation.number;
        wtl__incarnation_deinit(&incarnation);
    }
}
