/* hostile.c - messages to a supervisor that nobody may send. */
#include "kit.h"

#include "actor/supervisor_private.h"

struct forged {
    struct wtl_pid to;
    struct wtl_tag tag;
    const char *bytes;
    size_t size;
    struct answer *answer;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct answer *to = *(struct answer **)context;
    (void)x;
    (void)self;
    to->came = true;
    to->status = answer->status;
    return WTL_OK;
}

static void forge(struct wtl_ctx *x, void *argument)
{
    struct forged *forged = argument;
    struct wtl_writer body;
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &forged->answer, .context_size = sizeof(void *)};
    (void)wtl_message_open(x, &body, forged->size);
    wtl_put_raw(&body, forged->bytes, forged->size);
    (void)wtl_call(x, forged->to, forged->tag, &body, &options);
    (void)wtl_message_open(x, &body, forged->size);
    wtl_put_raw(&body, forged->bytes, forged->size);
    wtl_tell(x, forged->to, forged->tag, &body); /* nor does it answer who has not asked */
}

Test(supervisor, X095_forged_messages_do_nothing)
{
    static char zeros[256];
    static const struct {
        const char *tag;
        const char *bytes;
        size_t size;
        enum wtl_status status;
    } cases[] = {
        {"$sup_add", zeros, sizeof zeros, WTL_BAD_PAYLOAD}, /* pointers, but not native */
        {"$sup_add", NULL, 0, WTL_BAD_PAYLOAD},
        {"$sup_ask", NULL, 0, WTL_BAD_PAYLOAD},
        {"$sup_ask",
         "\x94\x00\xa1"
         "a\x00",
         5, WTL_BAD_PAYLOAD},
        {"$sup_ask",
         "\x94\x09\xa1"
         "a\x00\x00",
         6, WTL_BAD_PAYLOAD},
        {"$sup_ask",
         "\x94\xff\xa1"
         "a\x00\x00",
         6, WTL_BAD_PAYLOAD},
        {"$sup_ask", "\x94\x00\xdb\xff\xff\xff\xff\x00\x00", 9, WTL_BAD_PAYLOAD},
        {"$sup_retry", NULL, 0, WTL_UNSUPPORTED},
        {"$sup_timer", "\x00", 1, WTL_UNSUPPORTED},
        {"$sup_more", NULL, 0, WTL_UNSUPPORTED},
        {"started", NULL, 0, WTL_UNSUPPORTED},
        {"hello", NULL, 0, WTL_UNSUPPORTED},
    };
    EACH_SEED
    {
        struct wtl_child children[] = {CHILD("a")};
        struct wtl_pid top = kit_supervise(&TREE(children));
        for (size_t i = 0; i < WTL_COUNT(cases); i++) {
            struct answer answer = {0};
            struct forged forged = {.to = top,
                                    .tag = wtl_tag_make(cases[i].tag, strlen(cases[i].tag)),
                                    .bytes = cases[i].bytes,
                                    .size = cases[i].size,
                                    .answer = &answer};
            kit_run(forge, &forged);
            kit_settle();
            cr_assert(answer.came);
            cr_assert_eq(answer.status, cases[i].status, "case %zu: %s", i,
                         wtl_status_word(answer.status));
        }
        EXPECT_LIST(top, "a running");
        EXPECT_TRACE("+a");
    }
}

Test(supervisor, X095_actors_of_other_nodes_may_not_change_a_tree)
{
    kit_open(1);
    struct wtl_child children[] = {CHILD("a")};
    struct wtl_pid top = kit_supervise(&TREE(children));
    struct wtl_writer body;
    cr_assert(wtl__message_open(&body, 64));
    wtl_put_raw(&body,
                "\x94\x00\xa1"
                "a\x00\x00",
                6);
    struct wtl__envelope *call = wtl__message_take(&body, WTL__CALL);
    call->msg.tag = WTL__TAG_ASK;
    call->msg.from = (struct wtl_pid){kit.step.runtime.node + 1, 77};
    call->msg.request = 5;
    (void)wtl__deliver(&kit.step.runtime, NULL, top, call);
    kit_settle();
    EXPECT_LIST(top, "a running");
    kit_close();
}
