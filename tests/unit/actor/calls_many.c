/*
 * calls_many.c - many requests at once, as a collection (OTP: gen_server's reqids): the context of
 * each is its label, and each ends once, in whatever order and way.
 */
#include "kit.h"

enum { CALLEES = 6, SEEDS = 50 };

/* What becomes of the call to each of them. */
enum { REPLIES, REFUSES, NEVER, CRASHES, CANCELLED, GONE };

static struct kit kit;
static struct kit_puppet asker;
static struct kit_puppet callees[CALLEES];
static enum wtl_status ends[CALLEES];
static uint32_t answers[CALLEES];
static uint32_t left;
static uint32_t last; /* whose answer came last */

/* ---- the collection, as a module would write it ---------------------------------------------- */

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    uint32_t label;
    (void)x;
    (void)self;
    memcpy(&label, context, sizeof label);
    ends[label] = answer->status;
    answers[label]++;
    left--;
    last = label;
    return WTL_OK;
}

static void ask_all(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    uint64_t requests[CALLEES];
    (void)p;
    (void)cmd;
    for (uint32_t i = 0; i < CALLEES; i++) {
        requests[i] = wtl_call(x, callees[i].pid, WTL_TAG("ask"), NULL,
                               &(struct wtl_call_options){.deadline_ms = 1000,
                                                          .on_answer = on_answer,
                                                          .context = &i,
                                                          .context_size = sizeof i});
        left++;
    }
    cr_assert(wtl_call_cancel(x, requests[CANCELLED]));
    cr_assert_not(wtl_call_cancel(x, requests[CANCELLED]), "it was given up already");
    left--;
}

/* ---- who is asked ---------------------------------------------------------------------------- */

static enum wtl_status answer_later(struct wtl_ctx *x, struct kit_puppet *p,
                                    const struct wtl_msg *m)
{
    static struct wtl_from from;
    (void)p;
    if (m->request != 0) {
        from = wtl_defer(x, m);
        (void)wtl_after(x, 500, WTL_TAG("now"), NULL);
    } else {
        wtl_reply_to(x, from, NULL);
    }
    return WTL_OK;
}

static enum wtl_status refuse(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)p;
    wtl_reply_error(x, m, WTL_DENIED, NULL);
    return WTL_OK;
}

static enum wtl_status crash(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    (void)x;
    (void)p;
    (void)m;
    return WTL_INVALID;
}

static void begin(uint64_t seed)
{
    left = 0;
    memset(answers, 0, sizeof answers);
    asker = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &asker, NULL);
    for (uint32_t i = 0; i < CALLEES; i++) {
        callees[i] = (struct kit_puppet){.message = i == REPLIES   ? answer_later
                                                    : i == REFUSES ? refuse
                                                    : i == CRASHES ? crash
                                                                   : NULL};
        kit_spawn(&kit, &callees[i], NULL);
    }
    kit_settle(&kit);
    kit_stop(&kit, &callees[GONE], WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
}

Test(calls, L13_many_requests_end_once_each_in_any_order)
{
    static const enum wtl_status expected[CALLEES] = {[REPLIES] = WTL_OK,
                                                      [REFUSES] = WTL_DENIED,
                                                      [NEVER] = WTL_TIMEOUT,
                                                      [CRASHES] = WTL_CLOSED,
                                                      [GONE] = WTL_NO_PROCESS};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        begin(seed);
        kit_do(&kit, &asker, (struct kit_cmd){.fn = ask_all});
        kit_settle(&kit);
        cr_assert_eq(left, 2, "one replies late, and one never");
        kit_advance(&kit, 600);
        cr_assert_eq(left, 1);
        cr_assert_eq(last, REPLIES);
        kit_advance(&kit, 600);
        cr_assert_eq(left, 0);
        for (uint32_t i = 0; i < CALLEES; i++) {
            cr_assert_eq(answers[i], i != CANCELLED, "request %u", (unsigned)i);
            cr_assert(i == CANCELLED || ends[i] == expected[i], "request %u: %s", (unsigned)i,
                      wtl_status_word(ends[i]));
        }
        kit_advance(&kit, 10000);
        cr_assert_eq(kit_cell(&kit, asker.pid)->ties.count, 0);
        cr_assert_eq(kit_cell(&kit, callees[NEVER].pid)->ties.count, 0, "it is owed no longer");
        cr_assert_eq(kit_cell(&kit, callees[CANCELLED].pid)->ties.count, 0);
        kit_deinit(&kit);
    }
}
