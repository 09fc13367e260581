/*
 * upgrade_make.c - the first phase of one actor: may it go over now, and what would it be.
 * See upgrade.h.
 *
 * Thread: the holder of the actor's run token.
 */
#include <stdio.h>

#include "actor/memory.h"
#include "actor/report.h"
#include "actor/upgrade.h"
#include "base/pool.h"

/* Room for what is saved, at first. */
#define SAVED_BYTES 256u

/* "actor counter (42.7): ..." */
enum wtl_status wtl__errand_fail(struct wtl__cell *cell, struct wtl__errand *errand,
                                 enum wtl_status status, const char *what)
{
    char pid[40];
    char text[sizeof errand->error.text];
    (void)snprintf(text, sizeof text, "%s", what); /* it may be the error's own */
    return wtl_fail(&errand->error, status, "actor %s (%s): %.400s",
                    wtl__inside_of(cell).type->name, wtl__local_text(wtl__cell_local(cell), pid),
                    text);
}

/* Does a call under way, or an init, keep it from going over now? */
bool wtl__trial_may(struct wtl__cell *cell, const struct wtl__trial *trial,
                    const struct wtl_actor *to)
{
    struct wtl__errand *errand = trial->errand;
    char text[320];
    const char *missing = NULL;
    bool stays = trial->old.type->state_vsn == to->state_vsn;
    if ((cell->flags & WTL__CELL_INITING) != 0 && !stays) { /* there is nothing whole to be saved */
        (void)wtl__errand_fail(cell, errand, WTL_TIMEOUT, "its init was not over in time");
        return false;
    }
    if (wtl__answers_fit(cell, trial->old.type, to, &missing)) {
        return true;
    }
    if (missing != NULL) {
        (void)snprintf(text, sizeof text,
                       "a call is under way that %.80s answers, and .answers of %s names none of "
                       "that name",
                       missing, errand->upgrade->to);
    } else {
        (void)snprintf(text, sizeof text,
                       "a call is under way whose on_answer is not among .answers of %s, and it "
                       "was not answered in time",
                       errand->upgrade->from);
    }
    (void)wtl__errand_fail(cell, errand, WTL_TIMEOUT, text);
    return false;
}

/* The first word of that memory which is an address of the old code; SIZE_MAX: none. */
static size_t find_address(const struct wtl__upgrade *upgrade, const void *memory, size_t size)
{
    for (size_t at = 0; at + sizeof(uintptr_t) <= size; at += sizeof(uintptr_t)) {
        uintptr_t word;
        memcpy(&word, (const char *)memory + at, sizeof word);
        for (size_t i = 0; i < WTL_COUNT(upgrade->forbidden); i++) {
            const struct wtl__upgrade_range *range = &upgrade->forbidden[i];
            if (word >= range->begin && word < range->end) {
                return at;
            }
        }
    }
    return SIZE_MAX;
}

/* The state stays where it is, if that can be. */
static enum wtl_status make_in_place(struct wtl__cell *cell, struct wtl__trial *trial,
                                     struct wtl__errand *errand, const struct wtl_actor *to)
{
    const struct wtl_actor *from = trial->old.type;
    char text[320];
    trial->in_place = true;
    trial->made = trial->old;
    trial->made.type = to;
    if (!wtl__settings_alike(from, to)) {
        return wtl__errand_fail(
            cell, errand, WTL_VERSION,
            "its settings are laid out anew and its state_vsn is the same: raise it, and "
            "give it .save and .upgrade, which gets the new settings");
    }
    size_t at = find_address(errand->upgrade, trial->old.state, from->state_size);
    const struct wtl__memory *block = cell->memory;
    while (at == SIZE_MAX && block != NULL) {
        at = find_address(errand->upgrade, block + 1, (size_t)block->size);
        block = block->next;
    }
    if (at != SIZE_MAX) {
        (void)snprintf(text, sizeof text,
                       "its state has the address of a function or a description of %s at byte "
                       "%zu of a block, and would go on with that: raise state_vsn, and give it "
                       ".save and .upgrade",
                       errand->upgrade->from, at);
        return wtl__errand_fail(cell, errand, WTL_VERSION, text);
    }
    return WTL_OK;
}

enum wtl_status wtl__inside_take(struct wtl__cell *cell, const struct wtl_inside *old,
                                 const struct wtl_actor *to, struct wtl_inside *made_out,
                                 struct wtl_error *error)
{
    struct wtl__cell *owner = wtl__type_around(cell->type) != NULL ? cell : NULL;
    void *settings = NULL;
    *made_out = (struct wtl_inside){.type = to};
    if (to->state_size > 0) {
        bool has_room = owner == NULL || wtl__memory_has_room(cell, to->state_size);
        made_out->state = !has_room       ? NULL
                          : owner != NULL ? wtl__memory_take(cell, to->state_size)
                                          : wtl__pool_take(to->state_size);
        if (made_out->state == NULL) {
            return wtl_fail(error, WTL_NO_MEMORY, "no memory for the state of %s", to->name);
        }
        memset(made_out->state, 0, to->state_size);
    }
    enum wtl_status status =
        wtl__settings_carry(owner, old->type, old->settings, to, &settings, error);
    made_out->settings = settings;
    return status;
}

/* One of the two functions has returned that. */
static enum wtl_status judge(struct wtl__cell *cell, struct wtl__trial *trial,
                             struct wtl__errand *errand, enum wtl_status status)
{
    char text[320];
    const char *name = trial->upgrades ? "upgrade" : "save";
    const char *version = trial->upgrades ? errand->upgrade->to : errand->upgrade->from;
    if (trial->misused != NULL) {
        (void)snprintf(text, sizeof text,
                       "%s of %s has called %s, which others would see before it is decided: call "
                       "wtl_continue, and do it in the message that then comes",
                       name, version, trial->misused);
        return wtl__errand_fail(cell, errand, WTL_DENIED, text);
    }
    if (status == WTL_OK) {
        return WTL_OK;
    }
    (void)snprintf(text, sizeof text, "%s of %s has returned %s: %s", name, version,
                   wtl_status_word(status), wtl_status_text(status));
    return wtl__errand_fail(cell, errand, status, text);
}

/* Runs both, in the actor's own functions. A fault in them goes on in wtl__trial_fault. */
static enum wtl_status save_and_upgrade(struct wtl__ctx *x, struct wtl__cell *cell,
                                        struct wtl__trial *trial, struct wtl__errand *errand)
{
    const struct wtl_actor *from = trial->old.type;
    const struct wtl_actor *to = trial->made.type;
    struct wtl_writer writer;
    if (!WTL_HAS(from, save) || from->save == NULL || !WTL_HAS(to, upgrade) ||
        to->upgrade == NULL) {
        return wtl__errand_fail(
            cell, errand, WTL_VERSION,
            "its state_vsn is another one, which needs .save in the old version and "
            ".upgrade in the new one");
    }
    if (!wtl__message_open_in(&x->drafts, &writer, SAVED_BYTES)) {
        return wtl__errand_fail(cell, errand, WTL_NO_MEMORY, "no memory to save its state");
    }
    wtl__cell_turn(cell);
    enum wtl_status status =
        judge(cell, trial, errand, from->save(&x->pub, trial->old.state, &writer));
    if (status != WTL_OK) {
        return status;
    }
    bool is_whole = !writer.failed;
    struct wtl__envelope *message = wtl__message_take(&writer, WTL__LOCAL);
    if (!is_whole || message == NULL) {
        return wtl__errand_fail(cell, errand, WTL_TOO_LARGE,
                                "what save has put is larger than 16 MiB, or memory is exhausted");
    }
    message->msg.tag = WTL_TAG("saved");
    const struct wtl_saved saved = {.state_vsn = from->state_vsn, .message = message->msg};
    /* for a fault: it is freed with the messages of wtl_continue */
    message->next = NULL;
    trial->next_messages = message;
    trial->upgrades = true;
    wtl__cell_turn(cell);
    status = judge(cell, trial, errand,
                   to->upgrade(&x->pub, trial->made.state, trial->made.settings, &saved));
    struct wtl__envelope **last = &trial->next_messages; /* it is the last one */
    while (*last != message) {
        last = &(*last)->next;
    }
    *last = NULL;
    wtl__envelope_free(message);
    return status;
}

static void enter_trial(struct wtl__ctx *x, struct wtl__trial *trial)
{
    wtl__drafts_forget(&x->drafts);
    x->trial = trial;
    x->pub.api = &wtl__trial_api;
    wtl__errand_set_runs(trial->errand, true);
    wtl__cell_set_tries(x->cell, true);
}

void wtl__trial_exit(struct wtl__ctx *x, struct wtl__trial *trial)
{
    wtl__cell_set_tries(x->cell, false);
    wtl__errand_set_runs(trial->errand, false);
    x->pub.api = &wtl__api;
    x->trial = NULL;
    wtl__drafts_free(&x->drafts);
}

enum wtl_status wtl__trial_make(struct wtl__ctx *x, struct wtl__cell *cell,
                                struct wtl__trial *trial, const struct wtl_actor *to)
{
    struct wtl__errand *errand = trial->errand;
    if (to->state_vsn == trial->old.type->state_vsn) {
        return make_in_place(cell, trial, errand, to);
    }
    enum wtl_status status = wtl__inside_take(cell, &trial->old, to, &trial->made, &errand->error);
    trial->before = cell->memory; /* what it is itself made of is freed by itself */
    if (status != WTL_OK) {
        return wtl__errand_fail(cell, errand, status, errand->error.text);
    }
    enter_trial(x, trial);
    status = save_and_upgrade(x, cell, trial, errand);
    wtl__trial_exit(x, trial);
    return status;
}
