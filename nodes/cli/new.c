/*
 * new.c - `wattle new`: a folder with a module that builds and tests itself. Thread: one.
 *
 * All or nothing: when a file cannot be written, what was made before it is removed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wattle/types.h>

#include "cli/command.h"
#include "cli/new_files.h"
#include "flow/ast.h"

#define PATH_BYTES 4096u

/* The word of the template that stands for the name, in both cases. */
static const char word[] = "newmodule";
static const char word_upper[] = "NEWMODULE";

/* ---- names ----------------------------------------------------------------------------------- */

/* Why a good name cannot be a module's; NULL: it can. The name is a word in a flow, a target in
 * CMake, and the begin of names of files. */
static const char *why_not(const char *name)
{
    static const char *const targets[] = {"all",        "clean",        "depend",         "help",
                                          "install",    "package",      "package_source", "test",
                                          "edit_cache", "rebuild_cache"};
    static const char *const libraries[] = {"c", "dl", "m", "pthread", "rt"};
    if (wtl__flow_reserved(name, strlen(name))) {
        return "flows have that word for themselves";
    }
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (strcmp(name, targets[i]) == 0) {
            return "CMake has that word for itself";
        }
    }
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        if (strcmp(name, libraries[i]) == 0) {
            return "a library that everything is linked with has that name";
        }
    }
    for (uint32_t i = 0; i < wtl__new_files_count; i++) {
        const char *file = wtl__new_files[i].name;
        size_t size = strlen(name);
        if (strncmp(file, name, size) == 0 && strcmp(file + size, ".c") == 0 &&
            strcmp(name, word) != 0) {
            return "one of its actors has that name";
        }
    }
    return NULL;
}

/* As a module's name, as a name in a flow, and as the begin of names of files and targets. */
static bool is_name(const char *name)
{
    return strlen(name) <= WTL_NAME_MAX && wtl__flow_name_valid(name, strlen(name)) &&
           strchr(name, '-') == NULL;
}

/* What was probably meant: in small letters, with everything else as _. */
static bool suggest(const char *name, char name_out[WTL_NAME_MAX + 1])
{
    size_t size = strnlen(name, WTL_NAME_MAX + 1);
    if (size > WTL_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool fits = letter || (c >= '0' && c <= '9');
        name_out[i] = (char)(letter ? c | 0x20 : fits ? c : '_');
    }
    name_out[size] = '\0';
    return is_name(name_out) && why_not(name_out) == NULL;
}

static enum wtl__end check_name(const struct wtl__cli *cli, const char *name)
{
    char better[WTL_NAME_MAX + 1];
    enum wtl__end end = WTL__END_OK;
    if (!is_name(name)) {
        end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "a module's name is a letter from a to z, then [a-z0-9_], %u bytes at "
                        "most; got \"%.100s\"",
                        (unsigned)WTL_NAME_MAX, name);
        if (suggest(name, better)) {
            wtl__fail_line(&cli->report, "help", "did you mean `wattle new %s`?", better);
        }
    } else if (why_not(name) != NULL) {
        end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "a module cannot be named \"%s\": %s", name, why_not(name));
        wtl__fail_line(&cli->report, "help", "wattle new %s_module --dir %s", name, name);
    }
    return end;
}

/* ---- files ----------------------------------------------------------------------------------- */

struct made {
    const struct wtl__cli *cli;
    const char *name;
    char name_upper[WTL_NAME_MAX + 1];
    const char *folder;
};

/* Writes the text with the name in place of the template's word. */
static bool put_text(FILE *file, const struct made *made, const char *text, size_t size)
{
    const size_t length = sizeof word - 1;
    size_t done = 0;
    for (size_t at = 0; at < size; at++) {
        bool lower = size - at >= length && memcmp(text + at, word, length) == 0;
        bool upper = size - at >= length && memcmp(text + at, word_upper, length) == 0;
        if (lower || upper) {
            (void)fwrite(text + done, 1, at - done, file);
            (void)fputs(lower ? made->name : made->name_upper, file);
            at += length - 1;
            done = at + 1;
        }
    }
    (void)fwrite(text + done, 1, size - done, file);
    return ferror(file) == 0;
}

/* The path of a file of the new folder. False: it is too long. */
static bool path_of(const struct made *made, const struct wtl__new_file *file,
                    char path_out[PATH_BYTES])
{
    const char *rest = file->name;
    bool begins = strncmp(rest, word, sizeof word - 1) == 0;
    rest += begins ? sizeof word - 1 : 0;
    int size = snprintf(path_out, PATH_BYTES, "%s/%s%s%s", made->folder,
                        strcmp(rest, "gitignore") == 0 ? "." : "", begins ? made->name : "", rest);
    return size > 0 && (size_t)size < PATH_BYTES;
}

static bool write_file(const struct made *made, const struct wtl__new_file *file)
{
    char path[PATH_BYTES];
    if (!path_of(made, file, path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *out = fopen(path, "wxe");
    if (out == NULL) {
        return false;
    }
    bool ok = put_text(out, made, (const char *)file->text, file->size);
    return (fclose(out) == 0) && ok;
}

static void remove_all(const struct made *made, uint32_t count)
{
    char path[PATH_BYTES];
    for (uint32_t i = 0; i < count; i++) {
        if (path_of(made, &wtl__new_files[i], path)) {
            (void)unlink(path);
        }
    }
    (void)rmdir(made->folder);
}

static enum wtl__end make_folder(const struct made *made)
{
    const struct wtl__report *report = &made->cli->report;
    enum wtl__end end;
    if (mkdir(made->folder, 0777) == 0) {
        return WTL__END_OK;
    }
    if (errno == EEXIST) {
        end = wtl__fail(report, WTL__FAILURE_EXISTS, made->folder,
                        "there is something of that name already");
        wtl__fail_line(report, "help", "wattle new %s --dir FOLDER, with one that is not there",
                       made->name);
        return end;
    }
    end = wtl__fail(report, WTL__FAILURE_FILE, made->folder, "the folder cannot be made: %s",
                    strerror(errno));
    wtl__fail_line(report, "help", "the folder that it goes into has to be there, and writable");
    return end;
}

static enum wtl__end make(const struct made *made)
{
    enum wtl__end end = make_folder(made);
    for (uint32_t i = 0; end == WTL__END_OK && i < wtl__new_files_count; i++) {
        if (!write_file(made, &wtl__new_files[i])) {
            end = wtl__fail(&made->cli->report, WTL__FAILURE_FILE, made->folder,
                            "%s cannot be written: %s", wtl__new_files[i].name, strerror(errno));
            remove_all(made, i + 1);
        }
    }
    return end;
}

enum wtl__end wtl__run_new(struct wtl__cli *cli)
{
    struct made made = {.cli = cli, .name = cli->operands[0]};
    const char *folder = wtl__value(cli, "dir");
    made.folder = folder != NULL ? folder : made.name;
    enum wtl__end end = check_name(cli, made.name);
    if (end != WTL__END_OK) {
        return end;
    }
    for (size_t i = 0; made.name[i] != '\0'; i++) {
        char c = made.name[i];
        made.name_upper[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    end = make(&made);
    if (end == WTL__END_OK && !wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out,
                      "module %s, with a producer, a processor, a consumer, a flow and tests\n"
                      "next: cd %s && cmake --workflow --preset test\n",
                      made.name, made.folder);
    }
    return end;
}
