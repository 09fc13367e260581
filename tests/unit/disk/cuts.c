/* cuts.c - a process with a disk.table under writes is killed at any moment, and started again on
 * the same file: every acknowledged change is there, and none by half. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "../../support/seeds.h"

#include "model.h"
#include "writer.h"

struct process {
    pid_t pid;
    FILE *says;
    FILE *hears;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t bound)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % bound;
}

static struct process start(const char *path, const char *sync)
{
    int out[2];
    int in[2];
    cr_assert(pipe(out) == 0 && pipe(in) == 0);
    struct process process = {.pid = fork()};
    cr_assert_neq(process.pid, -1);
    if (process.pid == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        for (unsigned i = 0; i < 2; i++) {
            (void)close(in[i]);
            (void)close(out[i]);
        }
        (void)execl(DISK_WRITER, "disk_writer", path, sync, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    process.says = fdopen(out[0], "re");
    process.hears = fdopen(in[1], "we");
    cr_assert(process.says != NULL && process.hears != NULL);
    return process;
}

/* Reads its table and finds after how many changes it is like that; `model` was after `acked`. */
static uint32_t find(struct process *process, const struct model *model, uint32_t acked)
{
    char line[16 + 24 * MODEL_KEYS];
    struct model is;
    cr_assert_not_null(fgets(line, sizeof line, process->says), "it does not start");
    cr_assert_eq(line[0], 'T', "something else is in the table: %s", line);
    char *at = line + 1;
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        is.values[i] = strtol(at, &at, 10);
    }
    uint32_t found = model_find(model, &is, acked, acked + WRITER_AT_ONCE);
    cr_assert_neq(found, UINT32_MAX, "the table is not as after %u to %u changes: %s", acked,
                  acked + WRITER_AT_ONCE, line);
    return found;
}

/* Reads what was acknowledged, so many lines at most. */
static void hear(struct process *process, uint64_t lines, struct model *model, uint32_t *acked)
{
    char line[64];
    while (lines-- > 0 && fgets(line, sizeof line, process->says) != NULL) {
        unsigned number;
        if (strchr(line, '\n') != NULL && sscanf(line, "A %u", &number) == 1) {
            cr_assert_eq(number, *acked, "acknowledged in the order in which it was asked");
            model_change(model, number);
            *acked = number + 1;
        }
    }
}

static void end(struct process *process, struct model *model, uint32_t *acked)
{
    int status = 0;
    (void)kill(process->pid, SIGKILL);
    hear(process, UINT64_MAX, model, acked);
    cr_assert_eq(waitpid(process->pid, &status, 0), process->pid);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it has ended by itself: %x",
              (unsigned)status);
    (void)fclose(process->says);
    (void)fclose(process->hears);
}

static void cut(const char *sync, uint64_t count)
{
    char folder[] = "/tmp/wattle-cuts-XXXXXX";
    char path[64];
    char log[80];
    struct model model;
    uint32_t acked = 0;
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/c.db", folder);
    (void)snprintf(log, sizeof log, "%s-wal", path);
    model_init(&model);
    random_state = count;
    for (uint64_t i = 0; i < count; i++) {
        struct process process = start(path, sync);
        if (random_below(8) > 0) { /* else somewhere in its start */
            uint32_t from = find(&process, &model, acked);
            while (acked < from) {
                model_change(&model, acked++);
            }
            (void)fprintf(process.hears, "%u\n", from);
            (void)fflush(process.hears);
            hear(&process, random_below(120), &model, &acked);
        }
        end(&process, &model, &acked);
    }
    struct process process = start(path, sync);
    int status = 0;
    (void)find(&process, &model, acked);
    (void)fclose(process.hears);
    cr_assert_eq(waitpid(process.pid, &status, 0), process.pid);
    (void)fclose(process.says);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "it stops in order: %x",
              (unsigned)status);
    cr_assert(access(log, F_OK) != 0, "and has closed its file");
    cr_assert(acked >= count, "%u changes in %ju cuts are too few", acked, (uintmax_t)count);
    (void)unlink(path);
    (void)rmdir(folder);
}

Test(cuts, E02_every_acknowledged_change_survives_500_cuts)
{
    cut("normal", test_seeds(35));
}

Test(cuts, E02_every_acknowledged_change_survives_500_cuts_when_synced)
{
    cut("full", test_seeds(15));
}
