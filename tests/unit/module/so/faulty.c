/* faulty.c - an actor that faults in whichever way it is told to, in the node. */
#include <sys/mman.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#include "breakage.h"

struct victim {
    const struct victim_settings *settings;
    uint64_t handled;
    struct wtl_writer later[3]; /* messages that it keeps open */
};

static const struct wtl_field victim_fields[] = {
    WTL_FIELD(struct victim_settings, in_init, I64, "0", NULL, "Breaks in its init."),
    WTL_FIELD(struct victim_settings, in_stop, BOOL, "false", NULL, "Faults in its stop."),
    WTL_FIELD(struct victim_settings, word, STR, "", NULL, "Unused here."),
    WTL_FIELD(struct victim_settings, name, STR, "", NULL, "A name that it registers."),
    {0},
};

/* A mapping whose file has no such bytes. */
static void bus(void)
{
    int file = memfd_create("empty", MFD_CLOEXEC);
    volatile char *bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    if (bytes != MAP_FAILED) {
        (void)bytes[0];
    }
}

static bool on_entry(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    (void)x;
    (void)key;
    (void)value;
    (void)context;
    fault();
    return true;
}

/* In the middle of a select over a table. */
static enum wtl_status fault_in_a_select(struct wtl_ctx *x)
{
    struct wtl_table table;
    enum wtl_status status = wtl_table_create(x, NULL, &table);
    for (uint64_t i = 0; status == WTL_OK && i < 20; i++) {
        status = wtl_table_insert(x, table, WTL_BYTES_U64(i), WTL_BYTES_STR("value"));
    }
    return status == WTL_OK ? wtl_table_select(x, table, NULL, NULL, on_entry, NULL) : status;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    fault();
    return WTL_OK;
}

static enum wtl_status nothing(void *argument, struct wtl_writer *result)
{
    (void)argument;
    wtl_put_nil(result);
    return WTL_OK;
}

/* Leaves messages that are not sent: one that has grown, one from the middle of the list. */
static void opened(struct wtl_ctx *x, const struct wtl_msg *message)
{
    static const char text[400];
    struct wtl_writer writers[4];
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        (void)wtl_message_open(x, &writers[i], 16);
        wtl_put_u64(&writers[i], i);
    }
    wtl_put_bin(&writers[0], text, sizeof text);
    wtl_put_bin(&writers[3], text, sizeof text);
    wtl_message_drop(x, &writers[1]);
    wtl_reply(x, message, &writers[2]);
}

/* Opens messages that it does not send yet; one has grown. */
static void open_later(struct wtl_ctx *x, struct victim *victim)
{
    static const char text[400];
    for (size_t i = 0; i < sizeof victim->later / sizeof victim->later[0]; i++) {
        (void)wtl_message_open(x, &victim->later[i], 16);
        wtl_put_u64(&victim->later[i], i);
    }
    wtl_put_bin(&victim->later[0], text, sizeof text);
}

/* One of those grows now, and another one is the answer. */
static void send_one(struct wtl_ctx *x, struct victim *victim, const struct wtl_msg *message)
{
    static const char text[400];
    wtl_put_bin(&victim->later[2], text, sizeof text);
    wtl_reply(x, message, &victim->later[1]);
}

/* Faults that are this module's own. */
static enum wtl_status own_fault(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "strlen")) {
        return (enum wtl_status)strlen(blind(8));
    } else if (wtl_is(message, "bus")) {
        bus();
    } else if (wtl_is(message, "replied")) {
        wtl_replyf(x, message, "%u", 7u);
        fault();
    } else if (wtl_is(message, "kept")) {
        const struct wtl_msg *kept = wtl_keep(x, message);
        fault();
        wtl_release(x, kept);
    } else if (wtl_is(message, "opened")) {
        opened(x, message);
        fault();
    } else if (wtl_is(message, "stage")) {
        x->stage = blind(8); /* as a flow does while it runs one */
        x->api = blind(8);
        fault();
    } else if (wtl_is(message, "select")) {
        return fault_in_a_select(x);
    } else if (wtl_is(message, "answer")) {
        (void)wtl_work(x, nothing, NULL, 0, &(struct wtl_call_options){.on_answer = on_answer});
    }
    return WTL_OK;
}

/* Half of the time it is not in this module. */
static void loop_with_calls(struct wtl_ctx *x)
{
    while (wtl_now_ns(x) != 0) {
        for (int i = 0; i < blind_number(100); i++) {
        }
    }
}

/* Faults of others, whom this module has made fault. */
static enum wtl_status foreign_fault(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "runtime")) {
        wtl_log(x, WTL_LOG_INFO, blind(8));
    } else if (wtl_is(message, "libc")) {
        return (enum wtl_status)strtol(blind(8), NULL, 10);
    }
    return WTL_OK;
}

static enum wtl_status victim_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct victim *victim = self;
    (void)args;
    victim->settings = settings;
    if (victim->settings->name[0] != '\0') {
        wtl_register(x, victim->settings->name, WTL_LOCAL, NULL);
    }
    if (victim->settings->in_init != 0) {
        fault();
    }
    return WTL_OK;
}

static enum wtl_status victim_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct victim *victim = self;
    victim->handled++;
    if (wtl_is(message, "ping")) {
        wtl_replyf(x, message, "%lu", (unsigned long)victim->handled);
        return WTL_OK;
    }
    if (wtl_is(message, "stop")) {
        return WTL_STOP;
    }
    if (wtl_is(message, "open_later")) {
        open_later(x, victim);
    } else if (wtl_is(message, "send_one")) {
        send_one(x, victim, message);
    }
    if (wtl_is(message, "loop_calls")) {
        loop_with_calls(x);
    }
    enum wtl_status status = breakage(x, message);
    status = status == WTL_OK ? own_fault(x, message) : status;
    return status == WTL_OK ? foreign_fault(x, message) : status;
}

static enum wtl_status victim_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct victim *victim = self;
    (void)x;
    (void)reason;
    if (victim->settings->in_stop) {
        fault();
    }
    return WTL_OK;
}

static WTL_ACTOR(victim, struct victim, .fields = victim_fields,
                 .settings_size = sizeof(struct victim_settings), .init = victim_init,
                 .handle = victim_handle, .stop = victim_stop);

WTL_MODULE("faulty", "0.1.0", "Faults on demand.", &victim);
