/*
 * story.c - an actor that goes through the table call by call and writes down what happens to it.
 * Each tag is a story; "report" tells what was written since. The stories are the same wherever the
 * module runs, which is what they are for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#define LOG_MAX 480u

struct teller {
    size_t used;
    char log[LOG_MAX];
    struct wtl_pid other;
    uint64_t ref;
    uint64_t timer;
    unsigned ticks;
    int fd;
    struct wtl_from deferred;
    const struct wtl_msg *kept;
};

static __attribute__((format(printf, 2, 3))) void note(struct teller *teller, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t left = LOG_MAX - teller->used;
    int size = vsnprintf(teller->log + teller->used, left, format, arguments);
    va_end(arguments);
    teller->used += size > 0 && (size_t)size < left ? (size_t)size : 0;
    if (teller->used + 1 < LOG_MAX) {
        teller->log[teller->used++] = ' ';
    }
}

static unsigned long number_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_peek(&reader) == WTL_PACK_INT ? (unsigned long)wtl_get_u64(&reader) : 0;
}

static void put_number(struct wtl_ctx *x, struct wtl_writer *body, uint64_t number)
{
    (void)wtl_message_open(x, body, 16);
    wtl_put_u64(body, number);
}

static void tell_number(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    struct wtl_writer body;
    put_number(x, &body, number);
    wtl_tell(x, to, tag, &body);
}

/* ---- the other one ------------------------------------------------------------------------- */

/* A mortal doubles numbers, and ends when and how it is told to. */
static enum wtl_status mortal_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    (void)x;
    (void)settings;
    *(uint64_t *)self = number_of(args);
    return *(uint64_t *)self == 99 ? WTL_STORAGE : WTL_OK;
}

/* More than its cap allows. */
static void eat(struct wtl_ctx *x)
{
    void *first = wtl_alloc(x, 40000);
    void *second = first != NULL ? wtl_alloc(x, 40000) : NULL;
    wtl_tell(x, wtl_parent(x), second == NULL ? WTL_TAG("came") : WTL_TAG("tick"), NULL);
}

static enum wtl_status mortal_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_writer body;
    if (wtl_is(message, "double")) {
        put_number(x, &body, 2 * number_of(message) + *(uint64_t *)self);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "refuse")) {
        wtl_reply_error(x, message, WTL_DENIED, NULL);
    } else if (wtl_is(message, "back")) {
        tell_number(x, message->from, WTL_TAG("came"), number_of(message));
    } else if (wtl_is(message, "eat")) {
        eat(x);
    } else if (wtl_is(message, "end")) {
        return WTL_STOP;
    } else if (wtl_is(message, "fail")) {
        return WTL_TIMEOUT;
    }
    return WTL_OK;
}

static WTL_ACTOR(mortal, uint64_t, .memory_max = 65536, .init = mortal_init,
                 .handle = mortal_handle);

static struct wtl_pid bear(struct wtl_ctx *x, struct teller *teller, uint64_t number, bool link)
{
    struct wtl_writer args;
    put_number(x, &args, number);
    teller->other = wtl_spawn(x, &mortal,
                              &(struct wtl_spawn_options){.args = &args,
                                                          .link = link,
                                                          .monitor = !link,
                                                          .ack = !link && number != 0,
                                                          .ref_out = &teller->ref});
    return teller->other;
}

/* ---- the stories --------------------------------------------------------------------------- */

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct teller *teller = self;
    char reason[40] = "";
    unsigned which;
    (void)x;
    memcpy(&which, context, sizeof which);
    if (answer->status == WTL_CLOSED) {
        (void)wtl_reason_text(answer->reason, reason);
    }
    note(teller, "a%u:%s%s=%lu", which, wtl_status_word(answer->status), reason,
         number_of(&answer->message));
    return WTL_OK;
}

static struct wtl_call_options *answered(struct wtl_call_options *options, unsigned *which)
{
    options->on_answer = on_answer;
    options->context = which;
    options->context_size = sizeof *which;
    return options;
}

static void tell_of_calls(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    struct wtl_writer body;
    unsigned which = 1;
    struct wtl_pid other = bear(x, teller, 1, false);
    put_number(x, &body, 20);
    (void)wtl_call(x, other, WTL_TAG("double"), &body, answered(&options, &which));
    which = 2;
    (void)wtl_call(x, other, WTL_TAG("refuse"), NULL, answered(&options, &which));
    which = 3;
    options.deadline_ms = 20;
    (void)wtl_call(x, other, WTL_TAG("silence"), NULL, answered(&options, &which));
    which = 4;
    options.deadline_ms = 0;
    (void)wtl_call_name(x, "no.such.name", WTL_TAG("double"), NULL, answered(&options, &which));
    which = 5;
    uint64_t request = wtl_call(x, other, WTL_TAG("silence"), NULL, answered(&options, &which));
    note(teller, "c%d", wtl_call_cancel(x, request));
    note(teller, "c%d", wtl_call_cancel(x, request));
}

static enum wtl_status on_done(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                               void *context)
{
    (void)x;
    (void)context;
    for (const struct wtl_request *one = requests; one != NULL; one = one->next) {
        note(self, "g%lu:%s=%lu", (unsigned long)one->label, wtl_status_word(one->answer.status),
             number_of(&one->answer.message));
    }
    return WTL_OK;
}

/* Several requests as one collection; another one is given up. */
static void tell_of_gathering(struct wtl_ctx *x, struct teller *teller)
{
    const struct wtl_requests_options options = {.deadline_ms = 40, .on_done = on_done};
    static const char *const tags[] = {"double", "refuse", "silence"};
    struct wtl_writer body;
    struct wtl_pid other = bear(x, teller, 0, false);
    struct wtl_requests *all = wtl_requests_create(x, &options);
    struct wtl_requests *none = wtl_requests_create(x, &options);
    for (unsigned i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        put_number(x, &body, 20);
        (void)!wtl_requests_call(x, all, i, other, wtl_tag_make(tags[i], strlen(tags[i])), &body);
    }
    (void)!wtl_requests_call_name(x, all, 3, "no.such.name", WTL_TAG("double"), NULL);
    (void)!wtl_requests_call(x, none, 4, other, WTL_TAG("silence"), NULL);
    wtl_requests_cancel(x, none);
}

/* Nothing is handled before the answer that is held for. */
static void tell_of_holding(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {.hold = true};
    struct wtl_writer body;
    unsigned which = 1;
    struct wtl_pid other = bear(x, teller, 0, false);
    tell_number(x, wtl_self(x), WTL_TAG("came"), 7);
    put_number(x, &body, 4);
    (void)wtl_call(x, other, WTL_TAG("double"), &body, answered(&options, &which));
}

static void tell_of_time(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_writer body;
    put_number(x, &body, 3);
    note(teller, "%d", wtl_after(x, 30, WTL_TAG("came"), &body) != 0);
    teller->ticks = 0;
    teller->timer = wtl_every(x, 2, WTL_TAG("tick"));
    uint64_t never = wtl_after(x, 60000, WTL_TAG("came"), NULL);
    int64_t left = wtl_timer_cancel(x, never);
    note(teller, "%d", left > 59000 && left <= 60001);
    note(teller, "%d", (int)wtl_timer_cancel(x, never));
    put_number(x, &body, 1);
    wtl_tell(x, wtl_self(x), WTL_TAG("came"), &body);
    put_number(x, &body, 2);
    wtl_continue(x, WTL_TAG("came"), &body);
}

static void tell_of_watching(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_pid other = bear(x, teller, 5, false);
    uint64_t second = wtl_monitor(x, other);
    uint64_t third = wtl_monitor(x, other);
    note(teller, "%d", wtl_demonitor(x, third));
    note(teller, "%d", wtl_demonitor(x, third));
    wtl_tell(x, other, WTL_TAG("fail"), NULL);
    teller->timer = second;
    struct wtl_pid nobody = {.node = other.node, .local = other.local + (UINT64_C(77) << 26)};
    (void)wtl_monitor(x, nobody);
}

static void tell_of_links(struct wtl_ctx *x, struct teller *teller)
{
    wtl_trap_exits(x, true);
    struct wtl_pid first = bear(x, teller, 0, true);
    wtl_tell(x, first, WTL_TAG("end"), NULL);
    struct wtl_pid second = bear(x, teller, 0, true);
    wtl_unlink(x, second);
    wtl_tell(x, second, WTL_TAG("fail"), NULL);
    struct wtl_pid third = bear(x, teller, 0, true);
    wtl_unlink(x, third);
    wtl_link(x, third);
    wtl_exit(x, third, WTL_REASON(WTL_EXIT_KILL, "kill"));
}

/* A child that cannot be started, and one whose name is taken. */
static void tell_of_births(struct wtl_ctx *x, struct teller *teller)
{
    (void)bear(x, teller, 99, false);
    (void)wtl_spawn(x, &mortal, &(struct wtl_spawn_options){.name = "story", .monitor = true});
    struct wtl_pid many[200];
    unsigned different = 0;
    for (unsigned i = 0; i < 200; i++) {
        many[i] = wtl_spawn(x, &mortal, NULL);
        different += !wtl_pid_is_none(many[i]) && (i == 0 || !wtl_pid_equal(many[i], many[i - 1]));
    }
    note(teller, "%u", different);
    for (unsigned i = 0; i < 200; i++) {
        if (i == 0 || i == 199) {
            tell_number(x, many[i], WTL_TAG("back"), i);
        }
        wtl_tell(x, many[i], WTL_TAG("end"), NULL);
    }
}

static void tell_of_names(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    unsigned which = 1;
    wtl_register(x, "story.two", WTL_LOCAL, answered(&options, &which));
    which = 2;
    wtl_register(x, "story", WTL_LOCAL, answered(&options, &which));
    which = 3;
    wtl_whereis(x, "story", answered(&options, &which));
    note(teller, "%d", wtl_pid_equal(wtl_whereis_local(x, "story"), wtl_self(x)));
    note(teller, "%d", wtl_pid_is_none(wtl_whereis_local(x, "nobody.is.this")));
    wtl_unregister(x, "story.two", WTL_LOCAL);
    which = 4;
    wtl_whereis(x, "story.two", answered(&options, &which));
}

static enum wtl_status work(void *argument, struct wtl_writer *result)
{
    unsigned number;
    memcpy(&number, argument, sizeof number);
    wtl_put_u64(result, number + 1);
    return number == 6 ? WTL_OK : WTL_STORAGE;
}

static void tell_of_work(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    unsigned which = 1;
    unsigned number = 6;
    (void)teller;
    (void)wtl_work(x, work, &number, sizeof number, answered(&options, &which));
    which = 2;
    number = 8;
    (void)wtl_work(x, work, &number, sizeof number, answered(&options, &which));
}

static void tell_of_memory(struct wtl_ctx *x, struct teller *teller)
{
    void *first = wtl_alloc(x, 40000);
    note(teller, "%d", first != NULL);
    wtl_free(x, first);
    void *second = wtl_alloc(x, 40000); /* both would be over the cap */
    note(teller, "%d", second != NULL);
    wtl_free(x, second);
    struct wtl_writer body;
    note(teller, "%d", wtl_message_open(x, &body, (size_t)WTL_BODY_MAX + 1));
    note(teller, "%s", wtl_status_word(wtl_try_tell(x, wtl_self(x), WTL_TAG("came"), &body)));
}

/* Who is over its cap is killed, when its function has returned. */
static void tell_of_hunger(struct wtl_ctx *x, struct teller *teller)
{
    wtl_tell(x, bear(x, teller, 0, false), WTL_TAG("eat"), NULL);
}

/* Whoever has the name is watched, or nobody. */
static void tell_of_known(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_pid other = wtl_spawn(x, &mortal, &(struct wtl_spawn_options){.name = "known"});
    teller->ref = wtl_monitor_name(x, "known");
    uint64_t second = wtl_monitor_name(x, "known");
    note(teller, "%d", wtl_demonitor(x, second));
    teller->timer = wtl_monitor_name(x, "not.known");
    (void)wtl_monitor_name(x, "");
    wtl_tell(x, other, WTL_TAG("fail"), NULL);
}

/* A tree of supervisors, one of them a pool, with actors of this module in it. */
static void tell_of_trees(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    unsigned which = 1;
    const struct wtl_child any = {.type = &mortal};
    const struct wtl_tree pool = {
        .strategy = WTL_SIMPLE_ONE_FOR_ONE, .children = &any, .children_count = 1};
    const struct wtl_child children[] = {
        {.id = "one", .name = "tree.one", .type = &mortal},
        {.id = "pool", .name = "tree.pool", .tree = &pool},
    };
    const struct wtl_tree tree = {.children = children, .children_count = 2};
    struct wtl_pid top = wtl_supervise(
        x, &tree,
        &(struct wtl_spawn_options){.monitor = true, .ack = true, .ref_out = &teller->ref});
    const struct wtl_child third = {.id = "three", .name = "tree.three", .type = &mortal};
    (void)wtl_supervisor_add(x, top, &third, answered(&options, &which));
    which = 2; /* an id that is taken */
    (void)wtl_supervisor_add(x, top, &third, answered(&options, &which));
    which = 3;
    (void)wtl_supervisor_ask(x, top, WTL_CHILD_TERMINATE, "one", WTL_PID_NONE,
                             answered(&options, &which));
    teller->other = top;
}

/* The tree is up: its pool takes children, and its end is told. */
static void go_on_in_trees(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    struct wtl_writer body;
    unsigned which = 4;
    (void)wtl_supervisor_add(x, wtl_whereis_local(x, "tree.pool"), NULL,
                             answered(&options, &which));
    which = 5;
    put_number(x, &body, 2);
    (void)wtl_call_name(x, "tree.three", WTL_TAG("double"), &body, answered(&options, &which));
    note(teller, "%d", wtl_pid_is_none(wtl_whereis_local(x, "tree.one")));
}

static void end_of_trees(struct wtl_ctx *x, struct teller *teller)
{
    wtl_exit(x, teller->other, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
}

static bool next_task(struct wtl_ctx *x, void *self, uint64_t index, struct wtl_writer *input,
                      void *context)
{
    (void)x;
    (void)self;
    (void)context;
    wtl_put_u64(input, index);
    return index < 4;
}

static enum wtl_status task_done(struct wtl_ctx *x, void *self, uint64_t index,
                                 const struct wtl_answer *answer, void *context)
{
    (void)x;
    (void)context;
    note(self, "%lu:%s=%lu", (unsigned long)index, wtl_status_word(answer->status),
         number_of(&answer->message));
    return WTL_OK;
}

static enum wtl_status tasks_done(struct wtl_ctx *x, void *self, uint64_t count, void *context)
{
    (void)x;
    (void)context;
    note(self, "all:%lu", (unsigned long)count);
    return WTL_OK;
}

static void tell_of_tasks(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_pid pool = wtl_tasks_run(x, &(struct wtl_tasks){.type = &mortal,
                                                               .tag = WTL_TAG("double"),
                                                               .at_once = 2,
                                                               .next = next_task,
                                                               .result = task_done,
                                                               .done = tasks_done});
    note(teller, "%d", !wtl_pid_is_none(pool));
}

static void tell_of_tables(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_table table;
    note(teller, "%s", wtl_status_word(wtl_table_create(x, NULL, &table)));
    note(teller, "%s",
         wtl_status_word(wtl_table_insert(x, table, WTL_BYTES_STR("key"), WTL_BYTES_U64(1))));
}

/* It stays ready until it is unwatched. */
static void tell_of_readiness(struct wtl_ctx *x, struct teller *teller)
{
    teller->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    note(teller, "%s", wtl_status_word(wtl_fd_watch(x, teller->fd, WTL_FD_READ)));
    note(teller, "%s", wtl_status_word(wtl_fd_watch(x, teller->fd, WTL_FD_READ)));
}

static void keep(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message)
{
    if (teller->kept == NULL) {
        teller->kept = wtl_keep(x, message);
        note(teller, "k%d", teller->kept == message);
        tell_number(x, wtl_self(x), WTL_TAG("keep"), 0);
    } else {
        note(teller, "%lu", number_of(teller->kept));
        (void)!wtl_forward(x, wtl_self(x), WTL_TAG("came"), teller->kept);
        wtl_release(x, teller->kept);
        teller->kept = NULL;
    }
}

static bool tell(struct wtl_ctx *x, struct teller *teller, const struct wtl_msg *message)
{
    static const struct {
        const char *tag;
        void (*story)(struct wtl_ctx *x, struct teller *teller);
    } stories[] = {
        {"calls", tell_of_calls},   {"holding", tell_of_holding},
        {"time", tell_of_time},     {"watching", tell_of_watching},
        {"links", tell_of_links},   {"births", tell_of_births},
        {"names", tell_of_names},   {"work", tell_of_work},
        {"memory", tell_of_memory}, {"readiness", tell_of_readiness},
        {"hunger", tell_of_hunger}, {"known", tell_of_known},
        {"trees", tell_of_trees},   {"up", go_on_in_trees},
        {"fell", end_of_trees},     {"tasks", tell_of_tasks},
        {"tables", tell_of_tables}, {"gather", tell_of_gathering},
    };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        if (wtl_tag_equal(message->tag, wtl_tag_make(stories[i].tag, strlen(stories[i].tag)))) {
            stories[i].story(x, teller);
            return true;
        }
    }
    return false;
}

/* ---- the teller ---------------------------------------------------------------------------- */

static void report(struct wtl_ctx *x, const struct teller *teller, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, LOG_MAX);
    wtl_put_str(&body, teller->log, teller->used);
    wtl_reply(x, message, &body);
}

static enum wtl_status teller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct teller *teller = self;
    if (wtl_is(message, "report")) {
        report(x, teller, message);
    } else if (wtl_is(message, "came")) {
        note(teller, "m%lu", number_of(message));
    } else if (wtl_is(message, "started")) {
        note(teller, "s");
    } else if (wtl_is(message, "tick")) {
        if (++teller->ticks == 3) {
            note(teller, "t%d", wtl_timer_cancel(x, teller->timer) >= 0);
        }
    } else if (wtl_is(message, "fd")) {
        if (++teller->ticks == 2) {
            wtl_fd_unwatch(x, teller->fd);
            (void)close(teller->fd);
        }
        note(teller, "ready");
    } else if (wtl_is(message, "keep")) {
        keep(x, teller, message);
    } else if (wtl_is(message, "later")) {
        teller->deferred = wtl_defer(x, message);
        (void)wtl_after(x, 5, WTL_TAG("now"), NULL);
    } else if (wtl_is(message, "now")) {
        struct wtl_writer body;
        put_number(x, &body, 41);
        wtl_reply_to(x, teller->deferred, &body);
    } else if (wtl_is(message, "identity")) {
        struct wtl_writer body;
        put_number(x, &body, wtl_self(x).local);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "end")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
    } else {
        (void)tell(x, teller, message);
    }
    return WTL_OK;
}

static enum wtl_status teller_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct teller *teller = self;
    char text[40];
    (void)x;
    note(teller, "d%s:%s",
         down->ref == teller->ref     ? "1"
         : down->ref == teller->timer ? "2"
                                      : "",
         wtl_reason_text(down->reason, text));
    return WTL_OK;
}

static enum wtl_status teller_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct teller *teller = self;
    char text[40];
    (void)x;
    note(teller, "x:%s", wtl_reason_text(exit->reason, text));
    return WTL_OK;
}

static enum wtl_status teller_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    char text[40];
    char line[64];
    (void)self;
    (void)snprintf(line, sizeof line, "the teller stops: %s", wtl_reason_text(reason, text));
    wtl_log(x, WTL_LOG_INFO, line);
    return WTL_OK;
}

static WTL_ACTOR(teller, struct teller, .memory_max = 65536, .handle = teller_handle,
                 .down = teller_down, .exited = teller_exited, .stop = teller_stop);

/* ---- many messages -------------------------------------------------------------------------- */

/* Counts numbers that come in order; one that does not is remembered. */
struct counter {
    uint64_t count;
    uint64_t wrong;
};

static enum wtl_status counter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    struct wtl_writer body;
    if (wtl_is(message, "number")) {
        counter->wrong += number_of(message) != counter->count;
        counter->count++;
    } else if (wtl_is(message, "count")) {
        put_number(x, &body, counter->wrong > 0 ? 0 : counter->count);
        wtl_reply(x, message, &body);
    } else if (wtl_is(message, "size")) { /* a large body, and back */
        (void)wtl_message_open(x, &body, message->size);
        wtl_put_raw(&body, message->bytes, message->size);
        wtl_reply(x, message, &body);
    }
    return WTL_OK;
}

static WTL_ACTOR(counter, struct counter, .mailbox_max = 64, .mailbox_policy = WTL_MAILBOX_BLOCK,
                 .handle = counter_handle);

/* Sends so many numbers to whoever asks, all at once. */
static enum wtl_status source_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t count = number_of(message);
    struct wtl_pid to = wtl_whereis_local(x, "sink");
    (void)self;
    for (uint64_t i = 0; i < count; i++) {
        tell_number(x, to, WTL_TAG("number"), i);
    }
    wtl_reply(x, message, NULL);
    return WTL_OK;
}

static WTL_ACTOR(source, char, .handle = source_handle);

WTL_MODULE("story", "0.1.0", "Tells what happens.", &teller, &mortal, &counter, &source);
