/* late.c - calls that have reached a process of its own and are over when it is their turn there:
 * the actor works only for those who still wait, as one of the node does. */
#include "process_kit.h"

#include "actor/runtime.h"
#include "base/clock.h"
#include "sched/system.h"

/* Fewer than may be in the process at a time, so that all of them are; and so often that those that
 * were not given back would be more than that. */
enum { CALLS = 20, ROUNDS = 3, DEADLINE_MS = 20, FIRST_NAP_MS = 100, NAP_MAX_MS = 10000 };

/* Has the victim nap, and calls it meanwhile. */
struct hurried {
    struct wtl_from asker;
    uint32_t answered;
    uint32_t too_late; /* of those */
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct hurried *hurried = self;
    struct wtl_writer body;
    (void)context;
    hurried->answered++;
    hurried->too_late += answer->status == WTL_TIMEOUT;
    if (hurried->answered == CALLS) {
        bool all = hurried->too_late == CALLS;
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, all ? wtl_now_ns(x) / WTL__NS_PER_MS : UINT64_MAX);
        wtl_reply_to(x, hurried->asker, &body);
    }
    return WTL_OK;
}

static enum wtl_status hurried_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    const struct wtl_call_options options = {.deadline_ms = DEADLINE_MS, .on_answer = on_answer};
    struct hurried *hurried = self;
    struct wtl_reader reader = wtl_read(message);
    struct wtl_writer body;
    *hurried = (struct hurried){.asker = wtl_defer(x, message)};
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, wtl_get_u64(&reader));
    (void)!wtl_tell_name(x, "victim", WTL_TAG("nap"), &body);
    for (uint32_t i = 0; i < CALLS; i++) {
        (void)wtl_call_name(x, "victim", WTL_TAG("ping"), NULL, &options);
    }
    return WTL_OK;
}

static WTL_ACTOR(hurried_type, struct hurried, .handle = hurried_handle);

/* Calls that were over before the nap was. A machine that is so busy that this is not known gets a
 * longer one. */
static void call_during_a_nap(void)
{
    for (uint64_t nap_ms = FIRST_NAP_MS; nap_ms < NAP_MAX_MS; nap_ms *= 2) {
        uint64_t handled = kit_ask("victim", "ping", 0).number;
        uint64_t expired = wtl__counted(wtl__runtime_of(kit.runtime), WTL__COUNT_EXPIRED);
        uint64_t wakes_ms = wtl__clock_now_ms(wtl__clock_system()) + nap_ms;
        if (kit_ask("hurried", "hurry", wakes_ms).number < wakes_ms) {
            cr_assert_eq(kit_ask("victim", "ping", 0).number, handled + 2,
                         "more than the nap was handled");
            cr_assert_eq(wtl__counted(wtl__runtime_of(kit.runtime), WTL__COUNT_EXPIRED),
                         expired + CALLS);
            return;
        }
    }
    cr_assert(false, "no nap is long enough");
}

Test(late, L13_a_call_that_is_over_is_not_handled_there)
{
    const struct wtl__isolated_config config = {.budget_ms = 2 * NAP_MAX_MS};
    kit_open(2);
    (void)kit_isolate(SO("guest"), &config);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    (void)kit_ask_living("victim", "ping", 0);
    (void)wtl_runtime_spawn(kit.runtime, &hurried_type,
                            &(struct wtl_spawn_options){.name = "hurried"});
    for (unsigned i = 0; i < ROUNDS; i++) {
        call_during_a_nap();
    }
    kit_close();
}
