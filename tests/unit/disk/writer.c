/*
 * writer.c - a process to be killed: a runtime with a disk.table from its .so, and an actor that
 * asks it for the changes of the model, as many at once as a caller of it ever does.
 *
 * usage: disk_writer FILE SYNC
 *
 * Prints "T" and the values of the model when the table is there, or "X" when something else is in
 * it. Then it reads the number of the first change, and prints "A" and a number for each that was
 * acknowledged, without any buffer. At the end of its input it stops in order.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <wattle/runtime.h>
#include <wattle/settings.h>

#include "model.h"
#include "writer.h"

#include "base/attr.h"
#include "module/module.h"

static struct wtl_runtime *runtime;

struct asker {
    uint32_t next;
    uint32_t under_way;
};

static void say(const char *text)
{
    size_t size = strlen(text);
    WTL_ASSERT(write(STDOUT_FILENO, text, size) == (ssize_t)size);
}

static void say_table(struct wtl_ctx *x)
{
    struct model model;
    char line[16 + 24 * MODEL_KEYS];
    int at = snprintf(line, sizeof line, "T");
    if (!model_read(x, "t", &model)) {
        say("X\n");
        return;
    }
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        at += snprintf(line + at, sizeof line - (size_t)at, " %ld", (long)model.values[i]);
    }
    (void)snprintf(line + at, sizeof line - (size_t)at, "\n");
    say(line);
}

static void ask(struct wtl_ctx *x, struct asker *asker);

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct asker *asker = self;
    char line[32];
    asker->under_way--;
    if (answer->status == WTL_OK || answer->status == WTL_NOT_FOUND) {
        (void)snprintf(line, sizeof line, "A %u\n", *(const uint32_t *)context);
        say(line);
        ask(x, asker);
    }
    return WTL_OK;
}

static void ask(struct wtl_ctx *x, struct asker *asker)
{
    while (asker->under_way < WRITER_AT_ONCE) {
        struct wtl_call_options options = {.on_answer = on_answer,
                                           .deadline_ms = WTL_CALL_FOREVER,
                                           .context = &asker->next,
                                           .context_size = sizeof asker->next};
        model_ask(x, wtl_whereis_local(x, "t"), asker->next, &options);
        asker->next++;
        asker->under_way++;
    }
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct asker *asker = self;
    if (wtl_is(message, "look")) {
        if (wtl_pid_is_none(wtl_whereis_local(x, "t"))) {
            (void)wtl_after(x, 1, WTL_TAG("look"), NULL);
        } else {
            say_table(x);
        }
    } else {
        WTL_ASSERT(wtl_getf(message, "%u", &asker->next) == WTL_OK);
        ask(x, asker);
    }
    return WTL_OK;
}

static WTL_ACTOR(asker, struct asker, .handle = handle);

static struct wtl_pid start_table(const char *path, const char *sync)
{
    static struct wtl__modules modules;
    struct wtl_error error = {0};
    if (wtl__module_load(&modules, DISK_SO, WTL__MODULE_SEALED, NULL, &error) != WTL_OK) {
        (void)fprintf(stderr, "disk_writer: %s\n", error.text);
        exit(1);
    }
    const struct wtl_actor *type = wtl__module_actor(&modules, "disk.table", NULL);
    void *settings = calloc(1, type->settings_size);
    for (const struct wtl_field *field = type->fields; field->name != NULL; field++) {
        const char *text = strcmp(field->name, "name") == 0   ? "t"
                           : strcmp(field->name, "path") == 0 ? path
                           : strcmp(field->name, "sync") == 0 ? sync
                                                              : field->default_;
        WTL_ASSERT(wtl_setting_read(field, text, settings, &error) == WTL_OK);
    }
    struct wtl_pid pid =
        wtl_runtime_spawn(runtime, type, &(struct wtl_spawn_options){.settings = settings});
    free(settings);
    return pid;
}

int main(int count, char **words)
{
    struct wtl_error error = {0};
    char line[32];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count != 3) {
        (void)fprintf(stderr, "usage: disk_writer FILE SYNC\n");
        return 2;
    }
    if (wtl_runtime_create(&(struct wtl_runtime_options){.workers = 2}, &runtime, &error) !=
        WTL_OK) {
        (void)fprintf(stderr, "disk_writer: %s\n", error.text);
        return 1;
    }
    (void)start_table(words[1], words[2]);
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &asker, NULL);
    WTL_ASSERT(wtl_runtime_tell(runtime, pid, WTL_TAG("look"), NULL) == WTL_OK);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct wtl_writer body;
        (void)wtl_runtime_message(&body, 16);
        wtl_put_u64(&body, strtoull(line, NULL, 10));
        WTL_ASSERT(wtl_runtime_tell(runtime, pid, WTL_TAG("go"), &body) == WTL_OK);
    }
    wtl_runtime_stop(runtime, 10000);
    wtl_runtime_destroy(runtime);
    return 0;
}
