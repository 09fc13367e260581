/* trust.c - whose modules a node runs: real modules, signed, and everything else. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/prng.h"
#include "node/module_file.h"
#include "node/trust.h"

#define SO(name) MODULE_SO "/" name ".so"
/* 2026-01-15T12:00:00Z */
#define NOW_S INT64_C(1768478400)
#define DAY_S INT64_C(86400)

static char folder[] = "/tmp/wattle-trust-XXXXXX";
static char key[64];
static char path[64]; /* of the module that is looked at */
static struct wtl_error error;
static struct wtl__trust_config config;
static struct wtl__trust *trust;
static struct wtl__modules modules;
static struct wtl__image image;
static struct wtl_release release;

static const char *in_folder(const char *name)
{
    static char paths[4][64];
    static unsigned next;
    char *text = paths[next++ % 4];
    (void)snprintf(text, sizeof paths[0], "%s/%s", folder, name);
    return text;
}

static void open_trust(void)
{
    wtl__trust_destroy(trust);
    cr_assert_eq(wtl__trust_create(&config, &trust, &error), WTL_OK, "%s", error.text);
}

static void set_up(void)
{
    struct wtl_signer signer;
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(key, sizeof key, "%s/team.key", folder);
    (void)snprintf(path, sizeof path, "%s/climate.so", folder);
    error = (struct wtl_error){0};
    cr_assert_eq(wtl_signer_create(in_folder("team"), &signer, &error), WTL_OK, "%s", error.text);
    wtl_signer_deinit(&signer);
    config = (struct wtl__trust_config){.state = folder};
    cr_assert_eq(wtl_trusted_read(in_folder("team.pub"), &config.keys, &error), WTL_OK);
    wtl__modules_init(&modules);
    open_trust();
}

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(name);
}

static void tear_down(void)
{
    wtl__trust_destroy(trust);
    wtl__modules_deinit(&modules);
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(trust, .init = set_up, .fini = tear_down, .timeout = 60);

static void write_file(const char *to, const void *bytes, size_t size)
{
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    (void)close(fd);
}

static uint8_t *read_file(const char *from, size_t *size_out)
{
    FILE *file = fopen(from, "re");
    cr_assert_not_null(file, "%s", from);
    (void)fseek(file, 0, SEEK_END);
    *size_out = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size_out);
    cr_assert_eq(fread(bytes, 1, *size_out, file), *size_out);
    (void)fclose(file);
    return bytes;
}

/* Signs a module into `path`. */
static void sign(const char *module, uint64_t number)
{
    struct wtl__module_file file;
    struct wtl__module_signing signing = {.key = key, .out = path, .number = number, .days = 40};
    cr_assert_eq(wtl__module_file_sign(module, &signing, NOW_S, &file, &error), WTL_OK, "%s",
                 error.text);
}

static void refused_at(int64_t now_s, enum wtl_status status, const char *part)
{
    error = (struct wtl_error){0};
    enum wtl_status came = wtl__trust_open(trust, path, now_s, &image, &release, &error);
    cr_assert_eq(came, status, "%s: %s", wtl_status_word(came), error.text);
    cr_expect_not_null(strstr(error.text, part), "no \"%s\" in \"%s\"", part, error.text);
    cr_expect_not_null(strstr(error.text, path), "%s", error.text);
    cr_expect_eq(image.fd, -1);
}

static void refused(const char *part)
{
    refused_at(NOW_S, WTL_DENIED, part);
}

static void opened(void)
{
    error = (struct wtl_error){0};
    cr_assert_eq(wtl__trust_open(trust, path, NOW_S, &image, &release, &error), WTL_OK, "%s",
                 error.text);
}

/* Opens, loads and keeps it, as a node does. */
static const struct wtl__module *run(void)
{
    const struct wtl__module *module = NULL;
    opened();
    cr_assert_eq(wtl__module_load_image(&modules, &image, wtl__trust_how(trust), &module, &error),
                 WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__trust_keep(trust, path, &release, &error), WTL_OK, "%s", error.text);
    return module;
}

Test(trust, X082_a_signed_module_runs)
{
    sign(SO("good"), 17);
    const struct wtl__module *module = run();
    cr_expect_str_eq(module->entry->name, "good");
    cr_expect_str_eq(release.name, "good");
    cr_expect_str_eq(release.version, "1.2.3");
    cr_expect_eq(release.number, 17);
}

Test(trust, X082_without_a_signature)
{
    size_t size;
    uint8_t *bytes = read_file(SO("good"), &size);
    write_file(path, bytes, size);
    free(bytes);
    refused("wattle module sign FILE");
}

Test(trust, X082_without_a_key_that_is_trusted)
{
    sign(SO("good"), 17);
    config.keys.count = 0;
    open_trust();
    refused("--module-key FILE.pub");
    cr_expect_not_null(strstr(error.text, "--dev"), "%s", error.text);
}

Test(trust, X082_with_another_key)
{
    struct wtl_signer other;
    sign(SO("good"), 17);
    cr_assert_eq(wtl_signer_create(in_folder("other"), &other, &error), WTL_OK);
    wtl_signer_deinit(&other);
    config.keys.count = 0;
    cr_assert_eq(wtl_trusted_read(in_folder("other.pub"), &config.keys, &error), WTL_OK);
    open_trust();
    refused("was signed with the key");
}

Test(trust, X082_behind_its_end)
{
    sign(SO("good"), 17);
    refused_at(NOW_S + 40 * DAY_S, WTL_DENIED, "was good until 2026-02-24T12:00:00Z");
    opened();
    wtl__image_close(&image, false);
}

Test(trust, X082_rolled_back)
{
    sign(SO("good"), 17);
    (void)run();
    sign(SO("good"), 16);
    open_trust(); /* as after a restart */
    refused("release 17");
    cr_expect_not_null(strstr(error.text, "--allow-rollback good"), "%s", error.text);
    sign(SO("good"), 17);
    opened();
    wtl__image_close(&image, false);
}

/* A number counts when its module works, not when it is looked at. */
Test(trust, X082_what_was_not_run_is_not_remembered)
{
    sign(SO("good"), 18);
    opened();
    wtl__image_close(&image, false);
    sign(SO("good"), 17);
    (void)run();
}

Test(trust, X082_rolled_back_on_purpose)
{
    static const char *const names[] = {"other", "good"};
    struct wtl__module_file file;
    sign(SO("good"), 17);
    opened();
    cr_assert_eq(wtl__trust_keep(trust, path, &release, &error), WTL_OK);
    wtl__image_close(&image, false);
    sign(SO("good"), 5);
    config.rollbacks = names;
    config.rollbacks_count = 1;
    open_trust();
    refused("release 17");
    config.rollbacks_count = 2;
    open_trust();
    (void)run();
    config.rollbacks_count = 0;
    open_trust();
    opened(); /* it was gone back to */
    wtl__image_close(&image, false);
    cr_assert_eq(wtl__module_file_inspect(path, &file, &error), WTL_OK);
    cr_expect_eq(file.release.number, 5);
}

Test(trust, X082_without_a_folder_nothing_is_remembered)
{
    config.state = NULL;
    open_trust();
    sign(SO("good"), 17);
    (void)run();
    sign(SO("good"), 16);
    opened();
    wtl__image_close(&image, false);
    cr_expect_neq(access(in_folder("modules"), F_OK), 0);
}

/* The name that the signer gives is the one whose releases are counted: it must be the file's. */
Test(trust, X082_signed_under_another_name)
{
    struct wtl_signer signer;
    uint8_t tail[WTL_RELEASE_TAIL_MAX];
    size_t tail_size;
    size_t size;
    uint8_t *bytes = read_file(SO("good"), &size);
    struct wtl_release claim = {.name = "faulty",
                                .version = "1.2.3",
                                .abi_major = 1,
                                .number = 1,
                                .signed_s = NOW_S,
                                .expires_s = NOW_S + DAY_S};
    cr_assert_eq(wtl_signer_read(key, &signer, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl_release_sign(&signer, &claim, bytes, size, tail, &tail_size, &error), WTL_OK);
    wtl_signer_deinit(&signer);
    bytes = realloc(bytes, size + tail_size);
    memcpy(bytes + size, tail, tail_size);
    write_file(path, bytes, size + tail_size);
    free(bytes);
    refused_at(NOW_S, WTL_INVALID, "was signed as faulty 1.2.3");
}

/* Whatever happens to the path behind the check, what is loaded is what was checked. */
Test(trust, X084_the_path_is_swapped_between_check_and_load)
{
    const struct wtl__module *module = NULL;
    size_t size;
    uint8_t *other = read_file(SO("faulty"), &size);
    sign(SO("good"), 17);
    opened();
    write_file(in_folder("other.so"), other, size);
    cr_assert_eq(rename(in_folder("other.so"), path), 0);
    cr_assert_eq(wtl__module_load_image(&modules, &image, wtl__trust_how(trust), &module, &error),
                 WTL_OK, "%s", error.text);
    cr_expect_str_eq(module->entry->name, "good");
    free(other);
}

/* The same, with the file itself written to: a symlink, and what is behind it. */
Test(trust, X084_the_file_is_overwritten_between_check_and_load)
{
    const struct wtl__module *module = NULL;
    char real[64];
    sign(SO("good"), 17);
    (void)snprintf(real, sizeof real, "%s/real.so", folder);
    cr_assert_eq(rename(path, real), 0);
    cr_assert_eq(symlink(real, path), 0);
    error = (struct wtl_error){0};
    cr_assert_eq(wtl__trust_open(trust, path, NOW_S, &image, &release, &error), WTL_OK);
    cr_assert_eq(unlink(path), 0);
    write_file(real, "no module at all", 16);
    cr_assert_eq(symlink("/dev/null", path), 0);
    cr_assert_eq(wtl__module_load_image(&modules, &image, wtl__trust_how(trust), &module, &error),
                 WTL_OK, "%s", error.text);
    cr_expect_str_eq(module->entry->name, "good");
    cr_expect_str_eq(module->entry->version, "1.2.3");
}

/* Flips and cuts all over a real module: none of them is loaded, and nothing crashes. */
Test(trust, X083_a_module_that_was_changed)
{
    struct wtl__prng prng;
    size_t size;
    wtl__prng_init(&prng, 7);
    sign(SO("good"), 17);
    uint8_t *bytes = read_file(path, &size);
    for (unsigned round = 0; round < 400; round++) {
        size_t at = wtl__prng_below(&prng, size);
        uint8_t was = bytes[at];
        bytes[at] ^= (uint8_t)(1 + wtl__prng_below(&prng, 255));
        write_file(path, bytes, size);
        bytes[at] = was;
        error = (struct wtl_error){0};
        cr_assert_eq(wtl__trust_open(trust, path, NOW_S, &image, &release, &error), WTL_DENIED,
                     "byte %zu of %zu", at, size);
        size_t cut = wtl__prng_below(&prng, size);
        cut = cut > 0 ? cut : 1;
        write_file(path, bytes, cut);
        cr_assert_eq(wtl__trust_open(trust, path, NOW_S, &image, &release, &error), WTL_DENIED,
                     "%zu of %zu bytes", cut, size);
    }
    free(bytes);
}

/* --dev: by path, and no question about signatures; signed ones are fine as well. */
Test(trust, X082_dev_asks_nothing)
{
    sign(SO("good"), 17);
    config.dev = true;
    config.keys.count = 0;
    open_trust();
    cr_expect_eq(wtl__trust_how(trust), WTL__MODULE_DEV);
    const struct wtl__module *module = run();
    cr_expect_str_eq(module->entry->name, "good");
    cr_expect_str_eq(release.name, "");
    cr_expect_neq(access(in_folder("modules"), F_OK), 0, "nothing is remembered of it");
}

/* Signing again takes the old signature's place. */
Test(trust, X082_signed_twice)
{
    struct wtl__module_file file;
    struct stat once;
    struct stat twice;
    sign(SO("good"), 17);
    cr_assert_eq(stat(path, &once), 0);
    sign(path, 18);
    cr_assert_eq(stat(path, &twice), 0);
    cr_expect_eq(once.st_size, twice.st_size);
    cr_expect_eq(once.st_mode, twice.st_mode);
    cr_assert_eq(wtl__module_file_verify(path, &config.keys, NOW_S, &file, &error), WTL_OK, "%s",
                 error.text);
    cr_expect_eq(file.release.number, 18);
    (void)run();
}

/* What no node would load is not signed. */
Test(trust, X085_signing_looks_at_the_file)
{
    struct wtl__module_file file;
    struct wtl__module_signing signing = {.key = key, .out = path};
    static const struct {
        const char *module;
        const char *part;
    } bad[] = {{SO("statics"), "no section wtl_about"},
               {SO("calls_fork"), "no section wtl_about"},
               {"/etc/passwd", "no shared object"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error = (struct wtl_error){0};
        cr_expect_eq(wtl__module_file_sign(bad[i].module, &signing, NOW_S, &file, &error),
                     WTL_INVALID);
        cr_expect_not_null(strstr(error.text, bad[i].part), "%s", error.text);
        cr_expect_neq(access(path, F_OK), 0);
    }
}
