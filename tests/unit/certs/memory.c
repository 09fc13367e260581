/* memory.c - where private keys are while a program has them, and that they are given back. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

TestSuite(certs_memory, .init = fixture_init, .fini = fixture_deinit);

/* Has the mapping that holds `address` this flag? See "VmFlags" in proc(5). */
static bool map_has(const void *address, const char *flag)
{
    char line[512];
    bool inside = false;
    bool found = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            inside = (unsigned long)address >= from && (unsigned long)address < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
        }
    }
    (void)fclose(maps);
    return found;
}

static long locked_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *status = fopen("/proc/self/status", "r");
    cr_assert_not_null(status);
    while (fgets(line, sizeof line, status) != NULL) {
        (void)sscanf(line, "VmLck: %ld kB", &kb);
    }
    (void)fclose(status);
    return kb;
}

Test(certs_memory, I10_key_is_locked_and_left_out_of_core_dumps)
{
    long before = locked_kb();
    struct wtl_bundle bundle = fixture_bundle();
    cr_expect(map_has(bundle.key.bytes, " dd"), "the key may end up in a core dump");
    if (!WTL_SANITIZED) { /* sanitizers make mlock do nothing */
        cr_expect(map_has(bundle.key.bytes, " lo"), "the key may end up in the swap");
        cr_expect_gt(locked_kb(), before);
    }
    struct wtl_der text;
    struct wtl_bundle refused;
    cr_assert_eq(wtl_bundle_format(&bundle, &text, NULL), WTL_OK);
    text.bytes[text.size / 2] = '!'; /* in a certificate, when the key has been read */
    cr_expect_neq(wtl_bundle_parse((const char *)text.bytes, text.size, "x", &refused, NULL),
                  WTL_OK);
    wtl_bundle_text_free(&text);
    wtl_bundle_deinit(&bundle);
    cr_expect_eq(locked_kb(), before, "a key or the text of a bundle was not given back");
    wtl_bundle_deinit(&bundle); /* a zeroed bundle is fine */
}
