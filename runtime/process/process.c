/*
 * process.c - a process's life, who sits in it, how it dies, and what its keeper looks at. See
 * process.h.
 */
#include <stdlib.h>

#include "process/isolated.h"
#include "process/keeper.h"
#include "process/process_private.h"
#include "process/proxy.h"

/* ---- what the keeper is told ---------------------------------------------------------------- */

/* Needs no memory: what it says is not to be lost. */
static void wake_run(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__process *process = WTL_CONTAINER(control, struct wtl__process, wake);
    wtl__process_lock(process);
    unsigned orders = process->orders;
    process->orders = 0;
    process->waking = false;
    wtl__process_unlock(process);
    if (cell != NULL && cell->state_now != WTL__CELL_NEW) {
        wtl__keeper_obey(&x->pub, cell->state, orders);
    }
    wtl__process_let_go(process);
}

void wtl__process_unlock_tell(struct wtl__process *process, struct wtl__ctx *x)
{
    bool wakes = process->orders != 0 && !process->waking;
    process->waking |= wakes;
    process->holders += wakes;
    wtl__process_unlock(process);
    if (wakes) {
        (void)wtl__deliver(process->runtime, x, process->keeper, &process->wake.signal);
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

enum wtl_status wtl__process_open(struct wtl__runtime *runtime, struct wtl__isolated *module,
                                  struct wtl__process **process_out, struct wtl_error *error)
{
    struct wtl__process *process = calloc(1, sizeof *process);
    if (process == NULL || pthread_mutex_init(&process->lock, NULL) != 0) {
        free(process);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a module's process");
    }
    enum wtl_status status = wtl__child_open(&process->child, error);
    if (status != WTL_OK) {
        (void)pthread_mutex_destroy(&process->lock);
        free(process);
        return status;
    }
    process->runtime = runtime;
    process->module = module;
    process->holders = 1;
    process->wake.run = wake_run;
    process->wake.signal.msg.kind_ = WTL__CONTROL;
    process->watched = true; /* the keeper begins with its clock running */
    wtl__map_init(&process->seats, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    wtl__map_init(&process->spares, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    wtl__map_init(&process->born, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    /* relaxed: the numbers are ours alone, whatever else is seen */
    process->refs = atomic_fetch_add_explicit(&runtime->refs, WTL__PIPE_REFS, memory_order_relaxed);
    *process_out = process;
    return WTL_OK;
}

void wtl__process_hold(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->holders++;
    wtl__process_unlock(process);
}

void wtl__process_let_go(struct wtl__process *process)
{
    wtl__process_lock(process);
    bool last = --process->holders == 0;
    wtl__process_unlock(process);
    if (!last) {
        return;
    }
    WTL_ASSERT(process->seats.count == 0 && process->spares.count == 0);
    wtl__child_close(&process->child);
    wtl__map_deinit(&process->seats);
    wtl__map_deinit(&process->spares);
    wtl__map_deinit(&process->born);
    (void)pthread_mutex_destroy(&process->lock);
    free(process->out);
    free(process);
}

/* ---- seats ---------------------------------------------------------------------------------- */

bool wtl__process_sit(struct wtl__process *process, struct wtl__seat *seat,
                      struct wtl_reason *reason_out)
{
    *reason_out = wtl_reason_of(WTL_NO_MEMORY);
    wtl__process_lock(process);
    bool sits = !process->dead;
    if (!sits) {
        *reason_out = process->reason;
    } else if (wtl__map_put(&process->seats, 0, seat->local, seat) != WTL_OK) {
        sits = false;
    }
    process->holders += sits;
    wtl__process_unlock(process);
    return sits;
}

void wtl__process_stand(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                        struct wtl__chunk *unfinished)
{
    struct wtl__pipe_frame gone = {.kind = WTL__PIPE_GONE, .local = seat->local};
    wtl__process_lock(process);
    void *was = wtl__map_remove(&process->seats, 0, seat->local);
    WTL_ASSERT(was == seat);
    if (unfinished != NULL) {
        unfinished->next = seat->first;
        seat->first = unfinished;
    }
    for (struct wtl__chunk *chunk = seat->first; chunk != NULL; chunk = chunk->next) {
        wtl__spares_return(process, x, chunk->bytes + chunk->at, chunk->size - chunk->at);
    }
    wtl__chunks_free(process, seat->first);
    seat->first = NULL;
    process->over += seat->away + seat->asked;
    wtl__process_put(process, &gone, false);
    if (process->closing && process->seats.count == 0) {
        process->orders |= WTL__KEEPER_EMPTY;
    }
    wtl__process_unlock_tell(process, x);
    wtl__process_reserve(process, x);
    wtl__process_let_go(process);
}

/* ---- the end -------------------------------------------------------------------------------- */

void wtl__process_broken(struct wtl__process *process, struct wtl__ctx *x, const char *what)
{
    wtl__process_lock(process);
    if (process->broken == NULL && !process->dead) {
        process->broken = what;
        process->orders |= WTL__KEEPER_BROKEN;
    }
    wtl__process_unlock_tell(process, x);
}

void wtl__process_die(struct wtl__process *process, struct wtl__ctx *x, struct wtl_reason reason)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    wtl__process_lock(process);
    if (process->dead) {
        wtl__process_unlock(process);
        return;
    }
    process->dead = true;
    process->reason = reason;
    process->out_begin = process->out_end;
    while (wtl__map_next(&process->seats, &cursor, &entry)) {
        struct wtl__seat *seat = entry.value;
        struct wtl__control *doom = seat->doom;
        struct wtl_pid to = {.node = process->runtime->node, .local = seat->local};
        seat->doom = NULL;
        (void)wtl__deliver(process->runtime, x, to, &doom->signal);
    }
    wtl__process_unlock(process);
}

bool wtl__process_is_dead(struct wtl__process *process, struct wtl_reason *reason_out)
{
    wtl__process_lock(process);
    bool dead = process->dead;
    *reason_out = process->reason;
    wtl__process_unlock(process);
    return dead;
}

/* ---- what the keeper looks at --------------------------------------------------------------- */

struct wtl__process_state wtl__process_look(struct wtl__process *process)
{
    wtl__process_lock(process);
    struct wtl__process_state state = {.begun = process->begun,
                                       .over = process->over,
                                       .seats = process->seats.count,
                                       .closing = process->closing,
                                       .broken = process->broken};
    wtl__process_unlock(process);
    return state;
}

uint32_t wtl__process_number(struct wtl__process *process)
{
    wtl__process_lock(process);
    uint32_t number = process->number;
    wtl__process_unlock(process);
    return number;
}

void wtl__process_started(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->number = (uint32_t)process->child.pid;
    wtl__process_unlock(process);
}

const char *wtl__process_type(struct wtl__process *process, uint64_t local)
{
    wtl__process_lock(process);
    const struct wtl__seat *seat = wtl__map_get(&process->seats, 0, local);
    const char *type = seat != NULL ? seat->proxy->type->actor.name : "";
    wtl__process_unlock(process);
    return type;
}

bool wtl__process_rest(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->watched = process->begun != process->over;
    bool rests = !process->watched;
    wtl__process_unlock(process);
    return rests;
}

void wtl__process_wake(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->watched = true;
    wtl__process_unlock(process);
}

bool wtl__process_close(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->closing = true;
    bool empty = process->seats.count == 0;
    wtl__process_unlock(process);
    return empty;
}
