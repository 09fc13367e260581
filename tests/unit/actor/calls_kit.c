/* calls_kit.c - see calls_kit.h. */
#include "calls_kit.h"

struct kit kit;
struct kit_puppet caller;
struct kit_puppet callee;
struct kit_puppet third;
static struct wtl_actor narrow;
enum mode mode;
static struct wtl_from deferred;

static void reply(struct wtl_ctx *x, const struct wtl_msg *m, uint64_t number)
{
    struct wtl_writer body;
    kit_body(x, &body, number);
    wtl_reply(x, m, &body);
}

static enum wtl_status answer_by_mode(struct wtl_ctx *x, struct kit_puppet *p,
                                      const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    switch (mode) {
    case REPLY:
        reply(x, m, kit_number(m) + 1);
        break;
    case REPLY_TWICE:
        reply(x, m, kit_number(m) + 1);
        reply(x, m, kit_number(m) + 2);
        break;
    case REPLY_ERROR:
        kit_body(x, &body, 77);
        wtl_reply_error(x, m, WTL_DENIED, &body);
        break;
    case DEFER:
        deferred = wtl_defer(x, m);
        break;
    case HAND_ON:
        deferred = wtl_defer(x, m);
        kit_send(x, third.pid, WTL_TAG("yours"), kit_number(m));
        break;
    case STOP:
        wtl_stop(x, CRASH);
        break;
    case NOTHING:
        break;
    }
    return WTL_OK;
}

static enum wtl_status answer_for_it(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *m)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, kit_number(m) + 100);
    wtl_reply_to(x, deferred, &body);
    return WTL_OK;
}

void calls_begin(uint64_t seed, enum mode with)
{
    narrow = kit_type;
    narrow.mailbox_max = 4;
    mode = with;
    caller = (struct kit_puppet){0};
    callee = (struct kit_puppet){.message = answer_by_mode};
    third = (struct kit_puppet){.message = answer_for_it};
    kit_init(&kit, seed);
    kit_spawn(&kit, &caller, NULL);
    kit_spawn(&kit, &callee, &narrow);
    kit_spawn(&kit, &third, NULL);
    kit_settle(&kit);
}

void calls_end(void)
{
    kit_settle(&kit);
    if (kit_lives(&kit, callee.pid)) {
        cr_assert_eq(kit_cell(&kit, callee.pid)->ties.count, 0, "a call is still owed");
    }
    if (kit_lives(&kit, caller.pid)) {
        cr_assert_eq(kit_cell(&kit, caller.pid)->ties.count, 0, "a call is still pending");
    }
    uint32_t events = caller.count;
    kit_advance(&kit, WTL_CALL_DEADLINE_MS); /* what is a spare goes when it comes */
    cr_assert(wtl__wheel_is_empty(&kit.step.wheel), "a deadline is still armed");
    cr_assert_eq(caller.count, events, "and it was more than a spare");
    kit_deinit(&kit);
}

uint64_t request;

static void ask(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 5);
    request = wtl_call(x, cmd->pid, WTL_TAG("ask"), &body,
                       KIT_CALL(p, .deadline_ms = (uint32_t)cmd->number));
}

static void ask_held(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, 5);
    request = wtl_call(x, cmd->pid, WTL_TAG("ask"), &body,
                       KIT_CALL(p, .deadline_ms = (uint32_t)cmd->number, .hold = true));
}

void calls_call(struct wtl_pid to, uint32_t deadline_ms)
{
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask, .pid = to, .number = deadline_ms});
}

const struct kit_event *calls_answered(enum wtl_status status)
{
    const struct kit_event *answer = kit_only(&caller, KIT_ANSWER);
    cr_assert_eq(answer->status, status, "answered %s", wtl_status_word(answer->status));
    cr_assert_eq(answer->request, request);
    return answer;
}

static void reply_now(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    (void)p;
    kit_body(x, &body, cmd->number);
    wtl_reply_to(x, deferred, &body);
}

void calls_call_held(struct wtl_pid to, uint32_t deadline_ms)
{
    kit_do(&kit, &caller, (struct kit_cmd){.fn = ask_held, .pid = to, .number = deadline_ms});
}

void calls_reply(uint64_t number)
{
    kit_do(&kit, &callee, (struct kit_cmd){.fn = reply_now, .number = number});
}
