/* show.c - I04: what is shown, of good files and of bad ones. */
#include "certs/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "certs/ca.h"
#include "fixture.h"

TestSuite(certs_show, .init = fixture_init, .fini = fixture_deinit);

static char *printed(const struct wtl_show *show, enum wtl_show_format format, int64_t now_s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    cr_assert_not_null(file);
    wtl_show_print(show, format, now_s, file);
    cr_assert_eq(fclose(file), 0);
    for (size_t i = 0; i < size; i++) {
        cr_assert(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f), "byte %02x", text[i]);
    }
    return text;
}

static void expect_printed(const struct wtl_show *show, enum wtl_show_format format, int64_t now_s,
                           const char *word)
{
    char *text = printed(show, format, now_s);
    cr_expect_not_null(strstr(text, word), "\"%s\" is not in: %s", word, text);
    free(text);
}

/* sensor-1.bundle, read for showing. */
static struct wtl_show show_bundle(void)
{
    struct wtl_bundle bundle = fixture_bundle();
    struct wtl_show show;
    struct wtl_error error = {0};
    const char *path = fixture_path("sensor-1.bundle");
    cr_assert_eq(wtl_bundle_write(path, &bundle, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_show_read(path, &show, &error), WTL_OK, "%s", error.text);
    cr_expect_arr_eq(show.certs[0].fingerprint, bundle.identity.fingerprint, 32);
    wtl_bundle_deinit(&bundle);
    return show;
}

Test(certs_show, I04_short_is_two_lines)
{
    struct wtl_show show = show_bundle();
    char *text = printed(&show, WTL_SHOW_SHORT, NOW_S);
    char want[400];
    (void)snprintf(want, sizeof want,
                   "sensor-1   mesh climate   layer device   tenant default   P-256   serial "
                   "%.4s...%.4s\n"
                   "valid 2026-01-15 .. 2026-04-15 (90d left, renews from 2026-03-16)   roots 1 "
                   "(2036-01-13)   key: in file, mode 0600\n",
                   show.certs[0].serial, show.certs[0].serial + 28);
    cr_expect_str_eq(text, want);
    free(text);
}

Test(certs_show, I04_long_has_all_fields)
{
    struct wtl_show show = show_bundle();
    static const char *const words[] = {
        "(bundle)\n",
        "  name         sensor-1\n",
        "  layer        device\n",
        "  tenant       default\n",
        "  mesh         climate\n",
        "  key          in file, mode 0600\n",
        "  uri          spiffe://climate/default/device/sensor-1\n",
        "\nissuing CA\n",
        "\nroot\n",
        "  issuer       O=climate, CN=issuing CA ",
        "  valid        2026-01-15T11:55:00Z .. 2026-04-15T12:00:00Z (89d left)\n",
        "  fingerprint  ",
        "nothing was verified\n",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        expect_printed(&show, WTL_SHOW_LONG, NOW_S + 1, words[i]);
    }
}

/* Python's parser is the judge of the JSON. */
Test(certs_show, I04_json_is_one_object)
{
    struct wtl_show show = show_bundle();
    char output[1000];
    char *text = printed(&show, WTL_SHOW_JSON, NOW_S);
    fixture_write(fixture_path("shown.json"), text, strlen(text), 0600);
    cr_expect_null(strstr(text, "PRIVATE"));
    free(text);
    int code = fixture_run(
        output, sizeof output,
        "python3 -c 'import json,subprocess\n"
        "o=json.load(open(\"shown.json\"))\n"
        "assert (o[\"name\"],o[\"layer\"],o[\"tenant\"],o[\"mesh\"])==(\"sensor-1\",\"device\","
        "\"default\",\"climate\")\n"
        "assert o[\"key\"] is True and o[\"mode\"]==\"0600\" and o[\"verified\"] is False\n"
        "assert o[\"kind\"]==\"bundle\" and o[\"roots\"]==1 and len(o[\"certificates\"])==3\n"
        "c=o[\"certificates\"][0]\n"
        "assert c[\"days_left\"]==90 and c[\"not_after\"]==\"2026-04-15T12:00:00Z\"\n"
        "assert c[\"uri\"]==o[\"uri\"] and c[\"ca\"] is False and len(c[\"serial\"])==32\n"
        "f=subprocess.run([\"openssl\",\"x509\",\"-in\",\"sensor-1.bundle\",\"-noout\","
        "\"-fingerprint\",\"-sha256\"],capture_output=True,text=True).stdout\n"
        "assert f.split(\"=\")[1].strip().replace(\":\",\"\").lower()==c[\"sha256\"]\n'");
    cr_expect_eq(code, 0, "%s", output);
}

Test(certs_show, I04_days_left_and_expiry)
{
    struct wtl_show show = show_bundle();
    int64_t end_s = show.certs[0].not_after_s;
    cr_expect_eq(wtl_show_days_left(&show, NOW_S), 90);
    cr_expect_eq(wtl_show_days_left(&show, end_s + 1), -1);
    expect_printed(&show, WTL_SHOW_SHORT, end_s, "(0d left");
    expect_printed(&show, WTL_SHOW_SHORT, end_s + 1, "(expired 0d ago");
    expect_printed(&show, WTL_SHOW_SHORT, end_s + 3 * DAY_S, "(expired 2d ago");
    expect_printed(&show, WTL_SHOW_SHORT, end_s + 3 * DAY_S + 1, "(expired 3d ago");
    expect_printed(&show, WTL_SHOW_SHORT, 0, "(not valid yet");
    expect_printed(&show, WTL_SHOW_SHORT, INT64_MAX, "(expired ");
    expect_printed(&show, WTL_SHOW_SHORT, INT64_MIN, "(not valid yet");
}

/* Showing never verifies: what wtl_bundle_read refuses is shown, with what is wrong. */
Test(certs_show, I04_bad_files_are_shown)
{
    struct wtl_show show = show_bundle();
    struct wtl_error error = {0};
    char output[500];
    const char *path = fixture_path("sensor-1.bundle");
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(wtl_show_read(path, &show, &error), WTL_OK, "%s", error.text);
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "key: in file, mode 0644 (must be 0600)");
    /* no root, another head */
    cr_assert_eq(fixture_run(output, sizeof output,
                             "(echo wattle-bundle 1; echo name: somebody; echo; openssl x509 -in "
                             "sensor-1.bundle) > part.bundle"),
                 0);
    cr_assert_eq(wtl_show_read(fixture_path("part.bundle"), &show, &error), WTL_OK, "%s",
                 error.text);
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "sensor-1   mesh climate");
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "roots 0   key: none");
    /* a block that is no certificate, before a good one */
    cr_assert_eq(fixture_run(output, sizeof output,
                             "(echo -----BEGIN CERTIFICATE-----; echo MAMCAQE=; echo -----END "
                             "CERTIFICATE-----; cat part.bundle | tail -n +4) > broken.pem"),
                 0);
    cr_assert_eq(wtl_show_read(fixture_path("broken.pem"), &show, &error), WTL_OK, "%s",
                 error.text);
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "cannot be read: certificate, frame");
    expect_printed(&show, WTL_SHOW_LONG, NOW_S, "CN=sensor-1");
    expect_printed(&show, WTL_SHOW_JSON, NOW_S, "\"kind\":\"unreadable\"");
    cr_expect_eq(wtl_show_days_left(&show, NOW_S), INT64_MIN);
    fixture_write(fixture_path("junk"), "hello\n", 6, 0600);
    cr_expect_eq(wtl_show_read(fixture_path("junk"), &show, &error), WTL_CONFIG);
    cr_expect_eq(wtl_show_read(fixture_path("none"), &show, &error), WTL_SYSTEM);
}

Test(certs_show, I04_ca_and_foreign_certificates_are_shown)
{
    struct wtl_show show;
    struct wtl_error error = {0};
    char output[2000];
    cr_assert_eq(wtl_ca_create(fixture_path("ca"), "climate", NOW_S, &error), WTL_OK, "%s",
                 error.text);
    cr_assert_eq(wtl_show_read(fixture_path("ca/root.pem"), &show, &error), WTL_OK, "%s",
                 error.text);
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "O=climate, CN=root CA ");
    expect_printed(&show, WTL_SHOW_LONG, NOW_S, "  uri          spiffe://climate\n");
    cr_expect_eq(show.certs[0].problem[0], '\0', "a CA is no node, and that is no problem");
    /* RSA, a name that would clear the screen, quotes for JSON; as DER */
    cr_assert_eq(
        fixture_run(output, sizeof output,
                    "openssl req -x509 -nodes -newkey rsa:2048 -keyout k -outform DER -out "
                    "c.der -days 9 -utf8 -subj \"$(printf '/O=a\\033[2Jb/CN=x\"y\\\\\\\\z')\""),
        0, "%s", output);
    cr_assert_eq(wtl_show_read(fixture_path("c.der"), &show, &error), WTL_OK, "%s", error.text);
    expect_printed(&show, WTL_SHOW_LONG, NOW_S, "O=a?[2Jb, CN=x\"y\\z");
    expect_printed(&show, WTL_SHOW_JSON, NOW_S, "CN=x\\\"y\\\\z");
    expect_printed(&show, WTL_SHOW_SHORT, NOW_S, "not P-256");
}
