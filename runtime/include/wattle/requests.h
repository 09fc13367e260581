/*
 * requests.h - several calls whose answers are gathered as one collection (OTP gen_server: request
 * ids, reqids_new, reqids_add).
 *
 *     struct wtl_requests *all = wtl_requests_create(
 *         x, &(struct wtl_requests_options){.deadline_ms = 500, .on_done = all_have_come});
 *     for (uint32_t i = 0; i < count; i++) {
 *         (void)wtl_requests_call(x, all, i, sensors[i], WTL_TAG("read"), NULL);
 *     }
 *
 * Each request has a label, one deadline for all, and, as every call, one answer. `on_answer` gets
 * each as it comes; `on_done` is called once, when the last one is there: what has not come in time
 * is among them as WTL_TIMEOUT, under its label. Whoever has enough before gives up the rest by
 * wtl_requests_cancel. More may be asked while the collection lasts, also from `on_answer`.
 *
 * This is a library over wtl_call and a part of each module that uses it: it asks actors of this
 * node and of others, in the node and in a process of its own. A late answer never reaches the
 * actor, and is counted, as with wtl_call.
 *
 * Thread: within the actor's own functions. Owns: a collection is memory of the actor's (wtl_alloc)
 * and ends with it; otherwise it lasts until its on_done has returned, or until it is cancelled.
 * Bounds: WTL_REQUESTS_MAX requests in one collection. While a module is upgraded, an actor with a
 * collection goes over when that has ended, as with a call whose function is not in `answers`.
 */
#ifndef WATTLE_REQUESTS_H
#define WATTLE_REQUESTS_H

#include <wattle/actor.h>

/* Requests that one collection can take, the answered ones included. */
#define WTL_REQUESTS_MAX 1024u

struct wtl_requests;

/* One request, and what became of it. */
struct wtl_request {
    const struct wtl_request *next; /* in the order in which they were asked */
    uint64_t label;
    /* As of a call. WTL_TIMEOUT: nothing has come in time. The message is there when the collection
     * has no on_answer, which would have had it; otherwise it is empty. */
    struct wtl_answer answer;
};

struct wtl_requests_options {
    uint32_t deadline_ms; /* of all together, from now on; 0: WTL_CALL_DEADLINE_MS */

    /* Each answer as it comes. NULL: replies are kept for on_done. Both run on the actor, and what
     * they return decides about it, as with any of its functions. */
    enum wtl_status (*on_answer)(struct wtl_ctx *x, void *self, uint64_t label,
                                 const struct wtl_answer *answer, void *context);
    /* All are there: the first of them, NULL when none was asked. They are gone when it returns. */
    enum wtl_status (*on_done)(struct wtl_ctx *x, void *self, const struct wtl_request *requests,
                               void *context);

    const void *context; /* copied; both functions get the copy */
    uint32_t context_size;
};

/* A collection without requests; `options` is copied. on_done is never called within this or any of
 * the calls below, but later, by message: also when nothing was ever asked.
 * Fails: NULL when memory is exhausted or capped; the calls below take that as a collection that
 * refuses everything. */
struct wtl_requests *wtl_requests_create(struct wtl_ctx *x,
                                         const struct wtl_requests_options *options);

/* Asks `to`; labels need not be different. Whether or not it is asked, the body is consumed.
 * WTL_OK: there will be an answer. Anything else: there will be none, nothing was sent. WTL_FULL:
 * the collection has WTL_REQUESTS_MAX; WTL_TIMEOUT: its deadline is over; WTL_CLOSED: its on_done
 * runs, or it was cancelled; WTL_NO_MEMORY. */
enum wtl_status WTL_MUST_USE wtl_requests_call(struct wtl_ctx *x, struct wtl_requests *requests,
                                               uint64_t label, struct wtl_pid to,
                                               struct wtl_tag tag, struct wtl_writer *body);

/* Asks whoever holds the name, as wtl_call_name. */
enum wtl_status WTL_MUST_USE wtl_requests_call_name(struct wtl_ctx *x,
                                                    struct wtl_requests *requests, uint64_t label,
                                                    const char *name, struct wtl_tag tag,
                                                    struct wtl_writer *body);

/* How many still wait for their answer. */
uint32_t wtl_requests_waiting(const struct wtl_requests *requests);

/* Gives up those that wait, and the collection: no function of it is called any more. NULL is
 * fine. */
void wtl_requests_cancel(struct wtl_ctx *x, struct wtl_requests *requests);

#endif
