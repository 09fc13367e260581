/*
 * clerk.c - see clerk.h. Each version looks whether it may run: on a state of its own, and while it
 * is the one that was decided; whether numbers come in order, and what wtl_continue has put first.
 */
#include "clerk.h"

struct clerk {
    uint64_t version; /* of its state */
    uint64_t number;
    uint64_t last[CLERK_SOURCES];
    uint64_t *sum;  /* of `last`: a block of its own */
    bool continues; /* the next message is that of wtl_continue */
};

struct clerk_office clerk_office;

/* ---- what both versions do ------------------------------------------------------------------ */

static enum wtl_status answered_1(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context);
static enum wtl_status answered_2(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context);
/* The same, and not among the answers that go over: it is waited for. */
static enum wtl_status unlisted_1(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context);
static enum wtl_status unlisted_2(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context);

static void runs(const struct clerk *me, uint64_t version)
{
    TURNS_EXPECT(version == clerk_office.version, "version %lu runs, and %lu was decided",
                 (unsigned long)version, (unsigned long)clerk_office.version);
    TURNS_EXPECT(me->version == version, "version %lu runs on a state of version %lu",
                 (unsigned long)version, (unsigned long)me->version);
    uint64_t sum = 0;
    for (unsigned i = 0; i < CLERK_SOURCES; i++) {
        sum += me->last[i];
    }
    TURNS_EXPECT(*me->sum == sum, "the block is not its state's");
}

static enum wtl_status begin(struct wtl_ctx *x, struct clerk *me, uint64_t version,
                             const struct wtl_msg *args)
{
    me->version = version;
    me->number = scene_number(args);
    me->sum = wtl_alloc(x, sizeof *me->sum);
    *me->sum = 0;
    clerk_office.begun++;
    runs(me, version);
    return WTL_OK;
}

/* A number says from whom it is, and the how-manieth. */
static void number_came(struct clerk *me, const struct wtl_msg *m)
{
    uint64_t source = scene_number(m) >> 32;
    uint64_t number = scene_number(m) & UINT32_MAX;
    TURNS_EXPECT(number == me->last[source] + 1, "number %lu of %lu comes after %lu",
                 (unsigned long)number, (unsigned long)source, (unsigned long)me->last[source]);
    me->last[source] = number;
    ++*me->sum;
    clerk_office.came[me->number]++;
}

static void ask(struct wtl_ctx *x, uint64_t version)
{
    unsigned which = clerk_office.asked++;
    bool listed = turns_draw(4) != 0; /* else a held one may have to answer first */
    wtl_on_answer on_answer = listed         ? (version == 1 ? answered_1 : answered_2)
                              : version == 1 ? unlisted_1
                                             : unlisted_2;
    struct wtl_call_options options = {.deadline_ms = (listed ? 1 : 60) + (uint32_t)turns_draw(3),
                                       .hold = turns_draw(2) == 0,
                                       .on_answer = on_answer,
                                       .context = &which,
                                       .context_size = sizeof which};
    (void)wtl_call(x, clerk_office.clerks[turns_draw(CLERKS_STEADY)], WTL_TAG("question"), NULL,
                   &options);
}

static enum wtl_status handle(struct wtl_ctx *x, struct clerk *me, uint64_t version,
                              const struct wtl_msg *m)
{
    bool ends = wtl_is(m, "end");
    scene_enter(&clerk_office.inside[me->number]);
    runs(me, version);
    TURNS_EXPECT(!me->continues || wtl_is(m, "upgraded"),
                 "a message comes before that of wtl_continue");
    me->continues = false;
    if (wtl_is(m, "n")) {
        number_came(me, m);
    } else if (wtl_is(m, "ask") && me->number < CLERKS_STEADY) {
        ask(x, version);
    } else if (wtl_is(m, "question") && turns_draw(4) != 0) {
        wtl_reply(x, m, NULL);
    }
    scene_leave(&clerk_office.inside[me->number]);
    return ends ? WTL_STOP : WTL_OK;
}

static enum wtl_status answered(const struct clerk *me, uint64_t version)
{
    scene_enter(&clerk_office.inside[me->number]);
    runs(me, version);
    clerk_office.answered++;
    scene_leave(&clerk_office.inside[me->number]);
    return WTL_OK;
}

static enum wtl_status save(struct wtl_ctx *x, const struct clerk *me, struct wtl_writer *out)
{
    scene_enter(&clerk_office.inside[me->number]);
    runs(me, me->version);
    wtl_put_array(out, 1 + CLERK_SOURCES);
    wtl_put_u64(out, me->number);
    for (unsigned i = 0; i < CLERK_SOURCES; i++) {
        wtl_put_u64(out, me->last[i]);
    }
    wtl_free(x, me->sum);
    scene_leave(&clerk_office.inside[me->number]);
    return clerk_office.bad_save && clerk_office.bad == me->number + 1 ? WTL_STORAGE : WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, struct clerk *me, uint64_t version,
                               const struct wtl_saved *saved)
{
    struct wtl_reader reader = wtl_read(&saved->message);
    TURNS_EXPECT(version != clerk_office.version && saved->state_vsn == clerk_office.version,
                 "version %lu makes a state of version %u", (unsigned long)version,
                 saved->state_vsn);
    me->version = version;
    (void)wtl_get_array(&reader);
    me->number = wtl_get_u64(&reader);
    me->sum = wtl_alloc(x, sizeof *me->sum);
    *me->sum = 0;
    scene_enter(&clerk_office.inside[me->number]);
    for (unsigned i = 0; i < CLERK_SOURCES; i++) {
        me->last[i] = wtl_get_u64(&reader);
        *me->sum += me->last[i];
    }
    wtl_continue(x, WTL_TAG("upgraded"), NULL);
    me->continues = true;
    scene_leave(&clerk_office.inside[me->number]);
    return clerk_office.bad == me->number + 1 ? WTL_INVALID : WTL_OK;
}

/* ---- the two versions ----------------------------------------------------------------------- */

#define VERSION(n)                                                                                 \
    static enum wtl_status init_##n(struct wtl_ctx *x, void *self, const void *settings,           \
                                    const struct wtl_msg *args)                                    \
    {                                                                                              \
        (void)settings;                                                                            \
        return begin(x, self, n, args);                                                            \
    }                                                                                              \
    static enum wtl_status handle_##n(struct wtl_ctx *x, void *self, const struct wtl_msg *m)      \
    {                                                                                              \
        return handle(x, self, n, m);                                                              \
    }                                                                                              \
    static enum wtl_status answered_##n(struct wtl_ctx *x, void *self,                             \
                                        const struct wtl_answer *answer, void *context)            \
    {                                                                                              \
        (void)x;                                                                                   \
        (void)answer;                                                                              \
        (void)context;                                                                             \
        return answered(self, n);                                                                  \
    }                                                                                              \
    static enum wtl_status unlisted_##n(struct wtl_ctx *x, void *self,                             \
                                        const struct wtl_answer *answer, void *context)            \
    {                                                                                              \
        (void)x;                                                                                   \
        (void)answer;                                                                              \
        (void)context;                                                                             \
        return answered(self, n);                                                                  \
    }                                                                                              \
    static enum wtl_status save_##n(struct wtl_ctx *x, const void *self, struct wtl_writer *out)   \
    {                                                                                              \
        return save(x, self, out);                                                                 \
    }                                                                                              \
    static enum wtl_status upgrade_##n(struct wtl_ctx *x, void *self, const void *settings,        \
                                       const struct wtl_saved *saved)                              \
    {                                                                                              \
        (void)settings;                                                                            \
        return upgrade(x, self, n, saved);                                                         \
    }                                                                                              \
    static const struct wtl_answerer answers_##n[] = {                                             \
        {.name = "answered", .on_answer = answered_##n}, {0}};                                     \
    WTL_ACTOR(clerk_##n, struct clerk, .state_vsn = n, .init = init_##n, .handle = handle_##n,     \
              .save = save_##n, .upgrade = upgrade_##n, .answers = answers_##n)

VERSION(1);
VERSION(2);
