/*
 * upgrade_race.c - upgrades forth and back, each third of which fails, while many senders send a
 * million messages and actors begin and end, on several workers. Exit code 0: none of the messages
 * was lost, doubled or overtaken by another one.
 */
#include "../sched/program.h"

#include <stdlib.h>

#include "actor/upgrade.h"
#include "base/log.h"
#include "sched/system.h"

enum {
    CLERKS = 8,
    SENDERS = 16,
    EACH = WTL_SANITIZED ? 4000 : 62500, /* messages of a sender */
    BURST = 16,
};

/* ---- two versions ------------------------------------------------------------------------------
 */

struct first {
    uint64_t count;
    uint64_t last[SENDERS];
};

struct second {
    uint64_t last[SENDERS];
    uint64_t *count; /* a block of its own */
};

static _Atomic(uint64_t) ran[2];
static _Atomic(bool) fails;

static void came(uint64_t *count, uint64_t *last, const struct wtl_msg *m)
{
    uint64_t number = program_number(m);
    uint64_t sender = number >> 32;
    number &= UINT32_MAX;
    WTL_ASSERT(number == last[sender] + 1);
    last[sender] = number;
    ++*count;
    program_count();
}

static enum wtl_status first_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct first *first = self;
    (void)x;
    if (wtl_is(m, "end")) {
        return WTL_STOP;
    }
    atomic_fetch_add_explicit(&ran[0], 1, memory_order_relaxed);
    came(&first->count, first->last, m);
    return WTL_OK;
}

static enum wtl_status second_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct second *second = self;
    (void)settings;
    (void)args;
    second->count = wtl_alloc(x, sizeof *second->count);
    *second->count = 0;
    return WTL_OK;
}

static enum wtl_status second_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct second *second = self;
    (void)x;
    if (wtl_is(m, "end")) {
        return WTL_STOP;
    }
    atomic_fetch_add_explicit(&ran[1], 1, memory_order_relaxed);
    came(second->count, second->last, m);
    return WTL_OK;
}

static enum wtl_status put(uint64_t count, const uint64_t *last, struct wtl_writer *out)
{
    wtl_put_array(out, 1 + SENDERS);
    wtl_put_u64(out, count);
    for (int i = 0; i < SENDERS; i++) {
        wtl_put_u64(out, last[i]);
    }
    return WTL_OK;
}

static uint64_t get(uint64_t *last, const struct wtl_saved *saved)
{
    struct wtl_reader reader = wtl_read(&saved->message);
    (void)wtl_get_array(&reader);
    uint64_t count = wtl_get_u64(&reader);
    for (int i = 0; i < SENDERS; i++) {
        last[i] = wtl_get_u64(&reader);
    }
    return count;
}

static enum wtl_status first_save(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct first *first = self;
    (void)x;
    return put(first->count, first->last, out);
}

static enum wtl_status first_upgrade(struct wtl_ctx *x, void *self, const void *settings,
                                     const struct wtl_saved *saved)
{
    struct first *first = self;
    (void)x;
    (void)settings;
    first->count = get(first->last, saved);
    return atomic_load(&fails) && first->count % 3 == 0 ? WTL_INVALID : WTL_OK;
}

static enum wtl_status second_save(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct second *second = self;
    wtl_free(x, second->count);
    return put(*second->count, second->last, out);
}

static enum wtl_status second_upgrade(struct wtl_ctx *x, void *self, const void *settings,
                                      const struct wtl_saved *saved)
{
    struct second *second = self;
    (void)second_init(x, self, settings, NULL);
    *second->count = get(second->last, saved);
    return atomic_load(&fails) && *second->count % 3 == 0 ? WTL_INVALID : WTL_OK;
}

#define CLERK                                                                                      \
    .size = sizeof(struct wtl_actor), .name = "clerk", .mailbox_policy = WTL_MAILBOX_BLOCK,        \
    .mailbox_max = 1024

static const struct wtl_actor first_type = {CLERK,
                                            .state_size = sizeof(struct first),
                                            .state_vsn = 1,
                                            .handle = first_handle,
                                            .save = first_save,
                                            .upgrade = first_upgrade};
static const struct wtl_actor second_type = {CLERK,
                                             .state_size = sizeof(struct second),
                                             .state_vsn = 2,
                                             .init = second_init,
                                             .handle = second_handle,
                                             .save = second_save,
                                             .upgrade = second_upgrade};

/* ---- senders ----------------------------------------------------------------------------------
 */

static struct wtl_pid clerks[CLERKS];

struct sender {
    uint64_t index;
    uint64_t sent;
    uint64_t numbers[CLERKS];
};

static enum wtl_status sender_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct sender *sender = self;
    (void)x;
    (void)settings;
    sender->index = program_number(args);
    return WTL_OK;
}

static enum wtl_status sender_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct sender *sender = self;
    (void)m;
    for (int i = 0; i < BURST && sender->sent < EACH; i++) {
        uint64_t to = (sender->sent + sender->index) % CLERKS;
        uint64_t number = sender->index << 32 | ++sender->numbers[to];
        enum wtl_status status = program_send(x, clerks[to], WTL_TAG("n"), number);
        WTL_ASSERT(status == WTL_OK || status == WTL_BUSY);
        sender->sent++;
    }
    if (sender->sent < EACH) {
        wtl_continue(x, WTL_TAG("go"), NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(sender, struct sender, .init = sender_init, .handle = sender_handle);

/* ---- upgrades ---------------------------------------------------------------------------------
 */

struct order {
    struct wtl__upgrade upgrade;
    struct wtl__version_pair pair;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came_back = PTHREAD_COND_INITIALIZER;
static bool is_done;
static enum wtl_status outcome;

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    (void)x;
    (void)pthread_mutex_lock(&lock);
    is_done = true;
    outcome = upgrade->error.status;
    (void)pthread_cond_signal(&came_back);
    (void)pthread_mutex_unlock(&lock);
}

static void free_order(struct wtl__upgrade *upgrade)
{
    free(WTL_CONTAINER(upgrade, struct order, upgrade));
}

static enum wtl_status upgrade(struct wtl_pid upgrader, bool forth)
{
    struct order *order = calloc(1, sizeof *order);
    WTL_ASSERT(order != NULL);
    order->pair = (struct wtl__version_pair){.from = forth ? &first_type : &second_type,
                                             .to = forth ? &second_type : &first_type};
    order->upgrade.pairs = &order->pair;
    order->upgrade.pairs_count = 1;
    order->upgrade.done = done;
    order->upgrade.free = free_order;
    is_done = false;
    wtl__upgrade_begin(wtl__runtime_of(program_runtime), NULL, upgrader, &order->upgrade);
    (void)pthread_mutex_lock(&lock);
    while (!is_done) {
        (void)pthread_cond_wait(&came_back, &lock);
    }
    (void)pthread_mutex_unlock(&lock);
    return outcome;
}

static void no_sink(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

int main(void)
{
    program_begin(4, false);
    wtl__log_set_sink(wtl__log_process(), no_sink, NULL);
    struct wtl_pid upgrader = wtl__upgrader_spawn(wtl__runtime_of(program_runtime));
    for (int i = 0; i < CLERKS; i++) {
        clerks[i] = program_spawn(&first_type, NULL);
    }
    for (uint64_t i = 0; i < SENDERS; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 16);
        wtl_put_u64(&args, i);
        WTL_ASSERT(program_tell(program_spawn(&sender, &args), WTL_TAG("go"), 0) == WTL_OK);
    }
    uint64_t upgrades = 0;
    uint64_t failed = 0;
    bool forth = true;
    while (atomic_load(&program_counted) < (uint64_t)SENDERS * EACH) {
        struct wtl_pid brief = program_spawn(forth ? &first_type : &second_type, NULL);
        atomic_store(&fails, upgrades % 3 == 2);
        enum wtl_status status = upgrade(upgrader, forth);
        WTL_ASSERT(status == WTL_OK || (status == WTL_INVALID && atomic_load(&fails)));
        WTL_ASSERT(program_tell(brief, WTL_TAG("end"), 0) == WTL_OK);
        forth = status == WTL_OK ? !forth : forth;
        failed += status != WTL_OK;
        upgrades++;
    }
    program_wait((uint64_t)SENDERS * EACH);
    WTL_ASSERT(upgrades >= 3 && failed < upgrades);
    (void)printf("%lu upgrades, %lu failed; version 1 has handled %lu messages, version 2 %lu\n",
                 (unsigned long)upgrades, (unsigned long)failed, (unsigned long)ran[0],
                 (unsigned long)ran[1]);
    program_end("in order");
    return 0;
}
