/* keeper_read.c - what a child sends, and what it prints. See keeper.h. */
#include "process/keeper_private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actor/names.h"
#include "base/log.h"

/* Reads in one handler run: others have their turn. */
#define READS_MAX 8u
/* Of a text that the child says about itself. */
#define TEXT_MAX 400u

static const char *module_name(const struct wtl__keeper *keeper)
{
    return wtl__isolated_module(keeper->process->module)->name;
}

struct reading {
    struct wtl_ctx *x;
    struct wtl__keeper *keeper;
    const char *wrong; /* what the child has done; NULL: nothing */
    bool failed;       /* it says that it cannot be loaded */
};

static bool refuse(struct reading *reading, const char *wrong)
{
    reading->wrong = wrong;
    return false;
}

static bool on_hello(struct reading *reading, const struct wtl__pipe_frame *frame)
{
    struct wtl__keeper *keeper = reading->keeper;
    if (keeper->state != WTL__KEEPER_STARTING) {
        return refuse(reading, "says twice what it is");
    }
    if (!wtl__isolated_is_same(keeper->process->module, frame->body, frame->size)) {
        return refuse(reading, "says of itself what it did not say when it was opened");
    }
    keeper->state = WTL__KEEPER_UP;
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "module_process_started",
             WTL__LOG_TEXT("module", module_name(keeper)),
             WTL__LOG_NUMBER("process", (uint64_t)keeper->process->child.pid));
    return true;
}

static bool on_failed(struct reading *reading, const struct wtl__pipe_frame *frame)
{
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "module_process_failed",
             WTL__LOG_TEXT("module", module_name(reading->keeper)),
             WTL__LOG_BYTES("text", (const char *)frame->body,
                            frame->size < TEXT_MAX ? frame->size : TEXT_MAX));
    reading->failed = true; /* it is killed when all of this is read: its end is read, too */
    return true;
}

static bool on_find(struct reading *reading, const struct wtl__pipe_frame *frame)
{
    struct wtl__process *process = reading->keeper->process;
    struct wtl__pipe_frame found = {.kind = WTL__PIPE_FOUND,
                                    .request = frame->request,
                                    .pid = wtl__name_find(process->runtime, frame->name)};
    (void)wtl__process_send(process, wtl__ctx_of(reading->x), NULL, &found, false);
    return true;
}

static bool on_frames(void *context, uint64_t local, const uint8_t *bytes, size_t size)
{
    struct reading *reading = context;
    struct wtl__keeper *keeper = reading->keeper;
    struct wtl__pipe_frame frame;
    if (local != 0) {
        if (keeper->state == WTL__KEEPER_STARTING) {
            return refuse(reading, "lets actors do something before it is loaded");
        }
        return wtl__process_give(keeper->process, wtl__ctx_of(reading->x), local, bytes, size) ||
               refuse(reading, "sends more than it may before that is carried out");
    }
    if (!wtl__pipe_get(bytes, size, WTL__PIPE_FROM_CHILD, &frame)) {
        return refuse(reading, "sends a frame that cannot be read");
    }
    switch (frame.kind) {
    case WTL__PIPE_HELLO:
        return on_hello(reading, &frame);
    case WTL__PIPE_FAILED:
        return on_failed(reading, &frame);
    case WTL__PIPE_FIND:
        return on_find(reading, &frame);
    case WTL__PIPE_TABLE:
        return wtl__process_ask_table(keeper->process, wtl__ctx_of(reading->x), &frame) ||
               refuse(reading, "asks a table before it was answered");
    case WTL__PIPE_SYS_DONE:
        return wtl__process_told(keeper->process, wtl__ctx_of(reading->x), &frame) ||
               refuse(reading, "answers for an actor what nobody has asked");
    default: /* AWAKE, PONG: that it was heard is all */
        return true;
    }
}

bool wtl__keeper_read(struct wtl_ctx *x, struct wtl__keeper *keeper)
{
    struct reading reading = {.x = x, .keeper = keeper};
    bool some = false;
    if (!keeper->reads) {
        return false;
    }
    keeper->heard_ns = wtl_now_ns(x);
    keeper->pinged_ns = 0;
    for (unsigned i = 0; i < READS_MAX; i++) {
        size_t room = 0;
        uint8_t *at = wtl__intake_room(&keeper->intake, &room);
        ssize_t got = at != NULL ? recv(keeper->process->child.socket, at, room, MSG_DONTWAIT) : 0;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            wtl_fd_unwatch(x, keeper->process->child.socket);
            keeper->reads = false;
            wtl__keeper_ending(x, keeper);
            return true;
        }
        if (!wtl__intake_took(&keeper->intake, (size_t)got, on_frames, &reading)) {
            wtl_fd_unwatch(x, keeper->process->child.socket);
            keeper->reads = false;
            wtl__process_broken(keeper->process, wtl__ctx_of(x),
                                reading.wrong != NULL ? reading.wrong : "sends what is no frame");
            return true;
        }
        if (reading.failed) {
            wtl__keeper_kill(x, keeper, "load");
            return true;
        }
        some = true;
        if ((size_t)got < room) {
            break;
        }
    }
    if (keeper->clock == 0 && keeper->state == WTL__KEEPER_UP) {
        wtl__process_wake(keeper->process);
        wtl__keeper_start_clock(x, keeper);
    }
    return some;
}

/* ---- what it prints ------------------------------------------------------------------------- */

static void end_line(struct wtl__keeper *keeper)
{
    if (keeper->line_used > 0) {
        wtl__log(wtl__log_process(), WTL__LOG_INFO, "module_output",
                 WTL__LOG_TEXT("module", module_name(keeper)),
                 WTL__LOG_BYTES("text", keeper->line, keeper->line_used));
    }
    keeper->line_used = 0;
}

void wtl__keeper_print(struct wtl__keeper *keeper, bool rest)
{
    char bytes[1024];
    for (unsigned i = 0; i < READS_MAX; i++) {
        ssize_t got = read(keeper->process->child.output, bytes, sizeof bytes);
        for (ssize_t at = 0; at < got; at++) {
            if (bytes[at] != '\n') {
                keeper->line[keeper->line_used++] = bytes[at];
            }
            if (bytes[at] == '\n' || keeper->line_used == sizeof keeper->line) {
                end_line(keeper);
            }
        }
        if (got < (ssize_t)sizeof bytes) {
            break;
        }
    }
    if (rest) {
        end_line(keeper);
    }
}
