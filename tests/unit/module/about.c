/* about.c - what a module's file says of itself, read without running it. */
#include <elf.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/prng.h"
#include "module/about.h"
#include "module_kit.h"

static struct wtl_error error;
static struct wtl__about about;
static uint8_t *bytes;
static size_t size;

static void set_up(void)
{
    error = (struct wtl_error){0};
    bytes = kit_read(SO("good"), &size);
}

static void tear_down(void)
{
    free(bytes);
    wtl__modules_deinit(&kit_modules);
}

TestSuite(about, .init = set_up, .fini = tear_down);

Test(about, X085_a_file_says_its_name_and_abi)
{
    cr_assert_eq(wtl__about_read(bytes, size, &about, &error), WTL_OK, "%s", error.text);
    cr_expect_str_eq(about.name, "good");
    cr_expect_str_eq(about.version, "1.2.3");
    cr_expect_str_eq(about.compiler, WTL_MODULE_COMPILER_);
    cr_expect_eq(about.abi_major, WTL_ABI_MAJOR);
    cr_expect_eq(about.abi_minor, 0, "what it says that it needs");
    cr_expect_eq(about.bits, 8 * sizeof(void *));
    cr_expect_eq(wtl__about_check(&about, &error), WTL_OK);
}

Test(about, X085_one_that_was_not_written_with_the_macro_says_nothing)
{
    size_t other;
    uint8_t *plain = kit_read(SO("stripped"), &other);
    cr_expect_eq(wtl__about_read(plain, other, &about, &error), WTL_OK, "%s", error.text);
    cr_expect_str_eq(about.name, "");
    cr_expect_eq(wtl__about_demand(plain, other, &about, &error), WTL_INVALID);
    cr_expect_not_null(strstr(error.text, "WTL_MODULE"), "%s", error.text);
    free(plain);
}

/* The text in the file, as WTL_MODULE has written it. */
static char *record(void)
{
    char *at = memmem(bytes, size, "good\0001.2.3\0001.", 13);
    cr_assert_not_null(at);
    return at;
}

/* Another ABI is seen before anything of the file is mapped to run: the check has only bytes. */
Test(about, X085_another_abi_is_seen_in_the_bytes)
{
    struct wtl__elf elf;
    record()[11] = '7';
    cr_assert_eq(wtl__elf_check(bytes, size, &elf, &error), WTL_ABI, "%s", error.text);
    cr_expect_not_null(strstr(error.text, "ABI 7."), "%s", error.text);
    cr_expect_not_null(strstr(error.text, "1.0 up to 1."), "%s", error.text);
    cr_expect_not_null(strstr(error.text, __VERSION__), "%s", error.text);
}

Test(about, X085_what_cannot_be_read_is_refused)
{
    static const struct {
        int at;
        char c;
    } bad[] = {{0, 'G'},  {0, '\0'}, {1, ' '},  {1, '\n'},  {5, '\0'},   {6, '\x7f'},
               {11, 'x'}, {11, '0'}, {12, ','}, {13, '\0'}, {15, '\x01'}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *at = record() + bad[i].at;
        char was = *at;
        *at = bad[i].c;
        enum wtl_status status = wtl__about_demand(bytes, size, &about, &error);
        if (status == WTL_OK) { /* "0.0" can be read */
            status = wtl__about_check(&about, &error);
        }
        cr_expect_neq(status, WTL_OK, "case %zu", i);
        *at = was;
    }
    cr_expect_eq(wtl__about_read(bytes, size, &about, &error), WTL_OK);
}

/* A module for another machine is read as well: it is signed where it was built. */
Test(about, X085_files_of_both_word_sizes)
{
    static const char names[] = "\0.names\0wtl_about";
    static const char text[] = "far\0000.9\0001.0\0gcc";
    struct {
        Elf32_Ehdr head;
        Elf32_Shdr sections[3];
        char names[sizeof names];
        char text[sizeof text];
    } file = {.head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB},
                       .e_machine = EM_ARM,
                       .e_shoff = sizeof(Elf32_Ehdr),
                       .e_shentsize = sizeof(Elf32_Shdr),
                       .e_shnum = 3,
                       .e_shstrndx = 1}};
    memcpy(file.names, names, sizeof names);
    memcpy(file.text, text, sizeof text);
    file.sections[1] = (Elf32_Shdr){.sh_name = 1, .sh_size = sizeof names};
    file.sections[1].sh_offset = (Elf32_Off)((char *)file.names - (char *)&file);
    file.sections[2] = (Elf32_Shdr){.sh_name = 8, .sh_size = sizeof text};
    file.sections[2].sh_offset = (Elf32_Off)((char *)file.text - (char *)&file);
    cr_assert_eq(wtl__about_read(&file, sizeof file, &about, &error), WTL_OK, "%s", error.text);
    cr_expect_str_eq(about.name, "far");
    cr_expect_str_eq(about.version, "0.9");
    cr_expect_str_eq(wtl__about_machine(&about), "arm");
    cr_expect_eq(about.bits, 32);
    for (size_t cut = 0; cut < sizeof file - sizeof text; cut++) {
        cr_expect_neq(wtl__about_demand(&file, cut, &about, &error), WTL_OK, "%zu", cut);
    }
}

/* Two answers of one file: neither is believed. */
Test(about, X085_the_file_and_its_entry_say_the_same)
{
    char copy[] = "/tmp/wattle-about-XXXXXX";
    int file = mkstemp(copy);
    cr_assert_geq(file, 0);
    record()[9] = '4'; /* 1.2.3 */
    cr_assert_eq(write(file, bytes, size), (ssize_t)size);
    (void)close(file);
    REFUSED(copy, WTL_INVALID, "good 1.2.4", "by its file", "good 1.2.3", "by its entry");
    (void)unlink(copy);
}

Test(about, X083_whatever_the_bytes_are)
{
    struct wtl__prng prng;
    uint8_t *copy = malloc(size);
    wtl__prng_init(&prng, 11);
    for (unsigned round = 0; round < 3000; round++) {
        memcpy(copy, bytes, size);
        for (unsigned i = 0; i < 6; i++) {
            /* the head, and the table of sections at the end */
            size_t at = wtl__prng_below(&prng, 4096);
            copy[i % 2 == 0 ? at % 64 : size - 1 - at] = (uint8_t)wtl__prng_next(&prng);
        }
        error = (struct wtl_error){0};
        cr_expect(wtl__about_read(copy, size, &about, &error) == WTL_OK || error.text[0] != '\0');
    }
    free(copy);
}
