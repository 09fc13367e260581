/* rules.c - what a machine may ask for, when it happens, and what is too much. */
#include <wattle/states.h>

#include "actor/kit.h"

static struct kit kit;
static struct kit_puppet user;
static struct wtl_pid pid;

struct machine {
    struct wtl_states states;
};

static const struct wtl_state even;
static const struct wtl_state odd;
static enum wtl_status (*on_event)(struct wtl_ctx *x, struct machine *machine,
                                   const struct wtl_event *event);
static enum wtl_status (*on_enter)(struct wtl_ctx *x, struct machine *machine);

static enum wtl_status any_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    return on_event(x, self, event);
}

static enum wtl_status any_enter(struct wtl_ctx *x, void *self, const struct wtl_state *from)
{
    (void)from;
    return on_enter != NULL ? on_enter(x, self) : WTL_OK;
}

static const struct wtl_state even = {.name = "even", .enter = any_enter, .event = any_event};
static const struct wtl_state odd = {.name = "odd", .enter = any_enter, .event = any_event};

static enum wtl_status machine_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    return wtl_states_begin(x, self, &even);
}

static WTL_STATES_ACTOR(of_two, struct machine, .init = machine_init);

static void do_spawn(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    static const struct wtl_spawn_options watched = {.monitor = true};
    (void)p;
    (void)cmd;
    pid = wtl_spawn(x, &of_two, &watched);
}

static void begin(uint64_t seed)
{
    user = (struct kit_puppet){0};
    on_enter = NULL;
    kit_init(&kit, seed);
    kit_spawn(&kit, &user, NULL);
}

static void start(void)
{
    kit_do(&kit, &user, (struct kit_cmd){.fn = do_spawn});
    kit_settle(&kit);
}

static void expect_end(const char *reason)
{
    kit_settle(&kit);
    cr_assert(kit_reason_is(kit_only(&user, KIT_DOWN)->reason, reason));
    kit_deinit(&kit);
}

static bool is_even(const struct machine *machine)
{
    return wtl_states_now(&machine->states) == &even;
}

/* ---- order, beside a model ------------------------------------------------------------------- */

/* A number is taken in the state of its kind and postponed in the other; one that can be divided by
 * 5 changes the state, one by 7 is followed by an event for itself with 1000 more. */
enum { NUMBERS = 400, OWN = 1000 };

static uint64_t taken[NUMBERS * 4];
static uint32_t taken_count;

static enum wtl_status sort_numbers(struct wtl_ctx *x, struct machine *machine,
                                    const struct wtl_event *event)
{
    uint64_t number = kit_number(event->message);
    if (event->kind != WTL_EVENT_INTERNAL && (number % 2 == 0) != is_even(machine)) {
        wtl_states_postpone(x, &machine->states);
        return WTL_OK;
    }
    taken[taken_count++] = number;
    if (number < OWN && number % 7 == 0) {
        struct wtl_writer body;
        kit_body(x, &body, number + OWN);
        wtl_states_next(x, &machine->states, WTL_TAG("own"), &body);
    }
    if (number % 5 == 0) {
        wtl_states_go(x, &machine->states, is_even(machine) ? &odd : &even);
    }
    return WTL_OK;
}

static uint64_t model[NUMBERS * 4];
static uint32_t model_count;

/* The same, with one array for what is to come and one for what is postponed. */
static void run_model(const uint64_t *numbers, uint32_t count)
{
    static uint64_t coming[NUMBERS * 4];
    static uint64_t postponed[NUMBERS * 4];
    uint32_t coming_count = count;
    uint32_t postponed_count = 0;
    bool now_even = true;
    model_count = 0;
    memcpy(coming, numbers, count * sizeof *numbers);
    while (coming_count > 0) {
        uint64_t number = coming[0];
        memmove(coming, coming + 1, --coming_count * sizeof *coming);
        if (number < OWN && (number % 2 == 0) != now_even) {
            postponed[postponed_count++] = number;
            continue;
        }
        model[model_count++] = number;
        if (number % 5 == 0) {
            now_even = !now_even;
            memmove(coming + postponed_count, coming, coming_count * sizeof *coming);
            memcpy(coming, postponed, postponed_count * sizeof *coming);
            coming_count += postponed_count;
            postponed_count = 0;
        }
        if (number < OWN && number % 7 == 0) {
            memmove(coming + 1, coming, coming_count++ * sizeof *coming);
            coming[0] = number + OWN;
        }
    }
}

Test(states, L16_order_is_that_of_a_model)
{
    static uint64_t numbers[NUMBERS];
    struct wtl__prng prng;
    for (uint64_t seed = 0; seed < 100; seed++) {
        wtl__prng_init(&prng, seed);
        begin(seed);
        on_event = sort_numbers;
        taken_count = 0;
        start();
        for (uint32_t i = 0; i < NUMBERS; i++) {
            numbers[i] = 1 + wtl__prng_below(&prng, 300);
            kit_tell(&kit, &user, pid, numbers[i]);
            for (uint64_t n = wtl__prng_below(&prng, 4); n > 0; n--) {
                (void)wtl__step_one(&kit.step);
            }
        }
        kit_settle(&kit);
        run_model(numbers, NUMBERS);
        cr_assert_eq(taken_count, model_count, "seed %lu", (unsigned long)seed);
        for (uint32_t i = 0; i < model_count; i++) {
            cr_assert_eq(taken[i], model[i], "seed %lu, at %u: %lu, not %lu", (unsigned long)seed,
                         i, (unsigned long)taken[i], (unsigned long)model[i]);
        }
        kit_deinit(&kit);
    }
}

/* ---- calls that are postponed ------------------------------------------------------------------
 */

static enum wtl_status answer_in_odd(struct wtl_ctx *x, struct machine *machine,
                                     const struct wtl_event *event)
{
    if (event->message->request == 0) {
        wtl_states_go(x, &machine->states, &odd);
    } else if (is_even(machine)) {
        wtl_states_postpone(x, &machine->states);
    } else {
        struct wtl_writer body;
        kit_body(x, &body, kit_number(event->message) + 1);
        wtl_reply(x, event->message, &body);
    }
    return WTL_OK;
}

static void do_call(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    struct wtl_writer body;
    kit_body(x, &body, cmd->number);
    (void)wtl_call(x, pid, WTL_TAG("ask"), &body, KIT_CALL(p));
}

static void call(uint64_t number)
{
    kit_do(&kit, &user, (struct kit_cmd){.fn = do_call, .number = number});
    kit_settle(&kit);
}

Test(states, L16_a_call_that_is_postponed_is_answered_when_it_comes_back)
{
    begin(1);
    on_event = answer_in_odd;
    start();
    call(1);
    call(2);
    cr_assert_eq(kit_count(&user, KIT_ANSWER), 0);
    kit_tell(&kit, &user, pid, 0);
    kit_settle(&kit);
    cr_assert_eq(kit_nth(&user, KIT_ANSWER, 0)->number, 2);
    cr_assert_eq(kit_nth(&user, KIT_ANSWER, 1)->number, 3);
    cr_assert_eq(kit_cell(&kit, pid)->ties.count, 1, "more is left than the one who watches");
    cr_assert_eq(kit_cell(&kit, pid)->memory_used, 0);
    kit_deinit(&kit);
}

Test(states, L16_a_call_that_is_postponed_ends_with_the_machine)
{
    begin(1);
    on_event = answer_in_odd;
    start();
    call(1);
    kit_exit(&kit, &user, pid, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    kit_settle(&kit);
    cr_assert_eq(kit_only(&user, KIT_ANSWER)->status, WTL_CLOSED);
    expect_end("error:crash");
}

/* ---- ends and timeouts that are postponed ---------------------------------------------------- */

static uint32_t kinds[8];

static enum wtl_status postpone_in_even(struct wtl_ctx *x, struct machine *machine,
                                        const struct wtl_event *event)
{
    if (event->kind == WTL_EVENT_MESSAGE && kit_number(event->message) == 1) {
        (void)wtl_monitor(x, event->message->from);
        wtl_states_timeout(x, &machine->states, 10);
        wtl_states_timer(x, &machine->states, WTL_TAG("soon"), 0);
    } else if (event->kind == WTL_EVENT_MESSAGE) {
        wtl_states_go(x, &machine->states, &odd);
    } else if (is_even(machine)) {
        wtl_states_postpone(x, &machine->states);
    } else {
        kinds[event->kind]++;
        cr_assert(event->kind != WTL_EVENT_DOWN || event->down.ref != 0);
        cr_assert(event->kind != WTL_EVENT_TIMEOUT || wtl_tag_equal(event->name, WTL_TAG("soon")));
    }
    return WTL_OK;
}

Test(states, L16_any_event_can_be_postponed)
{
    struct kit_puppet other = {0};
    memset(kinds, 0, sizeof kinds);
    begin(1);
    on_event = postpone_in_even;
    start();
    kit_spawn(&kit, &other, NULL);
    kit_tell(&kit, &other, pid, 1);
    kit_settle(&kit);
    kit_stop(&kit, &other, WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    kit_advance(&kit, 100);
    kit_tell(&kit, &user, pid, 2);
    kit_settle(&kit);
    cr_assert_eq(kinds[WTL_EVENT_DOWN], 1);
    cr_assert_eq(kinds[WTL_EVENT_TIMEOUT], 1);
    cr_assert_eq(kinds[WTL_EVENT_STATE_TIMEOUT], 1, "it was an event before the state changed");
    kit_deinit(&kit);
}

/* ---- timeouts that are due at once --------------------------------------------------------- */

static char order[32];

static enum wtl_status set_zeros(struct wtl_ctx *x, struct machine *own,
                                 const struct wtl_event *event)
{
    static const char letters[] = {[WTL_EVENT_MESSAGE] = 'm', [WTL_EVENT_STATE_TIMEOUT] = 's'};
    if (event->kind == WTL_EVENT_MESSAGE && kit_number(event->message) == 1) {
        wtl_states_timer(x, &own->states, WTL_TAG("b"), 0);
        wtl_states_timeout(x, &own->states, 0);
        wtl_states_timer(x, &own->states, WTL_TAG("a"), 0);
        wtl_states_timer(x, &own->states, WTL_TAG("b"), 0);
        return WTL_OK;
    }
    size_t at = strlen(order);
    char name[16];
    (void)wtl_tag_text(event->name, name);
    order[at] = event->kind == WTL_EVENT_TIMEOUT ? name[0] : letters[event->kind];
    return WTL_OK;
}

/* The order was seen with gen_statem of OTP 25. */
Test(states, L16_timeouts_due_at_once_come_as_they_were_set_and_before_the_mailbox)
{
    begin(1);
    memset(order, 0, sizeof order);
    on_event = set_zeros;
    start();
    kit_tell(&kit, &user, pid, 1);
    kit_tell(&kit, &user, pid, 2);
    kit_settle(&kit);
    cr_assert_str_eq(order, "sabm");
    kit_deinit(&kit);
}

/* ---- the timeout of a state ------------------------------------------------------------ */

static enum wtl_status time_states(struct wtl_ctx *x, struct machine *own,
                                   const struct wtl_event *event)
{
    kinds[event->kind]++;
    if (event->kind == WTL_EVENT_MESSAGE && kit_number(event->message) == 1) {
        wtl_states_timeout(x, &own->states, 10);
    } else if (event->kind == WTL_EVENT_MESSAGE && kit_number(event->message) == 2) {
        wtl_states_go(x, &own->states, is_even(own) ? &odd : &even);
    } else if (event->kind == WTL_EVENT_MESSAGE) {
        wtl_states_again(x, &own->states);
    }
    return WTL_OK;
}

Test(states, L16_another_state_cancels_the_state_timeout_and_the_same_one_does_not)
{
    /* 3: again; so often is the timeout an event */
    static const uint64_t numbers[][3] = {{1, 2, 2}, {1, 3, 3}, {2, 1, 1}, {1, 2, 1}};
    static const uint32_t expected[] = {0, 1, 1, 1};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        memset(kinds, 0, sizeof kinds);
        begin(1);
        on_event = time_states;
        start();
        for (size_t j = 0; j < 3; j++) {
            kit_tell(&kit, &user, pid, numbers[i][j]);
            kit_advance(&kit, 4);
        }
        kit_advance(&kit, 100);
        cr_assert_eq(kinds[WTL_EVENT_STATE_TIMEOUT], expected[i], "case %zu", i);
        kit_deinit(&kit);
    }
}

/* ---- outside of a state's function ----------------------------------------------------------- */

static enum wtl_status on_reply(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct machine *own = self;
    (void)answer;
    (void)context;
    wtl_states_next(x, &own->states, WTL_TAG("first"), NULL);
    wtl_states_go(x, &own->states, &odd);
    cr_assert(!is_even(own));
    return WTL_OK;
}

static enum wtl_status ask_user(struct wtl_ctx *x, struct machine *own,
                                const struct wtl_event *event)
{
    static const struct wtl_call_options options = {.on_answer = on_reply};
    if (event->kind == WTL_EVENT_INTERNAL) {
        taken[taken_count++] = 1;
    } else if (kit_number(event->message) == 0) {
        (void)wtl_call(x, user.pid, WTL_TAG("ask"), NULL, &options);
    } else if (is_even(own)) {
        wtl_states_postpone(x, &own->states);
    } else {
        taken[taken_count++] = kit_number(event->message);
    }
    return WTL_OK;
}

static enum wtl_status reply_nothing(struct wtl_ctx *x, struct kit_puppet *p,
                                     const struct wtl_msg *m)
{
    (void)p;
    wtl_reply(x, m, NULL);
    return WTL_OK;
}

Test(states, L16_an_answer_can_change_the_state)
{
    begin(1);
    taken_count = 0;
    on_event = ask_user;
    start();
    kit_tell(&kit, &user, pid, 7); /* postponed */
    user.message = reply_nothing;
    kit_tell(&kit, &user, pid, 0);
    kit_settle(&kit);
    cr_assert_eq(taken_count, 2);
    cr_assert(taken[0] == 7 && taken[1] == 1, "what was postponed then is older");
    kit_deinit(&kit);
}

/* ---- too much, and not allowed --------------------------------------------------------------- */

static enum wtl_status postpone_all(struct wtl_ctx *x, struct machine *own,
                                    const struct wtl_event *event)
{
    (void)event;
    wtl_states_postpone(x, &own->states);
    return WTL_OK;
}

Test(states, L16_more_than_may_be_postponed_ends_it)
{
    begin(1);
    on_event = postpone_all;
    start();
    for (uint32_t i = 0; i < WTL_STATES_WAITING_MAX; i++) {
        kit_tell(&kit, &user, pid, i);
    }
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, pid));
    kit_tell(&kit, &user, pid, 1);
    expect_end("error:full");
}

static enum wtl_status many_timers(struct wtl_ctx *x, struct machine *own,
                                   const struct wtl_event *event)
{
    uint64_t number = kit_number(event->message);
    for (uint64_t i = 0; i < number; i++) {
        char name[2] = {(char)('a' + (char)i), '\0'};
        wtl_states_timer(x, &own->states, wtl_tag_make(name, 1), 1000);
        wtl_states_timer(x, &own->states, wtl_tag_make(name, 1), 2000);
    }
    return WTL_OK;
}

Test(states, L16_more_timers_than_there_may_be_end_it)
{
    begin(1);
    on_event = many_timers;
    start();
    kit_tell(&kit, &user, pid, WTL_STATES_TIMERS_MAX);
    kit_settle(&kit);
    cr_assert(kit_lives(&kit, pid));
    kit_tell(&kit, &user, pid, WTL_STATES_TIMERS_MAX + 3);
    expect_end("error:full");
}

static enum wtl_status enter_and_go(struct wtl_ctx *x, struct machine *own)
{
    wtl_states_go(x, &own->states, &odd);
    return WTL_OK;
}

static enum wtl_status enter_and_postpone(struct wtl_ctx *x, struct machine *own)
{
    wtl_states_postpone(x, &own->states);
    return WTL_OK;
}

static enum wtl_status enter_and_next(struct wtl_ctx *x, struct machine *own)
{
    wtl_states_next(x, &own->states, WTL_TAG("own"), NULL);
    return WTL_OK;
}

static enum wtl_status enter_badly(struct wtl_ctx *x, struct machine *own)
{
    (void)x;
    (void)own;
    return WTL_DENIED;
}

Test(states, L16_enter_sets_timeouts_and_nothing_else)
{
    enum wtl_status (*const wrong[])(struct wtl_ctx * x, struct machine * own) = {
        enter_and_go, enter_and_postpone, enter_and_next};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin(1);
        on_event = postpone_all;
        on_enter = wrong[i];
        start();
        expect_end("error:invalid");
    }
    begin(1);
    on_enter = enter_badly;
    start();
    expect_end("error:denied");
}
