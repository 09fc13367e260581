/* guide.c - the example of docs/TABLES.md. */
#include "kit.h"

static enum wtl_status on_raised(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)context;
    return answer->status;
}

static enum wtl_status limits_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    static const struct wtl_call_options call = {.on_answer = on_raised};
    struct wtl_reader limit;
    (void)self;
    if (wtl_is(message, "raise")) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 64);
        wtl_putf(&body, "key=%s delta=%d initial=%d", "limit", 1, 10);
        (void)wtl_call_name(x, "config", WTL_TAG("add"), &body, &call);
    } else if (wtl_table_borrow(x, wtl_table_find(x, "config"), WTL_BYTES_STR("limit"), &limit) ==
               WTL_OK) {
        wtl_replyf(x, message, "limit=%jd", (intmax_t)wtl_get_i64(&limit));
    }
    return WTL_OK;
}

static WTL_ACTOR(limits, uint64_t, .handle = limits_handle);

static void raises(struct wtl_test *t)
{
    (void)kit_start(t, "name=config");
    struct wtl_pid pid = wtl_test_spawn(t, &limits);
    wtl_test_tell(t, pid, WTL_TAG("raise"), NULL);
    wtl_test_settle(t);
    (void)wtl_test_call(t, pid, WTL_TAG("limit"), NULL);
    wtl_test_expect_replyf(t, "limit=%d", 11);
}

Test(disk, E02_the_example_of_the_guide)
{
    kit_passes(raises, 5);
}
