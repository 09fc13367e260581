/*
 * clerk.c - a module in several versions, of which CMakeLists.txt makes one for each way in which
 * an upgrade can go: it counts what it is sent, calls others, and says which version it is.
 */
#include <stdatomic.h>
#include <stdio.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#ifndef CLERK_VERSION
#define CLERK_VERSION 1
#endif
#ifndef CLERK_NAME
#define CLERK_NAME "clerk"
#endif
#ifndef CLERK_SUMMARY
#define CLERK_SUMMARY "Counts."
#endif
#ifndef CLERK_MAJOR
#define CLERK_MAJOR WTL_ABI_MAJOR
#endif
#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

struct settings {
    int64_t start;
#if CLERK_VERSION >= 2
    const char *word; /* a new one, with a default */
#endif
};

static const struct wtl_field fields[] = {
#if CLERK_VERSION >= 2
    WTL_FIELD(struct settings, word, STR, "hello", NULL, "What it says."),
#endif
    WTL_FIELD(struct settings, start, I64, "40", NULL, "What it counts from."),
    {0},
};

#if CLERK_VERSION == 1
struct clerk {
    uint64_t count;
    uint64_t gaps;
    uint64_t last;
    uint64_t answers;
#ifdef CLERK_POINTER
    enum wtl_status (*next)(struct wtl_ctx *x, void *self, const struct wtl_msg *message);
#endif
};
#else
struct clerk {
    char word[24];
    uint64_t answers;
    uint64_t last;
    uint64_t *count; /* a block of its own */
    uint64_t gaps;
};
#endif

static uint64_t *count_of(struct clerk *clerk)
{
#if CLERK_VERSION == 1
    return &clerk->count;
#else
    return clerk->count;
#endif
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message);

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    const struct settings *own = settings;
    struct clerk *clerk = self;
    (void)x;
    (void)args;
#if CLERK_VERSION >= 2
    (void)snprintf(clerk->word, sizeof clerk->word, "%s", own->word);
    clerk->count = wtl_alloc(x, sizeof *clerk->count);
    if (clerk->count == NULL) {
        return WTL_NO_MEMORY;
    }
#endif
#ifdef CLERK_POINTER
    clerk->next = handle;
#endif
    *count_of(clerk) = (uint64_t)own->start;
    return WTL_OK;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct clerk *clerk = self;
    (void)x;
    (void)answer;
    (void)context;
    clerk->answers++;
    return WTL_OK;
}

static void reply(struct wtl_ctx *x, const struct wtl_msg *message, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    wtl_reply(x, message, &body);
}

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct clerk *clerk = self;
    struct wtl_reader reader = wtl_read(message);
    if (wtl_is(message, "n")) {
        uint64_t number = wtl_get_u64(&reader);
        clerk->gaps += number != clerk->last + 1;
        clerk->last = number;
        ++*count_of(clerk);
    } else if (wtl_is(message, "version")) {
        reply(x, message, CLERK_VERSION);
    } else if (wtl_is(message, "count")) {
        reply(x, message, *count_of(clerk));
    } else if (wtl_is(message, "add")) {
        reply(x, message, ++*count_of(clerk));
    } else if (wtl_is(message, "gaps")) {
        reply(x, message, clerk->gaps);
    } else if (wtl_is(message, "answers")) {
        reply(x, message, clerk->answers);
    } else if (wtl_is(message, "call")) { /* itself, which replies when it comes to it */
        (void)wtl_call(x, wtl_self(x), WTL_TAG("version"), NULL,
                       &(struct wtl_call_options){.on_answer = on_answer});
        reply(x, message, 1);
    } else if (wtl_is(message, "spin")) { /* until somebody writes there */
        _Atomic(uint32_t) *at = (void *)(uintptr_t)wtl_get_u64(&reader);
        atomic_store(at, 1);
        while (atomic_load(at) == 1) {
        }
    } else if (wtl_is(message, "crash")) {
        return WTL_INVALID;
    } else if (wtl_is(message, "upgraded")) {
        clerk->answers += 1000;
    }
    return WTL_OK;
}

/* ---- what one version says to the other ---------------------------------------------------------
 */

#ifndef CLERK_NO_SAVE
static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct clerk *clerk = self;
    (void)x;
#ifdef CLERK_SAVE_FAULTS
    *(volatile int *)8 = 1;
#endif
#ifdef CLERK_SAVE_LOOPS
    while (*(volatile const uint64_t *)&clerk->gaps == 0) {
    }
#endif
    wtl_putf(saved, "count=%lu gaps=%lu last=%lu answers=%lu",
             (unsigned long)*count_of((struct clerk *)(uintptr_t)clerk), (unsigned long)clerk->gaps,
             (unsigned long)clerk->last, (unsigned long)clerk->answers);
#if CLERK_VERSION >= 2
    wtl_free(x, clerk->count);
#endif
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    struct clerk *clerk = self;
    unsigned long count;
    unsigned long gaps;
    unsigned long last;
    unsigned long answers;
    enum wtl_status status = init(x, self, settings, NULL);
#ifdef CLERK_REFUSES
    return WTL_UNSUPPORTED;
#endif
#ifdef CLERK_UPGRADE_FAULTS
    memset((void *)16, 1, saved->message.size);
#endif
#ifdef CLERK_UPGRADE_LOOPS
    while (*(volatile uint64_t *)&clerk->gaps == 0) {
    }
#endif
    if (status == WTL_OK) {
        status = wtl_getf(&saved->message, "count=%lu gaps=%lu last=%lu answers=%lu", &count, &gaps,
                          &last, &answers);
    }
    if (status == WTL_OK) {
        *count_of(clerk) = count;
        clerk->gaps = gaps;
        clerk->last = last;
        clerk->answers = answers;
        wtl_continue(x, WTL_TAG("upgraded"), NULL);
    }
    return status;
}
#endif

#ifndef CLERK_NO_ANSWERS
static const struct wtl_answerer answers[] = {WTL_ANSWERER(on_answer), {0}};
#endif

static WTL_ACTOR(clerk, struct clerk, .summary = "counts", .fields = fields,
                 .settings_size = sizeof(struct settings), .init = init, .handle = handle,
#ifndef CLERK_NO_SAVE
                 .save = save, .upgrade = upgrade,
#endif
#ifndef CLERK_NO_ANSWERS
                 .answers = answers,
#endif
#ifdef CLERK_SAME_VSN
                 .state_vsn = 1
#else
                 .state_vsn = CLERK_VERSION > 1 ? 2 : 1
#endif
);
#ifndef CLERK_LACKS
static WTL_ACTOR(idle, char, .summary = "does nothing");
#endif

static const struct wtl_actor *const actors[] = {&clerk
#ifndef CLERK_LACKS
                                                 ,
                                                 &idle
#endif
};
static const struct wtl_module module = {
    .magic = WTL_MODULE_MAGIC,
    .size = sizeof(struct wtl_module),
    .abi_major = CLERK_MAJOR,
    .abi_minor = WTL_ABI_MINOR,
    .pointer_size = sizeof(void *),
    .name = CLERK_NAME,
    .version = TEXT(CLERK_VERSION) ".0.0",
    .summary = CLERK_SUMMARY,
    .compiler = __VERSION__,
    .actors = actors,
    .actors_count = sizeof actors / sizeof actors[0],
};

__attribute__((visibility("default"))) const struct wtl_module *wtl_module_entry(void);
const struct wtl_module *wtl_module_entry(void)
{
    return &module;
}
