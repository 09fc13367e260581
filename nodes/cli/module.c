/* module.c - `wattle module keygen`, `sign`, `verify` and `inspect`. Thread: one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "certs/civil.h"
#include "cli/command.h"
#include "cli/json.h"
#include "node/module_file.h"

#define DAY_S INT64_C(86400)

static void put_text(const struct wtl__cli *cli, const char *key, const char *text)
{
    (void)fprintf(cli->out, "\"%s\":", key);
    wtl__json_string(cli->out, text, strlen(text));
}

static enum wtl__end fail(const struct wtl__cli *cli, enum wtl__failure failure,
                          const struct wtl_error *error, const char *help)
{
    enum wtl__end end = wtl__fail(&cli->report, failure, NULL, "%s", error->text);
    if (help != NULL) {
        wtl__fail_line(&cli->report, "help", "%s", help);
    } else {
        wtl__fail_line(&cli->report, "help", "wattle explain E%04u", (unsigned)failure);
    }
    return end;
}

/* A module that could not be read, or that nodes would not load. */
static enum wtl__end fail_module(const struct wtl__cli *cli, const struct wtl_error *error)
{
    return fail(cli,
                error->status == WTL_NOT_FOUND || error->status == WTL_SYSTEM ? WTL__FAILURE_FILE
                                                                              : WTL__FAILURE_MODULE,
                error, NULL);
}

/* ---- keygen --------------------------------------------------------------------------------- */

enum wtl__end wtl__run_module_keygen(struct wtl__cli *cli)
{
    const char *name = cli->operands[0];
    struct wtl_signer signer;
    struct wtl_error error = {0};
    char id[WTL_KEY_ID_TEXT];
    if (wtl_signer_create(name, &signer, &error) != WTL_OK) {
        return fail(cli, error.status == WTL_EXISTS ? WTL__FAILURE_EXISTS : WTL__FAILURE_FILE,
                    &error, "give another NAME, or a folder that can be written to");
    }
    (void)wtl_key_id(signer.key, id);
    wtl_signer_deinit(&signer);
    if (wtl__is_given(cli, "json")) {
        (void)fprintf(cli->out, "{\"key\":\"%s\",", id);
        char path[4096];
        (void)snprintf(path, sizeof path, "%s.key", name);
        put_text(cli, "private", path);
        (void)snprintf(path, sizeof path, "%s.pub", name);
        (void)fputc(',', cli->out);
        put_text(cli, "public", path);
        (void)fputs("}\n", cli->out);
    } else if (!wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out, "key %s\n", id);
        (void)fprintf(cli->out,
                      "wrote %s.key, mode 0600: signs modules; keep it where they are built, and "
                      "off the nodes\n",
                      name);
        (void)fprintf(cli->out, "wrote %s.pub: nodes that shall run them are given this one\n",
                      name);
        (void)fprintf(cli->out, "next: wattle module sign FILE.so --key %s.key\n", name);
    }
    return WTL__END_OK;
}

/* ---- what a file says ----------------------------------------------------------------------- */

static int64_t days_left(const struct wtl_release *release, int64_t now_s)
{
    int64_t left = release->expires_s - now_s;
    return left >= 0 ? left / DAY_S : -1;
}

/* "release 17, valid until 2027-11-21 (364d)" */
static void print_release(const struct wtl__cli *cli, const struct wtl_release *release)
{
    char day[WTL__CIVIL_TEXT];
    (void)fprintf(cli->out, "release %" PRIu64 ", ", release->number);
    (void)wtl__civil_day_text(release->expires_s, day);
    if (cli->now_s >= release->expires_s) {
        (void)fprintf(cli->out, "expired %s", day);
    } else {
        (void)fprintf(cli->out, "valid until %s (%" PRId64 "d)", day,
                      days_left(release, cli->now_s));
    }
}

static void print_head(const struct wtl__cli *cli, const struct wtl__module_file *file)
{
    (void)fprintf(cli->out, "%s %s   ABI %u.%u   %s   ", file->about.name, file->about.version,
                  file->about.abi_major, file->about.abi_minor, wtl__about_machine(&file->about));
}

static void json_release(const struct wtl__cli *cli, const struct wtl_release *release)
{
    char hash[WTL__RELEASE_HASH_TEXT];
    char at[WTL__CIVIL_TEXT];
    char end[WTL__CIVIL_TEXT];
    (void)fprintf(cli->out,
                  "\"release\":%" PRIu64 ",\"key\":\"%s\",\"blake2b\":\"%s\",\"signed\":\"%s\","
                  "\"expires\":\"%s\",\"days_left\":%" PRId64,
                  release->number, release->key, wtl__release_hash_text(release->hash, hash),
                  wtl__civil_text(release->signed_s, at), wtl__civil_text(release->expires_s, end),
                  days_left(release, cli->now_s));
}

/* Names, versions and machines hold nothing that JSON escapes but quotes and backslashes. */
static void json_file(const struct wtl__cli *cli, const char *path,
                      const struct wtl__module_file *file)
{
    (void)fputc('{', cli->out);
    put_text(cli, "file", path);
    (void)fprintf(cli->out, ",\"module\":\"%s\",", file->about.name);
    put_text(cli, "version", file->about.version);
    (void)fprintf(cli->out, ",\"abi_major\":%u,\"abi_minor\":%u,\"machine\":\"%s\",\"bits\":%u,",
                  file->about.abi_major, file->about.abi_minor, wtl__about_machine(&file->about),
                  file->about.bits);
    put_text(cli, "compiler", file->about.compiler);
    (void)fprintf(cli->out, ",\"size_bytes\":%" PRIu64 ",\"is_signed\":%s", file->size,
                  file->is_signed ? "true" : "false");
    if (file->is_signed) {
        (void)fputc(',', cli->out);
        json_release(cli, &file->release);
    }
    if (file->refused.status != WTL_OK) {
        (void)fputc(',', cli->out);
        put_text(cli, "refused", file->refused.text);
    }
    (void)fputs("}\n", cli->out);
}

/* ---- sign ----------------------------------------------------------------------------------- */

static bool read_number(const struct wtl__cli *cli, uint64_t *number_out)
{
    const char *text = wtl__value(cli, "number");
    char *end = NULL;
    *number_out = 0;
    if (text == NULL) {
        return true;
    }
    size_t size = strspn(text, "0123456789");
    *number_out = strtoull(text, &end, 10);
    if (size == 0 || size > 19 || text[size] != '\0' || *number_out == 0) {
        (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "--number wants a whole number from 1 on, with 19 digits at most; got "
                        "\"%s\"",
                        text);
        return false;
    }
    return true;
}

enum wtl__end wtl__run_module_sign(struct wtl__cli *cli)
{
    const char *path = cli->operands[0];
    struct wtl__module_signing signing = {.key = wtl__value(cli, "key"),
                                          .out = wtl__value(cli, "out")};
    struct wtl__module_file file;
    struct wtl_error error = {0};
    if (!read_number(cli, &signing.number) ||
        !wtl__value_days(cli, "days", WTL_RELEASE_DAYS_MAX, &signing.days)) {
        return WTL__END_USAGE;
    }
    if (wtl__module_file_sign(path, &signing, cli->now_s, &file, &error) != WTL_OK) {
        return error.status == WTL_CONFIG
                   ? fail(cli, WTL__FAILURE_KEY, &error, "wattle module keygen NAME makes a pair")
                   : fail_module(cli, &error);
    }
    const char *out = signing.out != NULL ? signing.out : path;
    if (wtl__is_given(cli, "json")) {
        json_file(cli, out, &file);
    } else if (!wtl__is_given(cli, "quiet")) {
        print_head(cli, &file);
        print_release(cli, &file.release);
        (void)fprintf(cli->out, "\nsigned %s with the key %s\n", out, file.release.key);
        (void)fprintf(cli->out,
                      "next: wattle node start --id FILE --module %s --module-key KEY.pub --state "
                      "DIR\n",
                      out);
    }
    return WTL__END_OK;
}

/* ---- verify and inspect --------------------------------------------------------------------- */

enum wtl__end wtl__run_module_verify(struct wtl__cli *cli)
{
    const char *path = cli->operands[0];
    struct wtl_trusted trusted = {0};
    struct wtl__module_file file;
    struct wtl_error error = {0};
    enum wtl__end end = wtl__read_module_keys(cli, "key", &trusted);
    if (end != WTL__END_OK) {
        return end;
    }
    if (wtl__module_file_verify(path, &trusted, cli->now_s, &file, &error) != WTL_OK) {
        return error.status == WTL_DENIED ? fail(cli, WTL__FAILURE_SIGNATURE, &error, NULL)
                                          : fail_module(cli, &error);
    }
    if (wtl__is_given(cli, "json")) {
        json_file(cli, path, &file);
    } else if (!wtl__is_given(cli, "quiet")) {
        print_head(cli, &file);
        print_release(cli, &file.release);
        (void)fprintf(cli->out, "\ngood: signed with the key %s\n", file.release.key);
        if (!file.is_native) {
            (void)fprintf(cli->out, "note: it is for another kind of machine; only its signature "
                                    "was looked at\n");
        }
    }
    return WTL__END_OK;
}

enum wtl__end wtl__run_module_inspect(struct wtl__cli *cli)
{
    const char *path = cli->operands[0];
    struct wtl__module_file file;
    struct wtl_error error = {0};
    char hash[WTL__RELEASE_HASH_TEXT];
    if (wtl__module_file_inspect(path, &file, &error) != WTL_OK) {
        return fail_module(cli, &error);
    }
    if (wtl__is_given(cli, "json")) {
        json_file(cli, path, &file);
        return WTL__END_OK;
    }
    (void)fprintf(cli->out, "module     %s %s\n", file.about.name, file.about.version);
    (void)fprintf(cli->out, "built for  ABI %u.%u, %s of %u bits, by %s\n", file.about.abi_major,
                  file.about.abi_minor, wtl__about_machine(&file.about), file.about.bits,
                  file.about.compiler);
    (void)fprintf(cli->out, "size       %" PRIu64 " bytes\n", file.size);
    if (file.is_signed) {
        (void)fputs("signature  ", cli->out);
        print_release(cli, &file.release);
        (void)fprintf(cli->out,
                      ", by the key %s; not checked: wattle module verify FILE --key KEY.pub\n",
                      file.release.key);
        (void)fprintf(cli->out, "blake2b    %s\n", wtl__release_hash_text(file.release.hash, hash));
    } else {
        (void)fputs("signature  none\n", cli->out);
    }
    if (file.refused.status != WTL_OK) {
        (void)fprintf(cli->out, "refused    it %s\n", file.refused.text);
    }
    return WTL__END_OK;
}

/* ---- keys of options ------------------------------------------------------------------------ */

enum wtl__end wtl__read_module_keys(const struct wtl__cli *cli, const char *option,
                                    struct wtl_trusted *trusted_out)
{
    const char *path = NULL;
    for (uint32_t i = 0; (path = wtl__value_at(cli, option, i)) != NULL; i++) {
        struct wtl_error error = {0};
        if (wtl_trusted_read(path, trusted_out, &error) != WTL_OK) {
            return fail(cli, WTL__FAILURE_KEY, &error,
                        "wattle module keygen NAME makes a pair: NAME.key signs, NAME.pub checks");
        }
    }
    return WTL__END_OK;
}
