/* keeper.c - the behaviour of a keeper: which message goes where. See keeper.h. */
#include "process/keeper_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

struct settings {
    struct wtl__process *process;
};

static void log_failure(const struct wtl__keeper *keeper, const char *text)
{
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "module_process_failed",
             WTL__LOG_TEXT("module", wtl__isolated_module(keeper->process->module)->name),
             WTL__LOG_TEXT("text", text));
}

static enum wtl_status start(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    struct wtl__process *process = keeper->process;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__isolated_start(process, &error);
    if (status == WTL_OK && !wtl__intake_init(&keeper->intake)) {
        status = wtl_fail(&error, WTL_NO_MEMORY, "no memory to read what it sends");
    }
    if (status == WTL_OK) {
        status = wtl_fd_watch(x, process->child.output, WTL_FD_READ);
    }
    if (status == WTL_OK) {
        status = wtl_fd_watch(x, process->child.socket, WTL_FD_READ);
        keeper->reads = status == WTL_OK;
    }
    if (status != WTL_OK) {
        log_failure(keeper, error.text[0] != '\0' ? error.text : wtl_status_text(status));
    }
    return status;
}

/* It cannot be started. Whoever wants to sit down next tries again. */
static void give_up(struct wtl_ctx *x, struct wtl__keeper *keeper, enum wtl_status status)
{
    struct wtl__process *process = keeper->process;
    int ended = 0;
    wtl_fd_unwatch(x, process->child.output);
    wtl_fd_unwatch(x, process->child.socket);
    wtl__child_kill(&process->child);
    (void)wtl__child_reap(&process->child, true, &ended);
    keeper->state = WTL__KEEPER_ENDED;
    wtl__isolated_retire(process);
    wtl__process_die(process, wtl__ctx_of(x), wtl_reason_of(status));
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct wtl__keeper *keeper = self;
    (void)args;
    keeper->process = ((const struct settings *)settings)->process;
    keeper->write_fd = -1;
    keeper->ending.run = wtl__keeper_end;
    wtl__ties_add(&wtl__ctx_of(x)->cell->ties, WTL__TIE_END, &keeper->ending.tie);
    keeper->started_ns = wtl_now_ns(x);
    keeper->heard_ns = keeper->started_ns;
    keeper->looked_ns = keeper->started_ns;
    enum wtl_status status = start(x, keeper);
    if (status != WTL_OK) {
        give_up(x, keeper, status);
        return WTL_STOP;
    }
    wtl__keeper_start_clock(x, keeper);
    wtl__process_reserve(keeper->process, wtl__ctx_of(x));
    return WTL_OK;
}

/* ---- the socket takes no more, for now ------------------------------------------------------ */

static void stop_waiting(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->write_fd >= 0) {
        wtl_fd_unwatch(x, keeper->write_fd);
        (void)close(keeper->write_fd);
        keeper->write_fd = -1;
    }
}

static void wait_for_room(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->state >= WTL__KEEPER_ENDING || keeper->write_fd >= 0) {
        return;
    }
    /* another descriptor, because one is watched for one thing */
    keeper->write_fd = fcntl(keeper->process->child.socket, F_DUPFD_CLOEXEC, 16);
    if (keeper->write_fd < 0 || wtl_fd_watch(x, keeper->write_fd, WTL_FD_WRITE) != WTL_OK) {
        log_failure(keeper, "cannot wait until it reads: no descriptor is left");
        wtl__keeper_kill(x, keeper, "system");
    }
}

static void on_fd(struct wtl_ctx *x, struct wtl__keeper *keeper, const struct wtl_msg *message)
{
    int fd = -1;
    struct wtl_reader reader = wtl_read(message);
    if (wtl_get_map(&reader) == 2 && WTL_GET_KEY(&reader, "fd")) {
        fd = (int)wtl_get_i64(&reader);
    }
    if (fd == keeper->process->child.socket) {
        (void)wtl__keeper_read(x, keeper);
    } else if (fd == keeper->process->child.output) {
        wtl__keeper_print(keeper, false);
    } else if (fd == keeper->write_fd && wtl__process_drain(keeper->process, wtl__ctx_of(x))) {
        stop_waiting(x, keeper);
    }
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* Nobody sits in it any more, and the node stops: its end of the socket is the child's order to
 * exit. */
static void close_socket(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    if (keeper->state < WTL__KEEPER_ENDING) {
        (void)shutdown(keeper->process->child.socket, SHUT_WR);
        wtl__keeper_ending(x, keeper);
    }
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl__keeper *keeper = self;
    if (wtl_is(message, "fd")) {
        on_fd(x, keeper, message);
    } else if (wtl_is(message, "tick")) {
        wtl__keeper_tick(x, keeper);
    } else if (wtl_is(message, "reap")) {
        wtl__keeper_reap(x, keeper);
    }
    if (keeper->state >= WTL__KEEPER_ENDING) {
        stop_waiting(x, keeper);
    }
    return WTL_OK;
}

void wtl__keeper_obey(struct wtl_ctx *x, void *self, unsigned orders)
{
    struct wtl__keeper *keeper = self;
    if ((orders & WTL__KEEPER_WATCH) != 0) {
        wtl__keeper_start_clock(x, keeper);
    }
    if ((orders & WTL__KEEPER_WRITE) != 0) {
        wait_for_room(x, keeper);
    }
    if ((orders & WTL__KEEPER_BROKEN) != 0) {
        wtl__keeper_kill(x, keeper, "proto_error");
    }
    if ((orders & WTL__KEEPER_EMPTY) != 0) {
        close_socket(x, keeper);
    }
    if (keeper->state >= WTL__KEEPER_ENDING) {
        stop_waiting(x, keeper);
    }
}

static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct wtl__keeper *keeper = self;
    (void)reason;
    if (keeper->state == WTL__KEEPER_ENDED) {
        return WTL_OK;
    }
    keeper->stopping = true;
    if (wtl__process_close(keeper->process)) {
        close_socket(x, keeper);
    }
    return keeper->state == WTL__KEEPER_ENDED ? WTL_OK : WTL_LATER;
}

static const struct wtl_actor keeper_type = {
    .size = sizeof(struct wtl_actor),
    .name = "module.process",
    .summary = "keeps the process of a module",
    .state_size = sizeof(struct wtl__keeper),
    .settings_size = sizeof(struct settings),
    .init = init,
    .handle = handle,
    .stop = stop,
};

bool wtl__keeper_spawn(struct wtl__process *process)
{
    struct wtl__runtime *runtime = process->runtime;
    struct settings settings = {.process = process};
    struct wtl_spawn_options options = {.settings = &settings};
    struct wtl__cell *cell = wtl__cells_take(&runtime->cells, NULL);
    if (cell == NULL) {
        return false;
    }
    /* before it runs: those who sit down in the process may have something to tell it at once */
    process->keeper = wtl__pid_of(runtime, cell);
    (void)wtl__spawn_at(runtime, NULL, cell, &keeper_type, &options, WTL__CELL_SYSTEM);
    return true;
}
