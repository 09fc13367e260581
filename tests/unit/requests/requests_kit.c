/* requests_kit.c - see requests_kit.h. */
#include "requests_kit.h"

struct kit kit;
struct kit_puppet asker;
struct kit_puppet callees[CALLEES];
struct gathered gathered;
static struct wtl_from owed;

/* ---- who asks ------------------------------------------------------------------------------- */

static struct gathered *from_context(const void *context)
{
    struct gathered *own;
    memcpy(&own, context, sizeof own);
    return own;
}

static enum wtl_status on_each(struct wtl_ctx *x, void *self, uint64_t label,
                               const struct wtl_answer *answer, void *context)
{
    struct gathered *own = from_context(context);
    (void)self;
    cr_assert_lt(own->answers, LABELS_MAX);
    cr_assert_eq(own->dones, 0, "an answer behind the end");
    own->labels[own->answers++] = label;
    own->ends[label] = answer->status;
    own->numbers[label] = kit_number(&answer->message);
    if (own->on_answer != NULL) {
        own->on_answer(x, own);
    }
    if (own->enough != 0 && own->answers == own->enough) {
        wtl_requests_cancel(x, own->requests);
        wtl_requests_cancel(x, own->requests); /* until this returns it may still be named */
        own->requests = NULL;
    }
    return WTL_OK;
}

static enum wtl_status on_all(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                              void *context)
{
    struct gathered *own = from_context(context);
    (void)self;
    own->dones++;
    for (const struct wtl_request *one = requests; one != NULL; one = one->next) {
        own->count++;
        cr_assert((one->answer.message.size == 0) == (one->answer.message.bytes == NULL));
        if (one->label < LABELS_MAX) {
            own->ends[one->label] = one->answer.status;
            if (one->answer.message.size > 0) {
                own->numbers[one->label] = kit_number(&one->answer.message);
            }
        }
        if (one->answer.status == WTL_TIMEOUT) {
            own->missing++;
            own->missing_label = one->label;
        }
    }
    cr_assert_eq(wtl_requests_call(x, own->requests, 0, callees[REPLIES].pid, WTL_TAG("ask"), NULL),
                 WTL_CLOSED, "nothing is asked while it ends");
    wtl_requests_cancel(x, own->requests);
    own->requests = NULL;
    return WTL_OK;
}

void gather(struct wtl_ctx *x, uint32_t deadline_ms, bool each)
{
    const struct gathered *context = &gathered;
    gathered.requests =
        wtl_requests_create(x, &(struct wtl_requests_options){.deadline_ms = deadline_ms,
                                                              .on_answer = each ? on_each : NULL,
                                                              .on_done = on_all,
                                                              .context = &context,
                                                              .context_size = sizeof context});
    cr_assert_not_null(gathered.requests);
}

void gather_from(struct wtl_ctx *x, uint32_t callee)
{
    struct wtl_writer body;
    kit_body(x, &body, callee);
    cr_assert_eq(
        wtl_requests_call(x, gathered.requests, callee, callees[callee].pid, WTL_TAG("ask"), &body),
        WTL_OK);
}

void gather_do(kit_fn fn)
{
    kit_do(&kit, &asker, (struct kit_cmd){.fn = fn});
}

/* ---- who is asked ---------------------------------------------------------------------------- */

static enum wtl_status reply(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, kit_number(m) + 100);
    wtl_reply(x, m, &body);
    return WTL_OK;
}

static enum wtl_status reply_later(struct wtl_ctx *x, struct kit_puppet *p, const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    if (m->request != 0) {
        owed = wtl_defer(x, m);
        (void)wtl_after(x, LATER_MS, WTL_TAG("now"), NULL);
    } else {
        kit_body(x, &body, LATER + 100);
        wtl_reply_to(x, owed, &body);
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

void gather_begin(uint64_t seed)
{
    static enum wtl_status (*const hooks[CALLEES])(struct wtl_ctx * x, struct kit_puppet * p,
                                                   const struct wtl_msg *m) = {
        [REPLIES] = reply, [LATER] = reply_later, [REFUSES] = refuse, [CRASHES] = crash};
    gathered = (struct gathered){0};
    asker = (struct kit_puppet){0};
    kit_init(&kit, seed);
    kit_spawn(&kit, &asker, NULL);
    for (uint32_t i = 0; i < CALLEES; i++) {
        callees[i] = (struct kit_puppet){.message = hooks[i]};
        kit_spawn(&kit, &callees[i], NULL);
    }
    kit_settle(&kit);
    kit_stop(&kit, &callees[GONE], WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_settle(&kit);
}

void gather_end(void)
{
    kit_advance(&kit, 10000);
    for (uint32_t i = 0; i < CALLEES; i++) {
        if (kit_lives(&kit, callees[i].pid)) {
            cr_assert_eq(kit_cell(&kit, callees[i].pid)->ties.count, 0, "%u owes a call", i);
        }
    }
    if (kit_lives(&kit, asker.pid)) {
        cr_assert_eq(kit_cell(&kit, asker.pid)->ties.count, 0, "a call is still pending");
        cr_assert_null(kit_cell(&kit, asker.pid)->memory, "the collection is still there");
    }
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel), "a deadline is still armed");
    kit_deinit(&kit);
}
