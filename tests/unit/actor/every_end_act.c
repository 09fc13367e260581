/* every_end_act.c - all that an actor of every_end.c does, by the seed. See every_end.h. */
#include "every_end.h"

#include <wattle/requests.h>
#include <wattle/sys.h>

enum { DEFERRED = 16 };

struct wtl__prng every_prng;
struct every_ask every_asks[EVERY_ASKS_MAX];
uint32_t every_asks_count;
struct wtl_pid every_pids[EVERY_ACTORS];
bool every_is_over;
static struct wtl_from deferred[DEFERRED];

struct state {
    uint32_t who;
    bool stopping;
    const struct wtl_msg *kept;
    struct wtl_writer draft;
    bool has_draft;
    uint64_t timer;
    uint64_t last_ref;
    struct wtl_requests *requests;
    uint64_t *block; /* holds `replaced` */
    uint64_t replaced;
};

uint32_t every_below(uint32_t bound)
{
    return (uint32_t)wtl__prng_below(&every_prng, bound);
}

bool every_once_in(uint32_t n)
{
    return every_below(n) == 0;
}

static struct wtl_pid anybody(void)
{
    return every_pids[every_below(EVERY_ACTORS)];
}

struct wtl_reason every_reason(void)
{
    switch (every_below(4)) {
    case 0:
        return WTL_REASON(WTL_EXIT_NORMAL, "normal");
    case 1:
        return WTL_REASON(WTL_EXIT_KILL, "kill");
    case 2:
        return WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown");
    default:
        return WTL_REASON(WTL_EXIT_ERROR, "error");
    }
}

/* ---- asking --------------------------------------------------------------------------------- */

static void act(struct wtl_ctx *x, struct state *s);

static enum wtl_status maybe(void)
{
    return every_once_in(60) ? WTL_INVALID : every_once_in(60) ? WTL_STOP : WTL_OK;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct state *s = self;
    uint32_t id;
    memcpy(&id, context, sizeof id);
    struct every_ask *ask = &every_asks[id];
    cr_assert_eq(ask->who, s->who, "it was another's");
    cr_assert_eq(ask->life, wtl_self(x).local, "it was a former one's");
    cr_assert_not(ask->given_up);
    cr_assert_eq(ask->answers++, 0, "it was answered twice");
    (void)answer;
    if (s->stopping && every_once_in(2)) {
        wtl_done(x, every_once_in(3) ? WTL_INVALID : WTL_OK);
    } else if (!every_is_over && every_once_in(3)) {
        act(x, s);
    }
    return every_is_over ? WTL_OK : maybe();
}

static const struct wtl_answerer answers[] = {WTL_ANSWERER(on_answer), {0}};

/* Options of one more question. */
static struct wtl_call_options next_ask(struct wtl_ctx *x, const struct state *s, uint32_t *id_out)
{
    static const uint32_t deadlines[] = {0, 1, 3, 20, 4000, 9000, WTL_CALL_FOREVER};
    uint32_t deadline_ms = deadlines[every_below((uint32_t)WTL_COUNT(deadlines))];
    cr_assert_lt(every_asks_count, EVERY_ASKS_MAX);
    *id_out = every_asks_count++;
    every_asks[*id_out] = (struct every_ask){.life = wtl_self(x).local, .who = s->who};
    return (struct wtl_call_options){.deadline_ms = deadline_ms,
                                     .hold = every_once_in(4) && deadline_ms != WTL_CALL_FOREVER,
                                     .on_answer = on_answer,
                                     .context = id_out,
                                     .context_size = sizeof *id_out};
}

static enum wtl_status work(void *argument, struct wtl_writer *result)
{
    (void)argument;
    wtl_put_u64(result, 1);
    return WTL_OK;
}

static void ask(struct wtl_ctx *x, const struct state *s)
{
    struct wtl_writer body;
    uint32_t id;
    struct wtl_call_options options = next_ask(x, s, &id);
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, 1 + every_below(100));
    switch (every_below(11)) {
    case 0:
        wtl_message_drop(x, &body);
        every_asks[id].request = wtl_work(x, work, NULL, 0, &options);
        return;
    case 1:
        wtl_message_drop(x, &body);
        every_asks[id].request = wtl_sys_suspend(x, anybody(), &options);
        return;
    case 2:
        wtl_message_drop(x, &body);
        every_asks[id].request = every_once_in(2) ? wtl_sys_resume(x, anybody(), &options)
                                                  : wtl_sys_state(x, anybody(), &options);
        return;
    case 3:
    case 4:
        every_asks[id].request = wtl_sys_replace(x, anybody(), &body, &options);
        return;
    case 5:
        wtl_message_drop(x, &body);
        every_asks[id].request = every_once_in(2)
                                     ? wtl_sys_statistics(x, anybody(), &options)
                                     : wtl_sys_trace(x, anybody(), every_below(5), &options);
        return;
    default: /* of all, this alone may stay unanswered when it has no deadline */
        every_asks[id].for_ever = options.deadline_ms == WTL_CALL_FOREVER;
        every_asks[id].request = wtl_call(x, anybody(), WTL_TAG("ask"), &body, &options);
        return;
    }
}

static void give_up(struct wtl_ctx *x, const struct state *s)
{
    for (uint32_t i = 0; i < every_asks_count; i++) {
        if (every_asks[i].who == s->who && every_asks[i].life == wtl_self(x).local &&
            every_asks[i].answers == 0 && !every_asks[i].given_up && every_once_in(2)) {
            every_asks[i].given_up = wtl_call_cancel(x, every_asks[i].request);
            return;
        }
    }
}

static enum wtl_status all_done(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                                void *context)
{
    struct state *s = self;
    (void)x;
    (void)requests;
    (void)context;
    s->requests = NULL;
    return WTL_OK;
}

static void collect(struct wtl_ctx *x, struct state *s)
{
    if (s->requests != NULL) {
        wtl_requests_cancel(x, s->requests);
        s->requests = NULL;
        return;
    }
    s->requests =
        wtl_requests_create(x, &(struct wtl_requests_options){.deadline_ms = 1 + every_below(100),
                                                              .on_done = all_done});
    for (uint32_t i = every_below(4); i > 0; i--) {
        (void)!wtl_requests_call(x, s->requests, i, anybody(), WTL_TAG("ask"), NULL);
    }
}

/* ---- all that one can do --------------------------------------------------------------------- */

static void reply_to_one(struct wtl_ctx *x)
{
    struct wtl_from *from = &deferred[every_below(DEFERRED)];
    if (from->request != 0) {
        wtl_reply_to(x, *from, NULL);
        *from = (struct wtl_from){.request = 0};
    }
}

static void keep_time(struct wtl_ctx *x, struct state *s)
{
    if (s->timer != 0) {
        (void)wtl_timer_cancel(x, s->timer);
        s->timer = 0;
        return;
    }
    s->timer = every_once_in(2) ? wtl_after(x, every_below(50), WTL_TAG("tick"), NULL)
               : every_once_in(2)
                   ? wtl_every(x, 1 + every_below(20), WTL_TAG("tick"))
                   : wtl_tell_after(x, anybody(), every_below(50), WTL_TAG("tick"), NULL);
}

static void tie(struct wtl_ctx *x, struct state *s)
{
    switch (every_below(5)) {
    case 0:
        wtl_link(x, anybody());
        break;
    case 1:
        wtl_unlink(x, anybody());
        break;
    case 2:
        s->last_ref = wtl_monitor(x, anybody());
        break;
    case 3:
        (void)wtl_demonitor(x, s->last_ref);
        break;
    default:
        wtl_trap_exits(x, every_once_in(2));
        break;
    }
}

static void write_on(struct wtl_ctx *x, struct state *s)
{
    if (s->stopping) {
        return; /* nobody would drop it */
    }
    if (!s->has_draft) {
        s->has_draft = wtl_message_open(x, &s->draft, 16);
        wtl_put_u64(&s->draft, 1);
    } else {
        s->has_draft = false;
        wtl_tell(x, anybody(), WTL_TAG("draft"), &s->draft);
    }
}

static void act(struct wtl_ctx *x, struct state *s)
{
    switch (every_below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        ask(x, s);
        break;
    case 4:
        give_up(x, s);
        break;
    case 5:
        reply_to_one(x);
        break;
    case 6:
        keep_time(x, s);
        break;
    case 7:
        tie(x, s);
        break;
    case 8:
        write_on(x, s);
        break;
    case 9:
        collect(x, s);
        break;
    case 10:
        if (s->kept != NULL) {
            wtl_release(x, s->kept);
            s->kept = NULL;
        }
        break;
    case 11:
        if (every_once_in(6)) {
            wtl_exit(x, anybody(), every_reason());
        }
        break;
    case 12:
        wtl_continue(x, WTL_TAG("next"), NULL);
        break;
    default: {
        struct wtl_pid to = anybody();
        for (uint32_t i = every_below(12); i > 0; i--) {
            kit_send(x, to, WTL_TAG("mail"), i);
        }
        break;
    }
    }
}

/* ---- the behaviour --------------------------------------------------------------------------- */

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    const struct every_settings *given = settings;
    struct state *s = self;
    (void)args;
    s->who = given->who;
    if (!every_is_over && every_once_in(3)) {
        act(x, s);
    }
    if (!every_is_over && every_once_in(8)) {
        (void)wtl_after(x, every_below(20), WTL_TAG("ready"), NULL);
        return WTL_LATER;
    }
    return WTL_OK;
}

static void answer(struct wtl_ctx *x, struct state *s, const struct wtl_msg *m)
{
    switch (every_below(7)) {
    case 0:
        break; /* never */
    case 1:
        deferred[every_below(DEFERRED)] = wtl_defer(x, m);
        break;
    case 2:
        if (s->kept == NULL) {
            s->kept = wtl_keep(x, m);
        }
        break;
    case 3:
        wtl_reply(x, m, NULL);
        wtl_reply_error(x, m, WTL_DENIED, NULL);
        break;
    case 4:
        act(x, s);
        wtl_reply(x, m, NULL);
        break;
    default:
        wtl_replyf(x, m, "%u", 4u);
        break;
    }
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct state *s = self;
    cr_assert(s->block == NULL || *s->block == s->replaced);
    if (wtl_is(m, "done") || wtl_is(m, "ready")) {
        wtl_done(x, WTL_OK);
        return WTL_OK;
    }
    if (every_is_over) {
        if (m->request != 0) {
            wtl_reply(x, m, NULL);
        }
        return WTL_OK;
    }
    if (m->request != 0) {
        answer(x, s, m);
    } else if (wtl_is(m, "act")) {
        act(x, s);
    } else if (every_once_in(8)) {
        act(x, s);
    }
    return maybe();
}

static enum wtl_status exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    (void)x;
    (void)self;
    (void)exit;
    return every_is_over ? WTL_OK : maybe();
}

static enum wtl_status down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    (void)down;
    return WTL_OK;
}

static enum wtl_status stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct state *s = self;
    (void)reason;
    if (s->has_draft) {
        s->has_draft = false;
        wtl_message_drop(x, &s->draft);
    }
    s->stopping = true;
    if (!every_is_over && every_once_in(2)) {
        ask(x, s);
        act(x, s);
        return WTL_LATER;
    }
    return every_once_in(3) ? WTL_INVALID : WTL_OK;
}

static void show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    (void)self;
    wtl_put_u64(out, 1);
}

static enum wtl_status replace(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct state *s = self;
    wtl_free(x, s->block);
    s->replaced = kit_number(m);
    s->block = wtl_alloc(x, sizeof *s->block);
    if (s->block != NULL) {
        *s->block = s->replaced;
    }
    if (!every_is_over && every_once_in(2)) {
        act(x, s);
    }
    return WTL_OK;
}

#define BEHAVIOUR                                                                                  \
    .settings_size = sizeof(struct every_settings), .init = init, .handle = handle,                \
    .exited = exited, .down = down, .stop = stop, .show = show, .replace = replace,                \
    .answers = answers

static WTL_ACTOR(reject, struct state, BEHAVIOUR, .mailbox_max = 6);
static WTL_ACTOR(block, struct state, BEHAVIOUR, .mailbox_max = 4,
                 .mailbox_policy = WTL_MAILBOX_BLOCK);
static WTL_ACTOR(oldest, struct state, BEHAVIOUR, .mailbox_max = 4,
                 .mailbox_policy = WTL_MAILBOX_DROP_OLDEST, .memory_max = 100000);
static WTL_ACTOR(latest, struct state, BEHAVIOUR, .mailbox_max = 4,
                 .mailbox_policy = WTL_MAILBOX_LATEST);
static WTL_ACTOR(capped, struct state, BEHAVIOUR, .mailbox_max = 64, .memory_max = 20000);
const struct wtl_actor *const every_types[EVERY_TYPES] = {&reject, &block, &oldest, &latest,
                                                          &capped};

void every_begin(uint64_t seed)
{
    wtl__prng_init(&every_prng, seed);
    memset(deferred, 0, sizeof deferred);
    every_asks_count = 0;
    every_is_over = false;
}
