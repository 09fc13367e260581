/*
 * core_lookup.c - a name that a core node does not find in its table: the name's owner is asked
 * before anybody hears that there is none.
 *
 * The table is a replica, and the word of a registration takes its way; the owner knows what it has
 * given out. One question about a name is under way at a time, whoever wants to know: actors of
 * this node, and leaves that are attached here. What is found is the answer to all who wait. A
 * `not_found` is one only to those who waited when the question went out; who has come since may
 * have heard of the name from its holder, so for them it is asked again.
 *
 * Nobody waits longer than WTL__LOOKUP_MS: whoever cannot reach the owner, or gets no answer by
 * then, hears what the table says.
 *
 * Thread: as the core. Owns: the lookups; the questions that wait for them are core_asks.c's.
 * Bounds: WTL__LOOKUPS_MAX questions, and so many lookups at most.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

struct wtl__core_lookup {
    uint64_t key[2];
    uint64_t serial; /* of the question under way */
    uint64_t owner;  /* who was asked */
    uint64_t retry_ms;
    struct wtl__list asked; /* of struct wtl__core_ask: they waited when it went out */
    struct wtl__list later; /* they have come since */
    char name[WTL_NAME_MAX + 1];
};

/* ---- the table ----------------------------------------------------------------------------- */

static struct wtl__core_lookup *find(const struct wtl__core *core, const char *name)
{
    struct wtl__core_lookup *lookup =
        wtl__map_get(&core->lookups, wtl__core_hash(name, core->name_seed[0]),
                     wtl__core_hash(name, core->name_seed[1]));
    return lookup != NULL && strcmp(lookup->name, name) == 0 ? lookup : NULL;
}

static struct wtl__core_lookup *make(struct wtl__core *core, const char *name)
{
    struct wtl__core_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return NULL;
    }
    wtl__core_copy(lookup->name, name);
    wtl__list_init(&lookup->asked);
    wtl__list_init(&lookup->later);
    lookup->serial = ++core->serial;
    lookup->key[0] = wtl__core_hash(name, core->name_seed[0]);
    lookup->key[1] = wtl__core_hash(name, core->name_seed[1]);
    if (wtl__map_put(&core->lookups, lookup->key[0], lookup->key[1], lookup) != WTL_OK) {
        free(lookup);
        return NULL;
    }
    return lookup;
}

static void end(struct wtl__core *core, struct wtl__core_lookup *lookup)
{
    (void)wtl__map_remove(&core->lookups, lookup->key[0], lookup->key[1]);
    free(lookup);
}

void wtl__core_lookups_deinit(struct wtl__core *core)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_take_any(&core->lookups, &cursor, &entry)) {
        free(entry.value);
    }
    wtl__map_deinit(&core->lookups);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void send(struct wtl__core *core, struct wtl__core_lookup *lookup);

/* They wait for that lookup no more. */
static void take(struct wtl__list *to, struct wtl__list *waiting)
{
    WTL_LIST_EACH (link, waiting) {
        WTL_LIST_ITEM(link, struct wtl__core_ask, waits)->lookup = NULL;
    }
    wtl__list_move_all(to, waiting);
}

/* Answers those whom the answer is good for; for the others, if there are any, it asks again. The
 * lookup may be gone when this returns. */
static void settle(struct wtl__core *core, struct wtl__core_lookup *lookup, bool all,
                   enum wtl_status status, struct wtl_pid holder, uint64_t epoch)
{
    struct wtl__list done;
    struct wtl__link *first;
    wtl__list_init(&done);
    take(&done, &lookup->asked);
    if (all) {
        take(&done, &lookup->later);
    }
    if (wtl__list_is_empty(&lookup->later)) {
        end(core, lookup);
    } else {
        wtl__list_move_all(&lookup->asked, &lookup->later);
        lookup->serial = ++core->serial;
        send(core, lookup);
    }
    while ((first = wtl__list_first(&done)) != NULL) {
        struct wtl__core_ask *ask = WTL_LIST_ITEM(first, struct wtl__core_ask, waits);
        struct wtl__core_ask answered = *ask;
        wtl__core_ask_free(core, ask);
        wtl__core_answer(core, answered.leaf, answered.pid, answered.request, status, answered.name,
                         holder, epoch);
    }
}

static void again_soon(struct wtl__core *core, struct wtl__core_lookup *lookup)
{
    lookup->retry_ms = core->now_ms + WTL__ASK_SOON_MS;
    wtl__core_wake(core, WTL__DUE_ASK, lookup->retry_ms);
}

bool wtl__core_lookup_result(struct wtl__core *core, const struct wtl__names_frame *result)
{
    struct wtl__core_lookup *lookup = find(core, result->name);
    if (lookup == NULL || lookup->serial != result->request || lookup->owner != result->source) {
        return false;
    }
    bool found = result->status == WTL_OK && !wtl_pid_is_none(result->pid);
    /* what an owner of another view has not got, the one of this view may have */
    bool stale = result->status == WTL_WRONG_VIEW || result->view != core->view.hash;
    if (found ? wtl__core_ask_disowns(core, result) : stale) {
        again_soon(core, lookup);
    } else if (found) {
        settle(core, lookup, true, WTL_OK, result->pid, result->epoch);
    } else {
        settle(core, lookup, false, WTL_NOT_FOUND, WTL_PID_NONE, 0);
    }
    return true;
}

/* ---- questions ----------------------------------------------------------------------------- */

static void send(struct wtl__core *core, struct wtl__core_lookup *lookup)
{
    struct wtl__names_frame frame = {.verb = WTL__NAMES_LOOKUP, .request = lookup->serial};
    wtl__core_copy(frame.name, lookup->name);
    lookup->owner = wtl__core_owner_in(&core->view, wtl__core_hash(lookup->name, 0));
    lookup->retry_ms = core->now_ms + WTL__ASK_RETRY_MS;
    wtl__core_wake(core, WTL__DUE_ASK, lookup->retry_ms);
    frame.destination = lookup->owner;
    if (!wtl__core_names_send(core, &frame)) {
        settle(core, lookup, true, WTL_NOT_FOUND, WTL_PID_NONE, 0);
    }
}

void wtl__core_lookup_join(struct wtl__core *core, struct wtl__core_ask *ask)
{
    struct wtl__core_lookup *lookup = find(core, ask->name);
    ask->deadline_ms = core->now_ms + WTL__LOOKUP_MS;
    wtl__core_wake(core, WTL__DUE_ASK, ask->deadline_ms);
    if (lookup != NULL) {
        ask->lookup = lookup;
        wtl__list_push_last(&lookup->later, &ask->waits);
        return;
    }
    lookup = make(core, ask->name);
    if (lookup == NULL) {
        struct wtl__core_ask refused = *ask;
        wtl__core_ask_free(core, ask);
        wtl__core_answer(core, refused.leaf, refused.pid, refused.request, WTL_NO_MEMORY,
                         refused.name, WTL_PID_NONE, 0);
        return;
    }
    ask->lookup = lookup;
    wtl__list_push_last(&lookup->asked, &ask->waits);
    send(core, lookup);
}

void wtl__core_lookup_leave(struct wtl__core *core, struct wtl__core_ask *ask)
{
    struct wtl__core_lookup *lookup = ask->lookup;
    wtl__link_remove(&ask->waits);
    ask->lookup = NULL;
    if (lookup != NULL && wtl__list_is_empty(&lookup->asked) &&
        wtl__list_is_empty(&lookup->later)) {
        end(core, lookup);
    }
}

void wtl__core_lookup_again(struct wtl__core *core, struct wtl__core_lookup *lookup)
{
    lookup->retry_ms = core->now_ms;
}

void wtl__core_lookup_tick(struct wtl__core *core, struct wtl__core_lookup *lookup)
{
    if (lookup->retry_ms <= core->now_ms) {
        send(core, lookup);
    } else {
        wtl__core_wake(core, WTL__DUE_ASK, lookup->retry_ms);
    }
}
