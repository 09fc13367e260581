/* kit.c - see kit.h. */
#include "kit.h"

#include "base/pool.h"

struct state {
    struct kit_puppet *p;
};

struct settings {
    struct kit_puppet *p;
};

static struct kit_event *note(struct kit_puppet *p, enum kit_what what)
{
    cr_assert_lt(p->count, KIT_EVENTS_MAX, "a puppet has seen too much");
    struct kit_event *event = &p->events[p->count++];
    *event = (struct kit_event){.what = what};
    return event;
}

static enum wtl_status puppet_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct kit_puppet *p = ((const struct settings *)settings)->p;
    ((struct state *)self)->p = p;
    p->inits++;
    p->pid = wtl_self(x);
    return p->init != NULL ? p->init(x, p, args) : WTL_OK;
}

static bool read_cmd(const struct wtl_msg *m, struct kit_cmd *cmd_out)
{
    size_t size = 0;
    struct wtl_reader r = wtl_read(m);
    const void *bytes = wtl_get_bin(&r, &size);
    if (r.failed || size != sizeof *cmd_out) {
        return false;
    }
    memcpy(cmd_out, bytes, size);
    return true;
}

static enum wtl_status puppet_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct kit_puppet *p = ((struct state *)self)->p;
    struct kit_cmd cmd;
    if (wtl_is(m, "$do") && read_cmd(m, &cmd)) {
        cmd.fn(x, p, &cmd);
        return WTL_OK;
    }
    p->got++;
    if (!p->silent) {
        struct kit_event *event = note(p, KIT_MESSAGE);
        event->tag = m->tag;
        event->from = m->from;
        event->request = m->request;
        event->number = kit_number(m);
    }
    return p->message != NULL ? p->message(x, p, m) : WTL_OK;
}

static enum wtl_status puppet_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct kit_puppet *p = ((struct state *)self)->p;
    struct kit_event *event = note(p, KIT_EXITED);
    event->from = exit->from;
    event->reason = exit->reason;
    return p->exited != NULL ? p->exited(x, p, exit) : WTL_OK;
}

static enum wtl_status puppet_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct kit_puppet *p = ((struct state *)self)->p;
    struct kit_event *event = note(p, KIT_DOWN);
    event->from = down->pid;
    event->reason = down->reason;
    event->request = down->ref;
    return p->down != NULL ? p->down(x, p, down) : WTL_OK;
}

static enum wtl_status puppet_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct kit_puppet *p = ((struct state *)self)->p;
    note(p, KIT_STOPPED)->reason = reason;
    return p->stop != NULL ? p->stop(x, p, reason) : WTL_OK;
}

WTL_ACTOR(kit_type, struct state, .settings_size = sizeof(struct settings), .init = puppet_init,
          .handle = puppet_handle, .exited = puppet_exited, .down = puppet_down,
          .stop = puppet_stop);

void kit_init(struct kit *kit, uint64_t seed)
{
    kit->used_bytes = wtl__pool_stats().used_bytes;
    cr_assert_eq(wtl__step_init(&kit->step, 7, seed), WTL_OK);
}

void kit_deinit(struct kit *kit)
{
    wtl__step_deinit(&kit->step); /* asserts that no actor and no alarm is left */
    /* what other threads have given back (tables are freed on one) is taken in by turns */
    for (int i = 0; i < 10000 && wtl__pool_stats().used_bytes != kit->used_bytes; i++) {
        wtl__pool_flush();
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, kit->used_bytes, "bytes were left behind");
}

void kit_settle(struct kit *kit)
{
    wtl__step_settle(&kit->step);
}

void kit_advance(struct kit *kit, uint64_t ms)
{
    wtl__step_advance(&kit->step, ms);
}

static void forget(struct kit_puppet *p)
{
    p->count = 0;
    p->inits = 0;
    p->got = 0;
    p->last = 0;
}

struct wtl_pid kit_spawn(struct kit *kit, struct kit_puppet *p, const struct wtl_actor *type)
{
    struct settings settings = {.p = p};
    struct wtl_spawn_options options = {.settings = &settings};
    forget(p);
    p->pid = wtl__spawn(&kit->step.runtime, NULL, type != NULL ? type : &kit_type, &options, 0);
    return p->pid;
}

struct wtl_pid kit_spawn_from(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_actor *type,
                              const struct wtl_spawn_options *options)
{
    struct settings settings = {.p = p};
    struct wtl_spawn_options all = options != NULL ? *options : (struct wtl_spawn_options){0};
    all.settings = &settings;
    forget(p);
    p->pid = wtl_spawn(x, type != NULL ? type : &kit_type, &all);
    return p->pid;
}

/* ---- commands ------------------------------------------------------------------------------ */

void kit_do(struct kit *kit, struct kit_puppet *p, struct kit_cmd cmd)
{
    struct wtl_writer body;
    cr_assert(wtl__message_open(&body, sizeof cmd + 8));
    wtl_put_bin(&body, &cmd, sizeof cmd);
    /* LOCAL is not counted against the mailbox's bound: commands always come through */
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__LOCAL);
    cr_assert_not_null(envelope);
    envelope->msg.tag = WTL_TAG("$do");
    (void)wtl__deliver(&kit->step.runtime, NULL, p->pid, envelope);
}

static void do_tell(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    kit_send(x, cmd->pid, WTL_TAG("number"), cmd->number);
}

static void do_link(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_link(x, cmd->pid);
}

static void do_unlink(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_unlink(x, cmd->pid);
}

static void do_monitor(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    cr_assert_neq(wtl_monitor(x, cmd->pid), 0);
}

static void do_trap(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_trap_exits(x, cmd->number != 0);
}

static void do_exit(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_exit(x, cmd->pid, cmd->reason);
}

static void do_stop(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    wtl_stop(x, cmd->reason);
}

void kit_tell(struct kit *kit, struct kit_puppet *p, struct wtl_pid to, uint64_t number)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_tell, .pid = to, .number = number});
}

void kit_link(struct kit *kit, struct kit_puppet *p, struct wtl_pid to)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_link, .pid = to});
}

void kit_unlink(struct kit *kit, struct kit_puppet *p, struct wtl_pid to)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_unlink, .pid = to});
}

void kit_monitor(struct kit *kit, struct kit_puppet *p, struct wtl_pid to)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_monitor, .pid = to});
}

void kit_trap(struct kit *kit, struct kit_puppet *p, bool on)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_trap, .number = on});
}

void kit_exit(struct kit *kit, struct kit_puppet *p, struct wtl_pid to, struct wtl_reason reason)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_exit, .pid = to, .reason = reason});
}

void kit_stop(struct kit *kit, struct kit_puppet *p, struct wtl_reason reason)
{
    kit_do(kit, p, (struct kit_cmd){.fn = do_stop, .reason = reason});
}

/* ---- for hooks ----------------------------------------------------------------------------- */

void kit_body(struct wtl_ctx *x, struct wtl_writer *writer, uint64_t number)
{
    cr_assert(wtl_message_open(x, writer, 16));
    wtl_put_u64(writer, number);
}

void kit_send(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    struct wtl_writer body;
    kit_body(x, &body, number);
    wtl_tell(x, to, tag, &body);
}

uint64_t kit_number(const struct wtl_msg *m)
{
    struct wtl_reader r = wtl_read(m);
    return wtl_peek(&r) == WTL_PACK_INT ? wtl_get_u64(&r) : 0;
}

enum wtl_status kit_on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                              void *context)
{
    struct kit_puppet *p;
    (void)x;
    memcpy(&p, context, sizeof p);
    cr_assert_eq(p, ((struct state *)self)->p, "an answer has come to another actor");
    cr_assert((answer->message.size == 0) == (answer->message.bytes == NULL));
    struct kit_event *event = note(p, KIT_ANSWER);
    event->status = answer->status;
    event->reason = answer->reason;
    event->from = answer->pid;
    event->request = answer->request;
    event->number = kit_number(&answer->message);
    return WTL_OK;
}

/* ---- what has happened --------------------------------------------------------------------- */

bool kit_lives(const struct kit *kit, struct wtl_pid pid)
{
    return wtl__cells_find(&kit->step.runtime.cells, pid.local) != NULL;
}

struct wtl__cell *kit_cell(const struct kit *kit, struct wtl_pid pid)
{
    struct wtl__cell *cell = wtl__cells_find(&kit->step.runtime.cells, pid.local);
    cr_assert_not_null(cell);
    return cell;
}

uint32_t kit_count(const struct kit_puppet *p, enum kit_what what)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        count += p->events[i].what == what;
    }
    return count;
}

const struct kit_event *kit_nth(const struct kit_puppet *p, enum kit_what what, uint32_t n)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->events[i].what == what && n-- == 0) {
            return &p->events[i];
        }
    }
    cr_assert_fail("no such event");
    return NULL;
}

const struct kit_event *kit_only(const struct kit_puppet *p, enum kit_what what)
{
    cr_assert_eq(kit_count(p, what), 1, "%u events of kind %d, not one", kit_count(p, what),
                 (int)what);
    return kit_nth(p, what, 0);
}

bool kit_reason_is(struct wtl_reason reason, const char *text)
{
    char buffer[40];
    return strcmp(wtl_reason_text(reason, buffer), text) == 0;
}

uint64_t kit_counter(const struct kit *kit, enum wtl__counter counter)
{
    return atomic_load(&kit->step.runtime.counters[counter]);
}

bool kit_linked(const struct kit *kit, struct wtl_pid a, struct wtl_pid b)
{
    const struct wtl__envelope *tie = wtl__ties_find(&kit_cell(kit, a)->ties, WTL__TIE_LINK, b, 0);
    return tie != NULL && tie->msg.request == 0;
}
