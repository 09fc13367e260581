/* talkers.c - see talkers.h. */
#include "talkers.h"

#include <stdarg.h>
#include <stdio.h>

#include <wattle/wattle.h>

#define SENDERS_MAX  4096u
#define MONITORS_MAX 256u

struct checks checks;

void violation(const char *format, ...)
{
    va_list args;
    checks.violations++;
    va_start(args, format);
    (void)vsnprintf(checks.text, sizeof checks.text, format, args);
    va_end(args);
}

void talker_name(const char *node, char name_out[WTL_NAME_MAX + 1])
{
    (void)snprintf(name_out, WTL_NAME_MAX + 1, "talker.%.50s", node);
}

struct sender {
    struct wtl_pid pid;
    uint64_t last;
};

struct talker {
    char name[WTL_NAME_MAX + 1];
    bool named;
    uint64_t number;
    struct sender senders[SENDERS_MAX]; /* the last number of each that was heard */
    uint32_t senders_count;
    uint64_t monitors[MONITORS_MAX]; /* refs without their down yet */
    uint32_t monitors_count;
};

struct asked {
    uint64_t kind; /* 1 call, 2 whereis, 3 register */
};

static void ask_register(struct wtl_ctx *x, struct talker *talker);

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct talker *talker = self;
    const struct asked *asked = context;
    checks.answers++;
    if (asked->kind == 3) {
        if (answer->status == WTL_OK) {
            talker->named = true;
            checks.registered++;
        } else {
            checks.taken++;
            (void)wtl_after(x, 1000, WTL_TAG("again"), NULL);
        }
        return WTL_OK;
    }
    if (asked->kind == 1 || answer->status != WTL_OK || wtl_pid_equal(answer->pid, wtl_self(x))) {
        return WTL_OK;
    }
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, ++talker->number);
    wtl_tell(x, answer->pid, WTL_TAG("number"), &body);
    checks.sent++;
    uint64_t dice = wtl_random(x) % 4;
    if (dice == 0) {
        struct asked call = {.kind = 1};
        struct wtl_call_options options = {.on_answer = on_answer,
                                           .context = &call,
                                           .context_size = sizeof call,
                                           .deadline_ms = 3000};
        checks.calls++;
        (void)wtl_call(x, answer->pid, WTL_TAG("ask"), NULL, &options);
    } else if (dice == 1 && talker->monitors_count < MONITORS_MAX) {
        talker->monitors[talker->monitors_count++] = wtl_monitor(x, answer->pid);
    } else if (dice == 2 && talker->monitors_count > 0 && wtl_random(x) % 4 == 0) {
        if (!wtl_demonitor(x, talker->monitors[--talker->monitors_count])) {
            violation("a monitor without its down was unknown to demonitor");
        }
    }
    return WTL_OK;
}

static void ask_register(struct wtl_ctx *x, struct talker *talker)
{
    struct asked asked = {.kind = 3};
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &asked, .context_size = sizeof asked};
    checks.calls++;
    wtl_register(x, talker->name, WTL_GLOBAL, &options);
}

static enum wtl_status talker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct talker *talker = self;
    struct wtl_reader reader = wtl_read(args);
    size_t size = 0;
    const char *name = wtl_get_str(&reader, &size);
    (void)settings;
    if (reader.failed || size > WTL_NAME_MAX) {
        return WTL_INVALID;
    }
    memcpy(talker->name, name, size);
    ask_register(x, talker);
    (void)wtl_every(x, 50 + wtl_random(x) % 200, WTL_TAG("tick"));
    return WTL_OK;
}

static void hear(struct talker *talker, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    uint64_t number = wtl_get_u64(&reader);
    checks.heard++;
    for (uint32_t i = 0; i < talker->senders_count; i++) {
        struct sender *sender = &talker->senders[i];
        if (wtl_pid_equal(sender->pid, message->from)) {
            if (number <= sender->last) {
                violation("message %lu of a sender came after its %lu", (unsigned long)number,
                          (unsigned long)sender->last);
            }
            sender->last = number;
            return;
        }
    }
    if (talker->senders_count < SENDERS_MAX) {
        talker->senders[talker->senders_count++] =
            (struct sender){.pid = message->from, .last = number};
    }
}

static enum wtl_status talker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct talker *talker = self;
    if (wtl_is(message, "number")) {
        hear(talker, message);
    } else if (wtl_is(message, "ask")) {
        wtl_reply(x, message, NULL);
    } else if (wtl_is(message, "again")) {
        ask_register(x, talker);
    } else if (wtl_is(message, "tick")) {
        static const char *const others[] = {"talker.cloud-1",  "talker.edge-1",
                                             "talker.edge-2",   "talker.device-1",
                                             "talker.device-2", "talker.cloud-2"};
        struct asked asked = {.kind = 2};
        struct wtl_call_options options = {
            .on_answer = on_answer, .context = &asked, .context_size = sizeof asked};
        checks.calls++;
        wtl_whereis(x, others[wtl_random(x) % WTL_COUNT(others)], &options);
    }
    return WTL_OK;
}

static enum wtl_status talker_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct talker *talker = self;
    (void)x;
    checks.downs++;
    for (uint32_t i = 0; i < talker->monitors_count; i++) {
        if (talker->monitors[i] == down->ref) {
            talker->monitors[i] = talker->monitors[--talker->monitors_count];
            return WTL_OK;
        }
    }
    violation("a down for a monitor that had one, or was ended");
    return WTL_OK;
}

static const struct wtl_actor talker = {.size = sizeof talker,
                                        .name = "talker",
                                        .state_size = sizeof(struct talker),
                                        .init = talker_init,
                                        .handle = talker_handle,
                                        .down = talker_down};

void talker_boot(struct sim_node *node)
{
    struct wtl_writer args;
    char name[WTL_NAME_MAX + 1];
    talker_name(node->name, name);
    (void)wtl__message_open(&args, 64);
    wtl_put_strz(&args, name);
    struct wtl_spawn_options options = {.args = &args};
    (void)wtl__spawn(&node->step.runtime, NULL, &talker, &options, 0);
}
