/*
 * model_time.c - what happens when, in the model: the supervisor blocks in start, stop and receive;
 * what is done to actors meanwhile is in the history. See model.h.
 */
#include "model_private.h"

#include <stdio.h>

int moment_compare(struct moment a, struct moment b)
{
    if (a.ms != b.ms) {
        return a.ms < b.ms ? -1 : 1;
    }
    return a.op < b.op ? -1 : a.op > b.op;
}

static struct moment moment_of(unsigned index)
{
    return (struct moment){.ms = model.ops[index].at_ms, .op = index + 1};
}

void model_block(uint64_t ms)
{
    if (ms > model.now_ms) {
        longjmp(model.blocked, 1);
    }
    if (ms > model.clock.ms) {
        model.clock = (struct moment){.ms = ms};
    }
}

static void write_line(struct moment at, char what, char letter)
{
    struct line *line = &model.lines[model.lines_count];
    *line = (struct line){.at = at, .order = model.lines_count++};
    (void)snprintf(line->text, sizeof line->text, "%c%c ", what, letter);
}

/* The first thing that is done to that actor after an instant; its index, or ops_count. */
static unsigned done_to(const struct actor *actor, struct moment after)
{
    unsigned i = 0;
    while (i < model.ops_count && (model.ops[i].kind != END || model.ops[i].start != actor->start ||
                                   moment_compare(moment_of(i), after) <= 0)) {
        i++;
    }
    return i;
}

static struct moment when(unsigned index)
{
    return index < model.ops_count ? moment_of(index) : (struct moment){.ms = NEVER};
}

/* ---- actors -------------------------------------------------------------------------------- */

const char *model_start(struct child *child)
{
    char letter = child->spec.letter;
    struct actor *actor = &model.actors[model.starts++];
    *actor = (struct actor){.letter = letter,
                            .start = model.starts,
                            .fate = fate_of(model.plan, letter, ++model.nth[(unsigned char)letter]),
                            .life = STARTING,
                            .unlinked = child->spec.unlinks};
    write_line(model.clock, '+', letter);
    child->state = RUNNING;
    child->actor = actor;

    uint64_t began_ms = model.clock.ms;
    uint64_t done_ms = actor->fate.begin == HANGS ? NEVER : began_ms + actor->fate.begin_ms;
    uint64_t late_ms = child->spec.start_ms != 0 ? began_ms + child->spec.start_ms : NEVER;
    uint64_t first_ms = done_ms < late_ms ? done_ms : late_ms;
    struct moment killed = when(done_to(actor, model.clock));
    const char *error = actor->fate.begin == FAILS ? "system" : NULL;
    if (killed.ms < first_ms) { /* at that very time, the timer would be first */
        model_block(killed.ms);
        model.clock = killed;
        error = "closed";
    } else {
        model_block(first_ms);
        error = late_ms < done_ms ? "timeout" : error;
    }
    if (error == NULL && actor->fate.begin != IGNORES) {
        actor->life = RUNNING;
        actor->ready = model.clock;
        return NULL;
    }
    actor->life = DOWN;
    child->state = DOWN;
    child->actor = NULL;
    return error;
}

struct moment model_ends_itself(const struct actor *actor)
{
    struct moment at =
        actor->life == RUNNING ? when(done_to(actor, actor->ready)) : (struct moment){.ms = NEVER};
    return at.ms <= model.now_ms ? at : (struct moment){.ms = NEVER};
}

void model_end_itself(struct actor *actor)
{
    unsigned index = done_to(actor, actor->ready);
    actor->life = DOWN;
    actor->how = model.ops[index].how;
    if (actor->how != KILL) {
        write_line(moment_of(index), '-', actor->letter);
    }
}

/* "shutdown, {shutdown,_} and normal only if not permanent; killed for brutal_kill" */
static bool is_meant(const struct spec *spec, enum how how)
{
    bool permanent = spec->restart == PERMANENT;
    switch (how) {
    case NORMAL:
    case SHUTDOWN_X:
        return !permanent;
    case SHUTDOWN:
        return !permanent || spec->shutdown_ms != BRUTAL;
    case KILL:
        return spec->shutdown_ms == BRUTAL;
    case CRASH:
        break;
    }
    return false;
}

bool model_stop(struct child *child)
{
    struct actor *actor = child->actor;
    uint64_t limit_ms = child->spec.shutdown_ms;
    child->state = DOWN;
    if (moment_compare(model_ends_itself(actor), model.clock) < 0) {
        model_end_itself(actor);
        child->actor = NULL;
        return !actor->unlinked && is_meant(&child->spec, actor->how); /* or: noproc */
    }
    struct moment killed = when(done_to(actor, model.clock));
    uint64_t began_ms = model.clock.ms;
    uint64_t ends_ms = began_ms;
    child->state = RUNNING;
    actor->life = STOPPING;
    if (limit_ms != BRUTAL) {
        write_line(model.clock, '-', actor->letter);
        uint64_t killed_ms = limit_ms == INFINITE ? NEVER : began_ms + limit_ms;
        ends_ms = actor->fate.stop == LINGERS ? NEVER : began_ms + actor->fate.stop_ms;
        actor->how = actor->fate.stop == DIES || killed_ms < ends_ms ? KILL : SHUTDOWN;
        ends_ms = killed_ms < ends_ms ? killed_ms : ends_ms;
    } else {
        actor->how = KILL;
    }
    if (killed.ms < ends_ms) {
        model_block(killed.ms);
        model.clock = killed;
        actor->how = KILL;
    } else {
        model_block(ends_ms);
    }
    actor->life = DOWN;
    child->state = DOWN;
    child->actor = NULL;
    return is_meant(&child->spec, actor->how);
}

/* ---- the mailbox --------------------------------------------------------------------------- */

struct received model_receive(void)
{
    struct moment oldest = {.ms = NEVER, .op = UINT32_MAX};
    struct received received = {.what = ASKED};
    unsigned asked = model.ops_count;
    for (unsigned i = 0; i < model.ops_count; i++) {
        if (model.ops[i].kind != END && !model.is_done[i] &&
            moment_compare(moment_of(i), oldest) < 0) {
            oldest = moment_of(i);
            asked = i;
        }
    }
    for (unsigned i = 0; i < model.starts; i++) {
        struct actor *actor = &model.actors[i];
        struct moment ended = model_ends_itself(actor);
        if (!actor->unlinked && moment_compare(ended, oldest) < 0) {
            oldest = ended;
            received = (struct received){.what = EXITED, .actor = actor};
        }
    }
    for (unsigned i = 0; i < model.again_count; i++) {
        struct again *again = &model.again[i];
        if (!again->is_done && moment_compare(again->posted, oldest) < 0) {
            oldest = again->posted;
            received = (struct received){.what = TRY_AGAIN, .again = again};
        }
    }
    model.rests = oldest.ms == NEVER;
    model_block(model.rests ? NEVER : model.clock.ms);
    if (moment_compare(oldest, model.clock) > 0) {
        model.clock = oldest;
    }
    if (received.what == ASKED) {
        model.is_done[asked] = true;
        received.ask = &model.ops[asked];
    }
    return received;
}
