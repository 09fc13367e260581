/*
 * machine.c - a state machine hands itself over, as docs/MODULES.md says: what it has postponed,
 * its timeouts, and the state that it is in.
 */
#include <stdio.h>

#include <wattle/states.h>

#include "line.h"

static struct line line;
static char heard[256];

struct first {
    struct wtl_states states;
    uint32_t opened;
};

struct second {
    struct wtl_states states;
    char name[16];
    uint32_t opened;
};

static void hear(const char *what, uint64_t number)
{
    size_t used = strlen(heard);
    (void)snprintf(heard + used, sizeof heard - used, "%s%llu ", what, (unsigned long long)number);
}

static const struct wtl_state open_1;
static const struct wtl_state open_2;

static enum wtl_status locked(struct wtl_ctx *x, struct wtl_states *states, uint32_t *opened,
                              const struct wtl_state *open, const struct wtl_event *event)
{
    if (event->kind == WTL_EVENT_TIMEOUT) {
        ++*opened;
        wtl_states_go(x, states, open);
    } else if (wtl_tag_equal(event->name, WTL_TAG("lock"))) {
        wtl_states_timer(x, states, WTL_TAG("spring"), 100);
    } else {
        wtl_states_postpone(x, states);
    }
    return WTL_OK;
}

static enum wtl_status locked_1_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct first *own = self;
    return locked(x, &own->states, &own->opened, &open_1, event);
}

static enum wtl_status locked_2_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    struct second *own = self;
    cr_assert_str_eq(own->name, "second");
    return locked(x, &own->states, &own->opened, &open_2, event);
}

static enum wtl_status open_1_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    (void)x;
    (void)self;
    hear("first:", kit_number(event->message));
    return WTL_OK;
}

static enum wtl_status open_2_event(struct wtl_ctx *x, void *self, const struct wtl_event *event)
{
    (void)x;
    cr_assert_eq(((struct second *)self)->opened, 1);
    hear("second:", kit_number(event->message));
    return WTL_OK;
}

static const struct wtl_state locked_1 = {.name = "locked", .event = locked_1_event};
static const struct wtl_state locked_2 = {.name = "locked", .event = locked_2_event};
static const struct wtl_state open_1 = {.name = "open", .event = open_1_event};
static const struct wtl_state open_2 = {.name = "open", .event = open_2_event};

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    return wtl_states_begin(x, &((struct first *)self)->states, &locked_1);
}

static enum wtl_status save(struct wtl_ctx *x, const void *self, struct wtl_writer *saved)
{
    const struct first *own = self;
    (void)x;
    wtl_putf(saved, "now=%s states=%ju", wtl_states_now(&own->states)->name,
             (uintmax_t)(uintptr_t)&own->states);
    return WTL_OK;
}

static enum wtl_status upgrade(struct wtl_ctx *x, void *self, const void *settings,
                               const struct wtl_saved *saved)
{
    struct second *own = self;
    char now[16];
    uintmax_t states;
    (void)x;
    (void)settings;
    if (wtl_getf(&saved->message, "now=%15s states=%ju", now, &states) != WTL_OK) {
        return WTL_BAD_PAYLOAD;
    }
    own->states = *(const struct wtl_states *)(uintptr_t)states;
    own->states.now = strcmp(now, "open") == 0 ? &open_2 : &locked_2;
    memcpy(own->name, "second", 7);
    return WTL_OK;
}

static WTL_STATES_ACTOR(door_1, struct first, .state_vsn = 1, .init = init, .save = save);
static WTL_STATES_ACTOR(door_2, struct second, .state_vsn = 2, .upgrade = upgrade);

static void say(struct wtl_ctx *x, struct kit_puppet *p, const struct kit_cmd *cmd)
{
    (void)p;
    kit_send(x, cmd->pid, cmd->number == 0 ? WTL_TAG("lock") : WTL_TAG("in"), cmd->number);
}

Test(upgrade, L19_a_state_machine)
{
    static struct kit_puppet guest;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        line_init(&line, seed);
        heard[0] = '\0';
        (void)kit_spawn(&line.kit, &guest, NULL);
        struct wtl_pid door = wtl__spawn(&line.kit.step.runtime, NULL, &door_1, NULL, 0);
        for (uint64_t i = 0; i < 4; i++) {
            kit_do(&line.kit, &guest, (struct kit_cmd){.fn = say, .pid = door, .number = i});
        }
        kit_settle(&line.kit);
        cr_assert_eq(line_upgrade(&line, &door_1, &door_2), WTL_OK, "%s", line.text);
        kit_do(&line.kit, &guest, (struct kit_cmd){.fn = say, .pid = door, .number = 4});
        kit_settle(&line.kit);
        cr_assert_str_eq(heard, "");
        kit_advance(&line.kit, 100);
        cr_assert_str_eq(heard, "second:1 second:2 second:3 second:4 ");
        line_deinit(&line);
    }
}
