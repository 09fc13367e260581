/* kit.c - see kit.h. */
#include "kit.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 32

int64_t kit_now_s = INT64_C(1795176000);

struct run run_wattle(const char *first, ...)
{
    char *words[WORDS_MAX] = {(char *)(uintptr_t) "wattle"};
    int count = 1;
    va_list rest;
    va_start(rest, first);
    for (const char *word = first; word != NULL && count + 1 < WORDS_MAX;
         word = va_arg(rest, const char *)) {
        words[count++] = (char *)(uintptr_t)word;
    }
    va_end(rest);
    struct run run = {0};
    struct wtl__cli *cli = calloc(1, sizeof *cli);
    cr_assert(cli != NULL);
    cli->out = open_memstream(&run.out, &run.out_size);
    cli->err = open_memstream(&run.err, &run.err_size);
    cli->now_s = kit_now_s;
    run.end = wtl__cli_run(cli, count, words);
    (void)fclose(cli->out);
    (void)fclose(cli->err);
    free(cli);
    return run;
}

void run_free(struct run *run)
{
    free(run->out);
    free(run->err);
    *run = (struct run){0};
}

void kit_folder(char path_out[64])
{
    (void)snprintf(path_out, 64, "/tmp/wattle-cli-XXXXXX");
    cr_assert(mkdtemp(path_out) != NULL);
}

static int remove_one(const char *path, const struct stat *found, int kind, struct FTW *walk)
{
    (void)found;
    (void)kind;
    (void)walk;
    return remove(path);
}

void kit_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
