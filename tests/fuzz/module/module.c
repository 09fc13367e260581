/*
 * module.c - fuzz target: files that claim to be modules, their manifests, and keys.
 *
 * The first byte of an input says what the rest is. A small shared object is made when the program
 * starts, and signed: what only ever fails at the first bytes is never asked the interesting
 * questions. Its key is random, so an input that fails should be replayed a few times. No input
 * holds the label of a private key: it is put around what is given.
 *
 *   f  a file                         m  a manifest, as it is and signed
 *   s  a private key                  t  public keys
 *   k  the lines of a private key     l  the same, where public keys are read
 *   e  changes to the object          (4 bytes each: where, where, how wide, xor)
 *   c  changes to the signed object   (the same)
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/attr.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/release.h"
#include "module/about.h"
#include "module/elf_file.h"

#define NOW_S INT64_C(1768478400)
#define DAY_S INT64_C(86400)
#define NAMES "\0.names\0wtl_about\0wtl_module_entry\0libc.so.6"
#define ABOUT "tiny\0000.1\0001.0\0a compiler"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As little as the checks accept: two segments, a dynamic section, an exported function. */
struct object {
    ElfW(Ehdr) head;
    ElfW(Phdr) parts[2];
    ElfW(Shdr) sections[5];
    ElfW(Dyn) dynamic[5];
    ElfW(Sym) symbols[2];
    char names[sizeof NAMES];
    char about[sizeof ABOUT];
};

/* They live as long as the program. */
static struct object object;
static uint8_t file[sizeof object + WTL_RELEASE_TAIL_MAX];
static size_t file_size;
static struct wtl_signer signer;
static struct wtl_trusted trusted;

static void make_object(void)
{
    struct wtl__elf elf;
    struct wtl_error error = {0};
    uint16_t own = 0;
    FILE *self = fopen("/proc/self/exe", "re");
    WTL_ASSERT(self != NULL && fseek(self, offsetof(ElfW(Ehdr), e_machine), SEEK_SET) == 0 &&
               fread(&own, sizeof own, 1, self) == 1);
    (void)fclose(self);
    object.head = (ElfW(Ehdr)){.e_type = ET_DYN,
                               .e_machine = own,
                               .e_phoff = offsetof(struct object, parts),
                               .e_shoff = offsetof(struct object, sections),
                               .e_phentsize = sizeof(ElfW(Phdr)),
                               .e_phnum = 2,
                               .e_shentsize = sizeof(ElfW(Shdr)),
                               .e_shnum = 5,
                               .e_shstrndx = 1};
    memcpy(object.head.e_ident, ELFMAG, SELFMAG);
    object.head.e_ident[EI_CLASS] = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    object.head.e_ident[EI_DATA] = ELFDATA2LSB;
    object.parts[0] = (ElfW(Phdr)){
        .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = sizeof object, .p_memsz = sizeof object};
    object.parts[1] = (ElfW(Phdr)){.p_type = PT_DYNAMIC,
                                   .p_offset = offsetof(struct object, dynamic),
                                   .p_vaddr = offsetof(struct object, dynamic),
                                   .p_filesz = sizeof object.dynamic};
    object.sections[1] = (ElfW(Shdr)){.sh_name = 1,
                                      .sh_type = SHT_STRTAB,
                                      .sh_offset = offsetof(struct object, names),
                                      .sh_size = sizeof object.names};
    object.sections[2] = (ElfW(Shdr)){.sh_name = 8,
                                      .sh_type = SHT_PROGBITS,
                                      .sh_offset = offsetof(struct object, about),
                                      .sh_size = sizeof object.about};
    object.sections[3] = (ElfW(Shdr)){.sh_type = SHT_DYNAMIC,
                                      .sh_link = 1,
                                      .sh_offset = offsetof(struct object, dynamic),
                                      .sh_size = sizeof object.dynamic};
    object.sections[4] = (ElfW(Shdr)){.sh_type = SHT_DYNSYM,
                                      .sh_link = 1,
                                      .sh_offset = offsetof(struct object, symbols),
                                      .sh_size = sizeof object.symbols};
    memcpy(object.names, NAMES, sizeof object.names);
    memcpy(object.about, ABOUT, sizeof object.about);
    object.symbols[1] =
        (ElfW(Sym)){.st_name = 18, .st_info = STT_FUNC, .st_shndx = 2, .st_size = 4};
    object.dynamic[0] = (ElfW(Dyn)){.d_tag = DT_NEEDED, .d_un.d_val = 35};
    object.dynamic[1] =
        (ElfW(Dyn)){.d_tag = DT_STRTAB, .d_un.d_ptr = offsetof(struct object, names)};
    object.dynamic[2] = (ElfW(Dyn)){.d_tag = DT_STRSZ, .d_un.d_val = sizeof object.names};
    object.dynamic[3] =
        (ElfW(Dyn)){.d_tag = DT_SYMTAB, .d_un.d_ptr = offsetof(struct object, symbols)};
    WTL_ASSERT(wtl__elf_check(&object, sizeof object, &elf, &error) == WTL_OK);
}

static void make_signed(void)
{
    struct wtl_release release = {.name = "tiny",
                                  .version = "0.1",
                                  .abi_major = 1,
                                  .number = 1,
                                  .signed_s = NOW_S,
                                  .expires_s = NOW_S + DAY_S};
    size_t tail;
    WTL_ASSERT(wtl__der_secret(crypto_sign_SECRETKEYBYTES, &signer.secret) == WTL_OK);
    (void)crypto_sign_keypair(signer.key, signer.secret.bytes);
    memcpy(trusted.keys[trusted.count++], signer.key, WTL_SIGNER_KEY);
    memcpy(file, &object, sizeof object);
    WTL_ASSERT(wtl_release_sign(&signer, &release, file, sizeof object, file + sizeof object, &tail,
                                NULL) == WTL_OK);
    file_size = sizeof object + tail;
}

/* Whatever the bytes are: a refusal says why, and nothing is looked at that is not there. True: the
 * loader's checks have no objection. */
static bool check_object(const uint8_t *bytes, size_t size)
{
    struct wtl__about about;
    struct wtl__elf elf;
    struct wtl_error error = {0};
    uint64_t into;
    enum wtl_status status = wtl__about_read(bytes, size, &about, &error);
    WTL_ASSERT(status == WTL_OK || error.text[0] != '\0');
    status = wtl__elf_check(bytes, size, &elf, &error);
    if (status == WTL_OK) {
        (void)wtl__elf_symbol(&elf, 2, &into);
        WTL_ASSERT(wtl__elf_check_calls(&elf, &error) == WTL_OK || error.text[0] != '\0');
    }
    WTL_ASSERT(status == WTL_OK || error.text[0] != '\0');
    return status == WTL_OK;
}

/* True: the signature is good. */
static bool check_release(const uint8_t *bytes, size_t size)
{
    struct wtl_release release;
    struct wtl_release read;
    struct wtl_error error = {0};
    const char *word = NULL;
    enum wtl_status status =
        wtl_release_check(bytes, size, &trusted, NOW_S, &release, &word, &error);
    enum wtl_status said = wtl_release_read(bytes, size, &read, NULL);
    WTL_ASSERT(wtl_release_module_size(bytes, size) <= size);
    if (status != WTL_OK) {
        WTL_ASSERT(status == WTL_DENIED && word[0] != '\0' && error.text[0] != '\0');
        return false;
    }
    WTL_ASSERT(said == WTL_OK && release.size < size && release.number == read.number);
    return true;
}

/* Applies (offset, offset, width, xor); true when anything is different now. */
static bool change(uint8_t *bytes, const void *source, size_t source_size, const uint8_t *data,
                   size_t size)
{
    memcpy(bytes, source, source_size);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t at = ((size_t)data[i] << 8 | data[i + 1]) % source_size;
        for (size_t wide = 0; wide <= data[i + 2] % 8u && at + wide < source_size; wide++) {
            bytes[at + wide] ^= data[i + 3];
        }
    }
    return memcmp(bytes, source, source_size) != 0;
}

static void check_changed(bool is_signed, const uint8_t *data, size_t size)
{
    size_t whole = is_signed ? file_size : sizeof object;
    uint8_t *bytes = malloc(whole);
    WTL_ASSERT(bytes != NULL);
    bool changed = change(bytes, is_signed ? file : (const uint8_t *)&object, whole, data, size);
    if (is_signed) {
        WTL_ASSERT(check_release(bytes, whole) == !changed);
    } else {
        WTL_ASSERT(check_object(bytes, whole) || changed);
    }
    free(bytes);
}

/* What is read is written the same way; and what is signed of it is only good when it is about the
 * very bytes before it, which a fuzzer does not find. */
static void check_manifest(const uint8_t *data, size_t size)
{
    struct wtl_release release;
    char again[WTL_RELEASE_MANIFEST_MAX];
    uint8_t whole[1024];
    struct wtl_error error = {0};
    enum wtl_status status = wtl__release_parse((const char *)data, size, &release, &error);
    WTL_ASSERT(status == WTL_OK || error.text[0] != '\0');
    if (status == WTL_OK) {
        WTL_ASSERT(wtl__release_format(&release, again) == size && memcmp(again, data, size) == 0);
    }
    if (size == 0 || size > WTL_RELEASE_MANIFEST_MAX) {
        return;
    }
    memcpy(whole, data, size);
    (void)crypto_sign_detached(whole + size, NULL, data, size, signer.secret.bytes);
    memcpy(whole + size + WTL_SIGNER_SIGNATURE, file + file_size - 20, 20);
    whole[size + WTL_SIGNER_SIGNATURE + 2] = (uint8_t)(size >> 8);
    whole[size + WTL_SIGNER_SIGNATURE + 3] = (uint8_t)size;
    WTL_ASSERT(!check_release(whole, size + WTL_SIGNER_SIGNATURE + 20));
}

/* True: it is what was expected. */
static bool check_keys(bool is_secret, const uint8_t *data, size_t size)
{
    struct wtl_signer other;
    struct wtl_trusted others = {0};
    struct wtl_error error = {0};
    if (is_secret) {
        enum wtl_status status =
            wtl_signer_parse((const char *)data, size, "input", &other, &error);
        WTL_ASSERT((status == WTL_OK) == (other.secret.bytes != NULL));
        wtl_signer_deinit(&other);
        return status == WTL_OK;
    }
    enum wtl_status status = wtl_trusted_parse((const char *)data, size, "input", &others, &error);
    WTL_ASSERT(others.count <= WTL_TRUSTED_MAX && (status != WTL_OK || others.count > 0));
    WTL_ASSERT(status == WTL_OK || error.text[0] != '\0');
    return status == WTL_OK;
}

/* The lines of a block, in the label of a private key: never one that nodes are given. */
static void check_labelled(bool is_secret, const uint8_t *data, size_t size)
{
    static const char head[] = "-----BEGIN " WTL__PEM_KEY "-----\n";
    static const char tail[] = "-----END " WTL__PEM_KEY "-----\n";
    size_t head_size = strlen(head);
    size_t tail_size = strlen(tail);
    uint8_t *block = malloc(head_size + size + tail_size);
    WTL_ASSERT(block != NULL);
    memcpy(block, head, head_size);
    memcpy(block + head_size, data, size);
    memcpy(block + head_size + size, tail, tail_size);
    WTL_ASSERT(!check_keys(is_secret, block, head_size + size + tail_size) || is_secret);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (file_size == 0) {
        make_object();
        make_signed();
    }
    if (size == 0) {
        return 0;
    }
    char part = (char)data[0];
    data++;
    size--;
    switch (part) {
    case 'm':
        check_manifest(data, size);
        break;
    case 's':
    case 't':
        (void)check_keys(part == 's', data, size);
        break;
    case 'k':
    case 'l':
        check_labelled(part == 'k', data, size);
        break;
    case 'e':
    case 'c':
        check_changed(part == 'c', data, size);
        break;
    default:
        (void)check_object(data, size);
        (void)check_release(data, size);
        break;
    }
    return 0;
}
