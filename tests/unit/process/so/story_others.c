/* story_others.c - what a teller does with other actors: calls, watching, links, births, names,
 * trees and tasks. See story.h. */
#include "story.h"

struct wtl_pid bear(struct wtl_ctx *x, struct teller *teller, uint64_t number, bool link)
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

struct wtl_call_options *answered(struct wtl_call_options *options, unsigned *which)
{
    options->on_answer = on_answer;
    options->context = which;
    options->context_size = sizeof *which;
    return options;
}

void tell_of_calls(struct wtl_ctx *x, struct teller *teller)
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
void tell_of_gathering(struct wtl_ctx *x, struct teller *teller)
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
void tell_of_holding(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {.hold = true};
    struct wtl_writer body;
    unsigned which = 1;
    struct wtl_pid other = bear(x, teller, 0, false);
    tell_number(x, wtl_self(x), WTL_TAG("came"), 7);
    put_number(x, &body, 4);
    (void)wtl_call(x, other, WTL_TAG("double"), &body, answered(&options, &which));
}

void tell_of_watching(struct wtl_ctx *x, struct teller *teller)
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

void tell_of_links(struct wtl_ctx *x, struct teller *teller)
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
void tell_of_births(struct wtl_ctx *x, struct teller *teller)
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

void tell_of_names(struct wtl_ctx *x, struct teller *teller)
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

/* Whoever has the name is watched, or nobody. */
void tell_of_known(struct wtl_ctx *x, struct teller *teller)
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
void tell_of_trees(struct wtl_ctx *x, struct teller *teller)
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
void go_on_in_trees(struct wtl_ctx *x, struct teller *teller)
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

void end_of_trees(struct wtl_ctx *x, struct teller *teller)
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

void tell_of_tasks(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_pid pool = wtl_tasks_run(x, &(struct wtl_tasks){.type = &mortal,
                                                               .tag = WTL_TAG("double"),
                                                               .at_once = 2,
                                                               .next = next_task,
                                                               .result = task_done,
                                                               .done = tasks_done});
    note(teller, "%d", !wtl_pid_is_none(pool));
}

/* A type without `show` has no state to be seen. */
void tell_of_looking(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_call_options options = {0};
    unsigned which = 1;
    struct wtl_pid other = bear(x, teller, 0, false);
    (void)wtl_sys_state(x, other, answered(&options, &which));
    which = 2;
    (void)wtl_sys_suspend(x, other, answered(&options, &which));
}
