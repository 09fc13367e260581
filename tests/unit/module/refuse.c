/* refuse.c - files that are no module of this node: each is refused with what was expected, what
 * came, and what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "module_kit.h"

static char file_path[] = "/tmp/wattle-refuse-XXXXXX";

/* A file of these bytes, at file_path. */
static void write_file(const void *bytes, size_t size)
{
    int file = mkstemp(file_path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, bytes, size), (ssize_t)size);
    (void)close(file);
}

static void cleanup(void)
{
    (void)unlink(file_path);
    wtl__modules_deinit(&kit_modules);
}

TestSuite(refuse, .fini = cleanup);

#define TEXT_OF(number) #number
#define TEXT(number)    TEXT_OF(number)
#define UP_TO           TEXT(WTL_ABI_MAJOR) ".0 up to " TEXT(WTL_ABI_MAJOR) "." TEXT(WTL_ABI_MINOR)

Test(refuse, X085_another_abi_names_both_numbers)
{
    REFUSED(SO("abi_major"), WTL_ABI, "ABI 2." TEXT(WTL_ABI_MINOR), UP_TO, "a compiler",
            "newer node");
    REFUSED(SO("abi_minor"), WTL_ABI, "ABI 1.7", UP_TO, "this node's headers");
    REFUSED(SO("magic"), WTL_ABI, "0x1", "0x776c7401", "WTL_MODULE");
}

Test(refuse, X085_a_missing_entry)
{
    REFUSED(SO("no_entry"), WTL_INVALID, "wtl_module_entry", "WTL_MODULE(");
}

Test(refuse, X085_a_bad_name)
{
    REFUSED(SO("badly_named"), WTL_INVALID, "Bad-Name", "[a-z0-9_]");
}

Test(refuse, X085_an_undefined_symbol)
{
    REFUSED(SO("undefined"), WTL_INVALID, "nobody_defines_this", "link what defines it");
}

Test(refuse, X085_imports_of_the_runtime)
{
    REFUSED(SO("imports"), WTL_ABI, "wtl_skip", "wattle_add_module()");
}

Test(refuse, X085_an_extra_library)
{
    REFUSED(SO("library"), WTL_INVALID, "libuv.so.1", "WTL_MODULE_NEEDS(\"libuv.so.1\")");
}

Test(refuse, X085_a_search_path)
{
    REFUSED(SO("rpath"), WTL_INVALID, "/somewhere", "without -rpath");
}

Test(refuse, X085_writable_static_data)
{
    if (WTL_SANITIZED) { /* which has writable data of its own for each variable */
        cr_skip_test("not under a sanitizer");
    }
    REFUSED(SO("statics"), WTL_INVALID, "counter (4 bytes)", "table (32 bytes)", "own (4 bytes)",
            "WTL_MODULE_STATICS");
    /* without symbols the section itself is all that can be named */
    REFUSED(SO("stripped_statics"), WTL_INVALID, ".data (");
}

Test(refuse, X083_files_that_are_none)
{
    static const char text[] = "#include <wattle/module.h>\n";
    REFUSED("/nowhere/at/all.so", WTL_NOT_FOUND, "No such file");
    REFUSED("/tmp", WTL_INVALID, "no regular file");
    write_file(text, sizeof text - 1);
    REFUSED(file_path, WTL_INVALID, "expected an ELF file", "#include");
    (void)truncate(file_path, 0);
    REFUSED(file_path, WTL_INVALID, "is empty");
    (void)truncate(file_path, (off_t)WTL__IMAGE_BYTES_MAX + 1);
    REFUSED(file_path, WTL_TOO_LARGE, "67108864");
    /* a pipe that nobody writes to must not hold the node up */
    (void)unlink(file_path);
    cr_assert_eq(mkfifo(file_path, 0600), 0);
    REFUSED(file_path, WTL_INVALID, "no regular file");
}

/* Every shorter copy is seen as one. */
Test(refuse, X083_files_that_are_cut_off)
{
    size_t size;
    uint8_t *bytes = kit_read(SO("good"), &size);
    for (size_t cut = 1; cut < size; cut += cut < 512 ? 1 : 997) {
        struct wtl_error error = {0};
        struct wtl__elf elf;
        cr_assert_eq(wtl__elf_check(bytes, cut, &elf, &error), WTL_INVALID, "%zu of %zu", cut,
                     size);
    }
    write_file(bytes, size - 1);
    REFUSED(file_path, WTL_INVALID, "cut off", "copy it again");
    free(bytes);
}

/* Whatever the bytes say, looking at them stays within them. */
Test(refuse, X083_bytes_that_are_flipped)
{
    size_t size;
    uint8_t *bytes = kit_read(SO("good"), &size);
    struct wtl__prng prng;
    uint8_t *copy = malloc(size);
    wtl__prng_init(&prng, 5);
    for (unsigned round = 0; round < 4000; round++) {
        struct wtl__elf elf;
        struct wtl_error error = {0};
        uint64_t into;
        memcpy(copy, bytes, size);
        for (unsigned i = 0; i < 8; i++) {
            /* half of the flips in the head, where the offsets are */
            size_t within = i % 2 == 0 ? 1024 : size;
            copy[wtl__prng_below(&prng, within)] = (uint8_t)wtl__prng_next(&prng);
        }
        if (wtl__elf_check(copy, size, &elf, &error) == WTL_OK) {
            (void)wtl__elf_symbol(&elf, 0x1200, &into);
        } else {
            cr_assert_neq(error.text[0], '\0');
        }
    }
    free(copy);
    free(bytes);
}
