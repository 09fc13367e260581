/* lives.c - actors of a process from their begin to their end, as others see them, and many
 * messages to and from them. */
#include <signal.h>

#include "module/so/victim.h"
#include "process_kit.h"

static const struct wtl_actor *open_story(const char *name)
{
    kit_open(2);
    (void)kit_isolate(SO("story"), NULL);
    return kit_type_of(name);
}

Test(lives, self_is_the_pid_that_others_know)
{
    (void)kit_supervise("story", open_story("teller"), NULL);
    struct answer answer = kit_ask_living("story", "identity", 0);
    cr_assert_eq(answer.status, WTL_OK);
    cr_assert_eq(answer.number, answer.pid.local);
    kit_close();
}

Test(lives, a_reply_may_come_later)
{
    (void)kit_supervise("story", open_story("teller"), NULL);
    cr_assert_eq(kit_ask_living("story", "later", 0).number, 41);
    kit_close();
}

Test(lives, it_stops_with_its_own_reason_and_stop_function)
{
    (void)kit_supervise("story", open_story("teller"), NULL);
    struct answer before = kit_ask_living("story", "identity", 0);
    struct answer end = kit_ask("story", "end", 0);
    cr_assert_eq(end.status, WTL_CLOSED);
    cr_assert(kit_reason_is(end.reason, "error:told_to"));
    struct answer after = kit_ask_living("story", "identity", 0);
    cr_assert(!wtl_pid_equal(before.pid, after.pid));
    cr_assert(kit_has_logged("the teller stops: error:told_to"));
    kit_close();
    cr_assert(kit_has_logged("the teller stops: shutdown"), "its supervisor has stopped it");
    cr_assert(!kit_has_logged("module_process_died"));
}

Test(lives, settings_arrive_with_their_strings)
{
    static const struct victim_settings settings = {.word = "seventeen letters", .name = ""};
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    (void)kit_supervise("given", kit_type_of("victim"), &settings);
    (void)kit_supervise("defaults", kit_type_of("victim"), NULL);
    cr_assert_eq(kit_ask_living("given", "word", 0).number, 17);
    cr_assert_eq(kit_ask_living("defaults", "word", 0).number, 4);
    kit_close();
}

Test(lives, all_actors_of_a_module_share_one_process)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    (void)kit_supervise("one", kit_type_of("victim"), NULL);
    (void)kit_supervise("two", kit_type_of("victim"), NULL);
    uint64_t one = kit_ask_living("one", "process", 0).number;
    cr_assert_eq(kit_ask_living("two", "process", 0).number, one);
    cr_assert_eq(kill((pid_t)one, SIGKILL), 0);
    uint64_t other = one;
    while (other == one) { /* until its death has come round */
        other = kit_ask_living("one", "process", 0).number;
    }
    cr_assert_eq(kit_ask_living("two", "process", 0).number, other, "both are in the new one");
    kit_close();
}

Test(lives, what_it_prints_is_logged)
{
    kit_open(2);
    (void)kit_isolate(SO("guest"), NULL);
    (void)kit_supervise("victim", kit_type_of("victim"), NULL);
    (void)kit_ask_living("victim", "ping", 0);
    kit_tell("victim", "print", 0);
    while (!kit_has_logged("text=\"and one of errors\"")) {
        (void)kit_ask("victim", "ping", 0);
    }
    cr_assert(kit_has_logged("text=\"a line of output\""));
    kit_close();
}

/* ---- many messages ------------------------------------------------------------------------- */

#define MANY 20000u

/* Sends numbers to the holder of "story" as fast as that lets it. */
struct sender {
    struct wtl_pid to;
    uint64_t next;
};

static enum wtl_status sender_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sender *sender = self;
    (void)message;
    sender->to = wtl_whereis_local(x, "story");
    for (unsigned i = 0; i < 50 && sender->next < MANY; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, sender->next);
        enum wtl_status status = wtl_try_tell(x, sender->to, WTL_TAG("number"), &body);
        cr_assert(status == WTL_OK || status == WTL_BUSY, "%s", wtl_status_word(status));
        sender->next++;
    }
    if (sender->next < MANY) {
        wtl_tell(x, wtl_self(x), WTL_TAG("more"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(sender_type, struct sender, .handle = sender_handle);

/* A blocking mailbox of 64 in front of a process: its bound holds, nothing is lost, the order is
 * kept. */
Test(lives, many_messages_come_in_order)
{
    (void)kit_supervise("story", open_story("counter"), NULL);
    (void)kit_ask_living("story", "count", 0);
    (void)wtl_runtime_spawn(kit.runtime, &sender_type,
                            &(struct wtl_spawn_options){.name = "sender"});
    kit_tell("sender", "go", 0);
    while (kit_ask("story", "count", 0).number < MANY) {
    }
    cr_assert_eq(kit_ask("story", "count", 0).number, MANY);
    kit_close();
}

struct sink {
    uint64_t count;
    uint64_t wrong;
};

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct sink *sink = self;
    struct wtl_reader reader = wtl_read(message);
    if (wtl_is(message, "count")) {
        wtl_replyf(x, message, "%lu", (unsigned long)(sink->wrong > 0 ? 0 : sink->count));
    } else {
        sink->wrong += wtl_get_u64(&reader) != sink->count;
        sink->count++;
    }
    return WTL_OK;
}

static WTL_ACTOR(sink_type, struct sink, .mailbox_max = 8, .mailbox_policy = WTL_MAILBOX_BLOCK,
                 .handle = sink_handle);

/* What a process sends in one go waits for room in a small mailbox, and none of it is lost. */
Test(lives, a_blocking_receiver_holds_the_process_back)
{
    (void)kit_supervise("source", open_story("source"), NULL);
    (void)wtl_runtime_spawn(kit.runtime, &sink_type, &(struct wtl_spawn_options){.name = "sink"});
    (void)kit_ask_living("source", "send", 0);
    cr_assert_eq(kit_ask("source", "send", 5000).status, WTL_OK);
    while (kit_ask("sink", "count", 0).number < 5000) {
    }
    cr_assert_eq(kit_ask("sink", "count", 0).number, 5000);
    kit_close();
}
