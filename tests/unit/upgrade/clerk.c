/*
 * clerk.c - the versions of the actor "clerk" of line.h: 1, 2, and a version 2 whose state is that
 * of version 1. They do the same, and look whether they run on a state of their own.
 */
#include "line.h"

/* ---- what both versions do ------------------------------------------------------------------- */

/* Of version 1. */
struct state_1 {
    struct line *line;
    uint32_t number;
    uint64_t count;
    uint64_t last[LINE_SENDERS];
    uint64_t *heap; /* holds `count` too */
    const struct wtl_msg *kept;
};

/* Of version 2: the same, elsewhere. */
struct state_2 {
    uint64_t tag; /* 2 */
    uint64_t *heap;
    uint64_t last[LINE_SENDERS];
    struct line *line;
    const struct wtl_msg *kept;
    uint64_t count;
    uint32_t number;
};

/* A view of either. */
struct view {
    uint32_t version;
    struct line *line;
    struct line_seen *seen;
    uint64_t *count;
    uint64_t *last;
    uint64_t **heap;
    const struct wtl_msg **kept;
};

static struct view view_1(void *self)
{
    struct state_1 *s = self;
    return (struct view){1,        s->line, &s->line->seen[s->number], &s->count, s->last,
                         &s->heap, &s->kept};
}

static struct view view_2(void *self)
{
    struct state_2 *s = self;
    cr_assert_eq(s->tag, 2, "version 2 runs on another state");
    return (struct view){2,        s->line, &s->line->seen[s->number], &s->count, s->last,
                         &s->heap, &s->kept};
}

static void ran(const struct view *v)
{
    v->seen->version = v->version;
    cr_assert_eq(**v->heap, *v->count, "the block is not its state's");
}

static void begin(struct wtl_ctx *x, const struct view *v, const struct wtl_msg *args)
{
    v->seen->argument = kit_number(args);
    *v->heap = wtl_alloc(x, sizeof **v->heap);
    cr_assert_not_null(*v->heap);
    **v->heap = 0;
    v->seen->inits++;
    v->seen->pid = wtl_self(x);
    v->seen->count = 0;
    v->seen->version = v->version;
    cr_assert_eq(v->version, v->line->current, "an actor has begun as version %u", v->version);
}

static void number_came(const struct view *v, const struct wtl_msg *m)
{
    struct wtl_reader r = wtl_read(m);
    (void)wtl_get_array(&r);
    uint64_t sender = wtl_get_u64(&r);
    uint64_t number = wtl_get_u64(&r);
    bool is_first = v->last[sender] == 0 && v->seen->inits > 1; /* the former one had the others */
    v->seen->gaps += number != v->last[sender] + 1 && !is_first;
    v->last[sender] = number;
    ++*v->count;
    **v->heap = *v->count;
    v->seen->count = *v->count;
}

struct carried {
    uint64_t mark;
};

static void answered(const struct view *v, const void *context)
{
    struct carried carried;
    memcpy(&carried, context, sizeof carried);
    cr_assert_eq(carried.mark, 4711);
    ran(v);
    v->seen->answers++;
}

static enum wtl_status on_answer_1(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    struct view v = view_1(self);
    (void)x;
    (void)answer;
    answered(&v, context);
    return WTL_OK;
}

static enum wtl_status on_answer_2(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                   void *context)
{
    struct view v = view_2(self);
    (void)x;
    (void)answer;
    answered(&v, context);
    return WTL_OK;
}

/* Not among the answers. */
static enum wtl_status on_answer_unlisted(struct wtl_ctx *x, void *self,
                                          const struct wtl_answer *answer, void *context)
{
    struct view v = view_1(self);
    (void)x;
    (void)answer;
    answered(&v, context);
    return WTL_OK;
}

static void call(struct wtl_ctx *x, const struct view *v, struct wtl_pid to, bool hold,
                 bool unlisted)
{
    struct carried carried = {.mark = 4711};
    wtl_on_answer listed = v->version == 1 ? on_answer_1 : on_answer_2;
    (void)wtl_call(x, to, WTL_TAG("question"), NULL,
                   &(struct wtl_call_options){.on_answer = unlisted ? on_answer_unlisted : listed,
                                              .hold = hold,
                                              .deadline_ms = 60000,
                                              .context = &carried,
                                              .context_size = sizeof carried});
}

static struct wtl_pid about(const struct wtl_msg *m)
{
    struct wtl_reader r = wtl_read(m);
    struct wtl_pid pid;
    (void)wtl_get_array(&r);
    pid.node = wtl_get_u64(&r);
    pid.local = wtl_get_u64(&r);
    return pid;
}

static enum wtl_status order(struct wtl_ctx *x, const struct view *v, const struct wtl_msg *m)
{
    struct wtl_pid pid = about(m);
    if (wtl_is(m, "call") || wtl_is(m, "hold") || wtl_is(m, "unlisted")) {
        call(x, v, pid, wtl_is(m, "hold"), wtl_is(m, "unlisted"));
    } else if (wtl_is(m, "every")) {
        (void)wtl_every(x, 10, WTL_TAG("tick"));
    } else if (wtl_is(m, "keep")) {
        *v->kept = wtl_keep(x, m);
    } else if (wtl_is(m, "link")) {
        wtl_link(x, pid);
    } else if (wtl_is(m, "monitor")) {
        (void)wtl_monitor(x, pid);
    } else if (wtl_is(m, "trap")) {
        wtl_trap_exits(x, true);
    } else if (wtl_is(m, "crash")) {
        return WTL_INVALID;
    } else if (wtl_is(m, "register")) {
        wtl_register(x, "clerk", WTL_LOCAL, NULL);
    }
    return WTL_OK;
}

static enum wtl_status handle(struct wtl_ctx *x, const struct view *v, const struct wtl_msg *m)
{
    ran(v);
    if (wtl_is(m, "n")) {
        number_came(v, m);
    } else if (wtl_is(m, "tick")) {
        v->seen->ticks++;
    } else if (wtl_is(m, "upgraded")) {
        cr_assert(wtl_pid_equal(m->from, wtl_self(x)));
        v->seen->upgraded++;
    } else if (wtl_is(m, "version")) {
        struct wtl_writer body;
        kit_body(x, &body, v->version);
        wtl_reply(x, m, &body);
    } else if (m->request != 0 && wtl_is(m, "later")) {
        *v->kept = wtl_keep(x, m);
    } else {
        return order(x, v, m);
    }
    return WTL_OK;
}

/* ---- version 1 --------------------------------------------------------------------------------
 */

static enum wtl_status init_1(struct wtl_ctx *x, void *self, const void *settings,
                              const struct wtl_msg *args)
{
    const struct line_settings *own = settings;
    struct state_1 *s = self;
    s->line = own->line;
    s->number = own->number;
    struct view v = view_1(self);
    begin(x, &v, args);
    return WTL_OK;
}

static enum wtl_status handle_1(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct view v = view_1(self);
    return handle(x, &v, m);
}

static enum wtl_status down_1(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct view v = view_1(self);
    (void)x;
    (void)down;
    ran(&v);
    v.seen->downs++;
    return WTL_OK;
}

static enum wtl_status exited_1(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct view v = view_1(self);
    (void)x;
    (void)exit;
    ran(&v);
    v.seen->exits++;
    return WTL_OK;
}

static enum wtl_status stop_1(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct view v = view_1(self);
    (void)x;
    (void)reason;
    ran(&v);
    v.seen->stops++;
    return WTL_OK;
}

static bool is_bad(const struct line *line, uint32_t number)
{
    return line->bad_clerk == number + 1;
}

/* Both save alike: what is in the block is handed over by its address. */
static enum wtl_status save(struct wtl_ctx *x, const struct view *v, uint32_t number,
                            struct wtl_writer *out)
{
    struct line *line = v->line;
    line->saves++;
    wtl_put_array(out, 5 + LINE_SENDERS);
    wtl_put_u64(out, number);
    wtl_put_u64(out, *v->count);
    wtl_put_u64(out, (uintptr_t)line);
    wtl_put_u64(out, line->save_releases ? 0 : (uintptr_t)*v->kept);
    if (line->save_releases) {
        wtl_release(x, *v->kept);
    }
    wtl_put_nil(out);
    for (uint32_t i = 0; i < LINE_SENDERS; i++) {
        wtl_put_u64(out, v->last[i]);
    }
    wtl_free(x, *v->heap);
    wtl_free(x, *v->heap); /* twice is once */
    for (uint64_t i = 0; is_bad(line, number) && i < line->saved_bytes; i += 1024) {
        uint8_t bytes[1024] = {0};
        wtl_put_bin(out, bytes, sizeof bytes);
    }
    if (is_bad(line, number) && line->save_tells) {
        wtl_tell(x, wtl_self(x), WTL_TAG("tick"), NULL);
    }
    return is_bad(line, number) ? line->save_returns : WTL_OK;
}

static enum wtl_status unpack(struct wtl_ctx *x, const struct view *v, struct wtl_reader *r)
{
    struct line *line = v->line;
    uint32_t number = (uint32_t)(v->seen - line->seen);
    *v->kept = (const struct wtl_msg *)(uintptr_t)wtl_get_u64(r);
    wtl_skip(r);
    for (uint32_t i = 0; i < LINE_SENDERS; i++) {
        v->last[i] = wtl_get_u64(r);
    }
    *v->heap = wtl_alloc(x, sizeof **v->heap);
    cr_assert_not_null(*v->heap);
    **v->heap = *v->count;
    wtl_free(x, wtl_alloc(x, 100));
    (void)wtl_alloc(x, 50); /* goes when the upgrade fails, and stays when it does not */
    wtl_continue(x, WTL_TAG("upgraded"), NULL);
    line->upgrades++;
    if (is_bad(line, number) && line->upgrade_spawns) {
        (void)wtl_spawn(x, &line_v1, NULL);
    }
    return is_bad(line, number) ? line->upgrade_returns : WTL_OK;
}

static enum wtl_status save_1(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    struct view v = view_1((void *)(uintptr_t)self);
    return save(x, &v, ((const struct state_1 *)self)->number, out);
}

static enum wtl_status upgrade_1(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_saved *saved)
{
    struct state_1 *s = self;
    struct wtl_reader r = wtl_read(&saved->message);
    cr_assert_eq(saved->state_vsn, 2);
    (void)wtl_get_array(&r);
    s->number = (uint32_t)wtl_get_u64(&r);
    s->count = wtl_get_u64(&r);
    s->line = (struct line *)(uintptr_t)wtl_get_u64(&r);
    cr_assert_eq(((const struct line_settings *)settings)->number, s->number);
    struct view v = view_1(self);
    return unpack(x, &v, &r);
}

static const struct wtl_answerer answers_1[] = {{.name = "on_answer", .on_answer = on_answer_1},
                                                {0}};

#define CLERK_1                                                                                    \
    .size = sizeof(struct wtl_actor), .name = "clerk", .state_size = sizeof(struct state_1),       \
    .settings_size = sizeof(struct line_settings), .init = init_1, .handle = handle_1,             \
    .down = down_1, .exited = exited_1, .stop = stop_1

const struct wtl_actor line_v1 = {CLERK_1, .state_vsn = 1, .save = save_1, .upgrade = upgrade_1,
                                  .answers = answers_1};
const struct wtl_actor line_v1_no_save = {CLERK_1, .state_vsn = 1, .answers = answers_1};

/* ---- version 2 --------------------------------------------------------------------------------
 */

static enum wtl_status init_2(struct wtl_ctx *x, void *self, const void *settings,
                              const struct wtl_msg *args)
{
    const struct line_settings *own = settings;
    struct state_2 *s = self;
    s->tag = 2;
    s->line = own->line;
    s->number = own->number;
    struct view v = view_2(self);
    begin(x, &v, args);
    return WTL_OK;
}

static enum wtl_status handle_2(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct view v = view_2(self);
    return handle(x, &v, m);
}

static enum wtl_status down_2(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct view v = view_2(self);
    (void)x;
    (void)down;
    ran(&v);
    v.seen->downs++;
    return WTL_OK;
}

static enum wtl_status exited_2(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct view v = view_2(self);
    (void)x;
    (void)exit;
    ran(&v);
    v.seen->exits++;
    return WTL_OK;
}

static enum wtl_status stop_2(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct view v = view_2(self);
    (void)x;
    (void)reason;
    ran(&v);
    v.seen->stops++;
    return WTL_OK;
}

static enum wtl_status save_2(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    struct view v = view_2((void *)(uintptr_t)self);
    return save(x, &v, ((const struct state_2 *)self)->number, out);
}

static enum wtl_status upgrade_2(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_saved *saved)
{
    struct state_2 *s = self;
    struct wtl_reader r = wtl_read(&saved->message);
    cr_assert_eq(saved->state_vsn, 1);
    s->tag = 2;
    (void)wtl_get_array(&r);
    s->number = (uint32_t)wtl_get_u64(&r);
    s->count = wtl_get_u64(&r);
    s->line = (struct line *)(uintptr_t)wtl_get_u64(&r);
    cr_assert_eq(((const struct line_settings *)settings)->number, s->number);
    struct view v = view_2(self);
    return unpack(x, &v, &r);
}

static const struct wtl_answerer answers_2[] = {{.name = "on_answer", .on_answer = on_answer_2},
                                                {0}};

#define CLERK_2                                                                                    \
    .size = sizeof(struct wtl_actor), .name = "clerk", .state_vsn = 2,                             \
    .state_size = sizeof(struct state_2), .settings_size = sizeof(struct line_settings),           \
    .init = init_2, .handle = handle_2, .down = down_2, .exited = exited_2, .stop = stop_2,        \
    .save = save_2, .upgrade = upgrade_2

const struct wtl_actor line_v2 = {CLERK_2, .answers = answers_2};
const struct wtl_actor line_v2_no_answers = {CLERK_2};

/* ---- version 2 on the state of version 1 --------------------------------------------------------
 */

static struct view view_in_place(void *self)
{
    struct view v = view_1(self);
    v.version = 2;
    return v;
}

static enum wtl_status init_in_place(struct wtl_ctx *x, void *self, const void *settings,
                                     const struct wtl_msg *args)
{
    const struct line_settings *own = settings;
    struct state_1 *s = self;
    s->line = own->line;
    s->number = own->number;
    struct view v = view_in_place(self);
    begin(x, &v, args);
    return WTL_OK;
}

static enum wtl_status handle_in_place(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct view v = view_in_place(self);
    return handle(x, &v, m);
}

static enum wtl_status on_answer_in_place(struct wtl_ctx *x, void *self,
                                          const struct wtl_answer *answer, void *context)
{
    struct view v = view_in_place(self);
    (void)x;
    (void)answer;
    answered(&v, context);
    return WTL_OK;
}

static const struct wtl_answerer answers_in_place[] = {
    {.name = "on_answer", .on_answer = on_answer_in_place}, {0}};

const struct wtl_actor line_v2_in_place = {.size = sizeof(struct wtl_actor),
                                           .name = "clerk",
                                           .state_vsn = 1,
                                           .state_size = sizeof(struct state_1),
                                           .settings_size = sizeof(struct line_settings),
                                           .init = init_in_place,
                                           .handle = handle_in_place,
                                           .answers = answers_in_place};
