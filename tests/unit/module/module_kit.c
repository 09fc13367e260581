/* module_kit.c - see module_kit.h. */
#include "module_kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module/guard.h"
#include "sched/system.h"

struct wtl__modules kit_modules;

const struct wtl__module *kit_load(const char *path)
{
    const struct wtl__module *module = NULL;
    struct wtl_error error = {0};
    enum wtl_status status =
        wtl__module_load(&kit_modules, path, WTL__MODULE_SEALED, &module, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    return module;
}

void kit_refused(const char *path, enum wtl_status status, const char *const *words)
{
    struct wtl_error error = {0};
    uint32_t before = atomic_load(&kit_modules.count);
    enum wtl_status came = wtl__module_load(&kit_modules, path, WTL__MODULE_SEALED, NULL, &error);
    cr_assert_eq(came, status, "%s: %s", wtl_status_word(came), error.text);
    cr_assert_eq(error.status, status);
    cr_assert_eq(atomic_load(&kit_modules.count), before);
    cr_assert_not_null(strstr(error.text, path), "no path in \"%s\"", error.text);
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(error.text, *words), "no \"%s\" in \"%s\"", *words, error.text);
    }
}

void *kit_read(const char *path, size_t *size_out)
{
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    (void)fseek(file, 0, SEEK_END);
    *size_out = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size_out);
    cr_assert_eq(fread(bytes, 1, *size_out, file), *size_out);
    (void)fclose(file);
    return bytes;
}

/* ---- the asker ----------------------------------------------------------------------------- */

/* One question at a time: the test waits for its answer. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t came;
    bool is_there;
    struct answer answer;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_reader reader = wtl_read(&answer->message);
    (void)x;
    (void)self;
    (void)context;
    (void)pthread_mutex_lock(&box.lock);
    box.answer =
        (struct answer){.status = answer->status, .reason = answer->reason, .pid = answer->pid};
    if (answer->message.size > 0) {
        box.answer.number = wtl_get_u64(&reader);
    }
    box.is_there = true;
    (void)pthread_cond_signal(&box.came);
    (void)pthread_mutex_unlock(&box.lock);
    return WTL_OK;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    char name[64];
    char tag[16];
    struct wtl_writer body;
    (void)self;
    if (wtl_getf(message, "[%63s %15s]", name, tag) != WTL_OK) {
        return WTL_BAD_PAYLOAD;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, 1);
    (void)wtl_call_name(x, name, wtl_tag_make(tag, strlen(tag)), &body,
                        &(struct wtl_call_options){.on_answer = on_answer});
    return WTL_OK;
}

static WTL_ACTOR(asker_type, char, .handle = asker_handle);

void asker_open(struct asker *asker, unsigned workers)
{
    struct wtl_error error = {0};
    const struct wtl_runtime_options options = {.workers = workers};
    bool on = false;
    enum wtl_status status = wtl_runtime_create(&options, &asker->runtime, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    status = wtl__guard_attach(wtl__runtime_of(asker->runtime), WTL__GUARD_ON, &on, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    cr_assert(on);
    asker->pid = wtl_runtime_spawn(asker->runtime, &asker_type, NULL);
}

void asker_close(struct asker *asker)
{
    wtl_runtime_stop(asker->runtime, 5000);
    wtl__guard_detach(wtl__runtime_of(asker->runtime));
    wtl_runtime_destroy(asker->runtime);
    wtl__modules_deinit(&kit_modules);
}

struct answer asker_ask(struct asker *asker, const char *name, const char *tag)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 64);
    wtl_putf(&body, "[%s %s]", name, tag);
    box.is_there = false;
    cr_assert_eq(wtl_runtime_tell(asker->runtime, asker->pid, WTL_TAG("ask"), &body), WTL_OK);
    (void)pthread_mutex_lock(&box.lock);
    while (!box.is_there) {
        (void)pthread_cond_wait(&box.came, &box.lock);
    }
    struct answer answer = box.answer;
    (void)pthread_mutex_unlock(&box.lock);
    return answer;
}

struct answer asker_ask_living(struct asker *asker, const char *name, const char *tag)
{
    struct answer answer;
    do {
        answer = asker_ask(asker, name, tag);
    } while (answer.status == WTL_NOT_FOUND || answer.status == WTL_NO_PROCESS);
    return answer;
}

/* ---- processes that die -------------------------------------------------------------------- */

static void child(void (*fn)(void *argument), void *argument, int out)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    const struct rlimit no_core = {0, 0};
    (void)dup2(out, STDERR_FILENO);
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)alarm(30); /* one that goes on living dies of the wrong signal */
    for (size_t i = 0; i < WTL_COUNT(signals); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    fn(argument);
    _exit(0);
}

int kit_dies(void (*fn)(void *argument), void *argument, char *text_out, size_t size)
{
    int ends[2];
    size_t used = 0;
    int status = 0;
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        child(fn, argument, ends[1]);
    }
    (void)close(ends[1]);
    for (ssize_t got = 1; got > 0 && used < size - 1;) {
        got = read(ends[0], text_out + used, size - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    text_out[used] = '\0';
    (void)close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status), "it has exited with %d: %s", WEXITSTATUS(status), text_out);
    return WTERMSIG(status);
}
