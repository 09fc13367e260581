/* elf.c - what a file asks of the system's loader: each thing that a module may not want. */
#include <stdio.h>
#include <stdlib.h>

#include "module_kit.h"

static struct wtl_error error;
static struct wtl__elf elf;
static uint8_t *bytes;
static size_t size;

static void set_up(void)
{
    error = (struct wtl_error){0};
    bytes = kit_read(SO("good"), &size);
    cr_assert_eq(wtl__elf_check(bytes, size, &elf, &error), WTL_OK, "%s", error.text);
}

static void tear_down(void)
{
    free(bytes);
    wtl__modules_deinit(&kit_modules);
}

TestSuite(elf, .init = set_up, .fini = tear_down);

static void refused(enum wtl_status status, const char *word)
{
    struct wtl__elf out;
    error = (struct wtl_error){0};
    enum wtl_status came = wtl__elf_check(bytes, size, &out, &error);
    cr_expect_eq(came, status, "%s: %s", wtl_status_word(came), error.text);
    cr_expect_not_null(strstr(error.text, word), "no \"%s\" in \"%s\"", word, error.text);
}

static ElfW(Ehdr) * head(void)
{
    return (ElfW(Ehdr) *)(void *)bytes;
}

static ElfW(Phdr) * segment(uint32_t type)
{
    ElfW(Phdr) *parts = (ElfW(Phdr) *)(void *)(bytes + head()->e_phoff);
    for (unsigned i = 0; i < head()->e_phnum; i++) {
        if (parts[i].p_type == type) {
            return &parts[i];
        }
    }
    cr_assert_fail("there is no segment of type %u", type);
    return NULL;
}

/* The entry of the dynamic segment with that tag. */
static ElfW(Dyn) * dynamic(int64_t tag)
{
    ElfW(Dyn) *entry = (ElfW(Dyn) *)(void *)(bytes + segment(PT_DYNAMIC)->p_offset);
    while (entry->d_tag != tag) {
        cr_assert_neq(entry->d_tag, DT_NULL, "there is no entry with tag %lld", (long long)tag);
        entry++;
    }
    return entry;
}

Test(elf, X085_another_kind_of_machine)
{
    head()->e_machine = head()->e_machine == EM_ARM ? EM_386 : EM_ARM;
    refused(WTL_INVALID, "build it for this machine");
}

Test(elf, X085_another_word_size)
{
    head()->e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS32 : ELFCLASS64;
    refused(WTL_INVALID, "word size");
}

Test(elf, X085_a_program)
{
    head()->e_type = ET_EXEC;
    refused(WTL_INVALID, "expected a shared object");
}

Test(elf, X085_a_stack_to_execute)
{
    REFUSED(SO("execstack"), WTL_INVALID, "stack that can be executed", "-z noexecstack");
}

Test(elf, X085_code_to_write_to)
{
    ElfW(Phdr) *parts = (ElfW(Phdr) *)(void *)(bytes + head()->e_phoff);
    for (unsigned i = 0; i < head()->e_phnum; i++) {
        if (parts[i].p_type == PT_LOAD && (parts[i].p_flags & PF_X) != 0) {
            parts[i].p_flags |= PF_W;
        }
    }
    refused(WTL_INVALID, "has code that can be written to");
}

#if UINTPTR_MAX > UINT32_MAX
Test(elf, X085_text_relocations)
{
    REFUSED(SO("textrel"), WTL_INVALID, "write to its own code", "-fPIC");
}
#endif

Test(elf, X085_a_library_that_comes_another_way)
{
    REFUSED(SO("filter"), WTL_INVALID, "another way", "--filter");
}

/* What was checked is what is loaded: both ways to the tables lead to the same place. */
Test(elf, X084_names_for_the_loader_and_names_for_others)
{
    dynamic(DT_STRTAB)->d_un.d_ptr += 8;
    refused(WTL_INVALID, "names for the loader and names for others");
}

Test(elf, X084_fewer_names_for_others)
{
    dynamic(DT_STRSZ)->d_un.d_val += 1;
    refused(WTL_INVALID, "names for the loader and names for others");
}

Test(elf, X084_symbols_for_the_loader_and_symbols_for_others)
{
    dynamic(DT_SYMTAB)->d_un.d_ptr += sizeof(ElfW(Sym));
    refused(WTL_INVALID, "symbols for the loader and symbols for others");
}

Test(elf, X084_a_table_that_is_named_twice)
{
    *dynamic(DT_GNU_HASH) = *dynamic(DT_STRTAB);
    refused(WTL_INVALID, "twice");
}

Test(elf, X084_a_dynamic_segment_at_another_address)
{
    segment(PT_DYNAMIC)->p_vaddr += sizeof(ElfW(Dyn));
    refused(WTL_INVALID, "dynamic segment at another address");
}

Test(elf, X084_a_dynamic_segment_without_an_end)
{
    segment(PT_DYNAMIC)->p_filesz = 3 * sizeof(ElfW(Dyn));
    refused(WTL_INVALID, "without an end");
}

Test(elf, X084_segments_over_each_other)
{
    ElfW(Phdr) *parts = (ElfW(Phdr) *)(void *)(bytes + head()->e_phoff);
    ElfW(Phdr) *last = NULL;
    for (unsigned i = 0; i < head()->e_phnum; i++) {
        if (parts[i].p_type == PT_LOAD && last != NULL) {
            parts[i].p_vaddr = last->p_vaddr;
            break;
        }
        last = parts[i].p_type == PT_LOAD ? &parts[i] : last;
    }
    refused(WTL_INVALID, "lie over each other");
}

Test(elf, X094_calls_that_the_node_could_not_take_back)
{
    REFUSED(SO("calls_fork"), WTL_DENIED, "calls fork", "processes", "beside the node");
    REFUSED(SO("calls_pthread_create"), WTL_DENIED, "calls pthread_create", "wtl_work");
    REFUSED(SO("calls_signal"), WTL_DENIED, "calls signal", "wtl_fd_watch");
    REFUSED(SO("calls_dlopen"), WTL_DENIED, "calls dlopen", "WTL_MODULE_NEEDS");
    REFUSED(SO("calls_exit"), WTL_DENIED, "calls exit", "WTL_STOP");
    REFUSED(SO("calls_chdir"), WTL_DENIED, "calls chdir", "whole process");
}

/* They are refused for what they call, and for nothing else. */
Test(elf, X094_the_file_itself_is_right)
{
    free(bytes);
    bytes = kit_read(SO("calls_fork"), &size);
    cr_expect_eq(wtl__elf_check(bytes, size, &elf, &error), WTL_OK, "%s", error.text);
    cr_expect_eq(wtl__elf_check_calls(&elf, &error), WTL_DENIED);
}

/* ---- a file that nobody has built ------------------------------------------------------------ */

static ElfW(Shdr) * section(uint32_t index)
{
    return (ElfW(Shdr) *)(void *)(bytes + head()->e_shoff) + index;
}

static ElfW(Shdr) * section_of_type(uint32_t type)
{
    uint32_t index = 0;
    while (section(index)->sh_type != type) {
        cr_assert_lt(++index, head()->e_shnum);
    }
    return section(index);
}

/* Many symbols whose names have no end: each is looked at for a while, and not to the end of the
 * file. */
Test(elf, X083_names_without_an_end, .timeout = 30)
{
    enum { NAMES = 4 * 1024 * 1024, SYMBOLS = 350000 };
    size_t symbols_at = (size + NAMES + 7) / 8 * 8;
    size_t grown = symbols_at + SYMBOLS * sizeof(ElfW(Sym));
    bytes = realloc(bytes, grown);
    cr_assert_not_null(bytes);
    ElfW(Shdr) *table = section_of_type(SHT_DYNSYM);
    ElfW(Shdr) *names = section(table->sh_link);
    memset(bytes + size, 'a', symbols_at - size);
    memcpy(bytes + size, bytes + names->sh_offset, names->sh_size);
    ElfW(Sym) *symbols = (ElfW(Sym) *)(void *)(bytes + symbols_at);
    for (size_t i = 0; i < SYMBOLS; i++) {
        symbols[i] = (ElfW(Sym)){.st_name = (uint32_t)names->sh_size};
    }
    *names = (ElfW(Shdr)){.sh_type = SHT_STRTAB, .sh_offset = size, .sh_size = NAMES};
    table->sh_offset = symbols_at;
    table->sh_size = SYMBOLS * sizeof(ElfW(Sym));
    size = grown;
    refused(WTL_INVALID, "has no function wtl_module_entry");
}
