/*
 * faulty.c - an actor that faults in whichever way it is told to.
 *
 * `blind` keeps the compiler from seeing that an address is wrong, or that a call never returns.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

struct victim_settings {
    bool in_init;
    bool in_stop;
};

struct victim {
    const struct victim_settings *settings;
    uint64_t handled;
};

static const struct wtl_field victim_fields[] = {
    WTL_FIELD(struct victim_settings, in_init, BOOL, "false", NULL, "Faults in its init."),
    WTL_FIELD(struct victim_settings, in_stop, BOOL, "false", NULL, "Faults in its stop."),
    {0},
};

static void *blind(uintptr_t address)
{
    __asm__ volatile("" : "+r"(address));
    return (void *)address;
}

static int blind_number(int number)
{
    __asm__ volatile("" : "+r"(number));
    return number;
}

static void fault(void)
{
    *(volatile int *)blind(8) = 1;
}

static __attribute__((noinline)) uint64_t recurse(uint64_t depth)
{
    volatile char block[4000];
    block[depth % sizeof block] = (char)depth;
    uint64_t deeper = blind_number(1) != 0 ? recurse(depth + 1) : 0;
    return deeper + (uint64_t)block[depth % sizeof block];
}

static int compare(const void *left, const void *right)
{
    (void)left;
    (void)right;
    fault();
    return 0;
}

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

static enum wtl_status fault_at_work(void *argument, struct wtl_writer *result)
{
    (void)argument;
    (void)result;
    fault();
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

/* Faults that are this module's own. */
static enum wtl_status own_fault(struct wtl_ctx *x, const struct wtl_msg *message)
{
    static const char text[] = "text";
    if (wtl_is(message, "null")) {
        fault();
    } else if (wtl_is(message, "memcpy")) {
        memcpy(blind(8), text, (size_t)blind_number(sizeof text));
    } else if (wtl_is(message, "strlen")) {
        return (enum wtl_status)strlen(blind(8));
    } else if (wtl_is(message, "divide")) {
        return (enum wtl_status)(1000 / blind_number(0));
    } else if (wtl_is(message, "illegal")) {
        __builtin_trap();
    } else if (wtl_is(message, "bus")) {
        bus();
    } else if (wtl_is(message, "recurse")) {
        return (enum wtl_status)recurse(1);
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

/* Functions that do not return. */
static void never_return(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "loop")) {
        while (blind_number(1) != 0) {
        }
    } else if (wtl_is(message, "loop_calls")) { /* half of the time it is not in this module */
        while (wtl_now_ns(x) != 0) {
            for (int i = 0; i < blind_number(100); i++) {
            }
        }
    }
}

/* Faults that nobody can answer for. */
static enum wtl_status foreign_fault(struct wtl_ctx *x, const struct wtl_msg *message)
{
    static const int numbers[] = {2, 1, 3};
    if (wtl_is(message, "runtime")) {
        wtl_log(x, WTL_LOG_INFO, blind(8));
    } else if (wtl_is(message, "libc")) {
        return (enum wtl_status)strtol(blind(8), NULL, 10);
    } else if (wtl_is(message, "callback")) {
        int copy[3];
        memcpy(copy, numbers, sizeof copy);
        qsort(copy, 3, sizeof copy[0], compare);
    } else if (wtl_is(message, "jump")) {
        void (*nowhere)(void) = NULL;
        void *address = blind(16);
        memcpy(&nowhere, &address, sizeof nowhere);
        nowhere();
    } else if (wtl_is(message, "work")) {
        (void)wtl_work(x, fault_at_work, NULL, 0, NULL);
    }
    return WTL_OK;
}

static enum wtl_status victim_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct victim *victim = self;
    (void)x;
    (void)args;
    victim->settings = settings;
    if (victim->settings->in_init) {
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
    never_return(x, message);
    enum wtl_status status = own_fault(x, message);
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
