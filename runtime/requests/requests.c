/*
 * requests.c - see <wattle/requests.h>. Written against the public calls alone, because it is a
 * part of each module that uses it.
 *
 * No timer and no table: each request is a call, whose deadline is what is left of the common one,
 * and whose context says which it is. The collection has one question of its own besides, whose
 * answer is known at once: so also one in which nothing was asked comes to its end by message, and
 * as long as there is a collection something is under way for it.
 *
 * Thread: the actor's own. Owns: the collection, its items and kept bodies are memory of the
 * actor's.
 */
#include <wattle/requests.h>

#define NS_PER_MS UINT64_C(1000000)

struct item {
    struct wtl_request request; /* first: what the user sees of it */
    struct item *next;
    uint64_t number; /* of the call; 0: it has been answered */
};

struct wtl_requests {
    struct wtl_requests_options options; /* its context is the copy */
    uint64_t until_ns;                   /* UINT64_MAX: no deadline */
    struct item *first;
    struct item *last;
    uint32_t count;
    uint32_t waiting;
    bool asks;   /* its own question is not answered yet */
    bool inside; /* one of its functions runs */
    bool over;   /* on_done runs, or it was cancelled */
    _Alignas(16) uint8_t context[];
};

/* What the context of a call holds. */
struct asked {
    struct wtl_requests *requests;
    struct item *item;
};

static void destroy(struct wtl_ctx *x, struct wtl_requests *requests)
{
    struct item *item = requests->first;
    while (item != NULL) {
        struct item *next = item->next;
        wtl_free(x, (void *)(uintptr_t)item->request.answer.message.bytes);
        wtl_free(x, item);
        item = next;
    }
    wtl_free(x, requests);
}

/* Will anything still come that knows the collection by its address? */
static bool is_awaited(const struct wtl_requests *requests)
{
    return requests->asks || requests->waiting > 0;
}

/* Something has come: is that the end of the collection? */
static enum wtl_status end_if_over(struct wtl_ctx *x, void *self, struct wtl_requests *requests)
{
    enum wtl_status status = WTL_OK;
    if (is_awaited(requests)) {
        return WTL_OK;
    }
    if (!requests->over && requests->options.on_done != NULL) {
        requests->over = true;
        requests->inside = true;
        status = requests->options.on_done(
            x, self, requests->first != NULL ? &requests->first->request : NULL, requests->context);
    }
    destroy(x, requests);
    return status;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The reply lasts only as long as this function: its bytes, for on_done. */
static bool keep(struct wtl_ctx *x, struct wtl_msg *message)
{
    uint8_t *bytes = message->size > 0 ? wtl_alloc(x, message->size) : NULL;
    if (message->size > 0 && bytes == NULL) {
        return false; /* the actor is over its cap, and ends */
    }
    if (bytes != NULL) {
        memcpy(bytes, message->bytes, message->size);
    }
    message->bytes = bytes;
    return true;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct asked asked;
    memcpy(&asked, context, sizeof asked);
    struct wtl_requests *requests = asked.requests;
    struct wtl_answer *own = &asked.item->request.answer;
    enum wtl_status status = WTL_OK;
    asked.item->number = 0;
    requests->waiting--;
    if (requests->over) { /* it was cancelled, and this answer was here before */
        return end_if_over(x, self, requests);
    }
    *own = *answer;
    if (requests->options.on_answer == NULL) {
        if (!keep(x, &own->message)) {
            own->message = (struct wtl_msg){.size = 0};
            return WTL_NO_MEMORY;
        }
        return end_if_over(x, self, requests);
    }
    own->message = (struct wtl_msg){.size = 0};
    requests->inside = true;
    status =
        requests->options.on_answer(x, self, asked.item->request.label, answer, requests->context);
    requests->inside = false;
    return status != WTL_OK ? status : end_if_over(x, self, requests);
}

static enum wtl_status on_own_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                     void *context)
{
    struct wtl_requests *requests;
    (void)answer;
    memcpy(&requests, context, sizeof requests);
    requests->asks = false;
    return end_if_over(x, self, requests);
}

/* ---- the calls ------------------------------------------------------------------------------- */

struct wtl_requests *wtl_requests_create(struct wtl_ctx *x,
                                         const struct wtl_requests_options *options)
{
    uint32_t deadline_ms = options->deadline_ms != 0 ? options->deadline_ms : WTL_CALL_DEADLINE_MS;
    struct wtl_requests *requests = wtl_alloc(x, sizeof *requests + options->context_size);
    if (requests == NULL) {
        return NULL;
    }
    *requests = (struct wtl_requests){.options = *options, .until_ns = UINT64_MAX, .asks = true};
    if (deadline_ms != WTL_CALL_FOREVER) {
        requests->until_ns = wtl_now_ns(x) + deadline_ms * NS_PER_MS;
    }
    if (options->context_size > 0) {
        memcpy(requests->context, options->context, options->context_size);
    }
    /* the collection's own question: nobody has a name without letters */
    wtl_whereis(x, "",
                &(struct wtl_call_options){.deadline_ms = WTL_CALL_FOREVER,
                                           .on_answer = on_own_answer,
                                           .context = &requests,
                                           .context_size = sizeof requests});
    return requests;
}

/* What is left of the common deadline, as of a call; 0: nothing. */
static uint32_t left_ms(struct wtl_ctx *x, const struct wtl_requests *requests)
{
    uint64_t now_ns = wtl_now_ns(x);
    if (requests->until_ns == UINT64_MAX) {
        return WTL_CALL_FOREVER;
    }
    return requests->until_ns > now_ns
               ? (uint32_t)((requests->until_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS)
               : 0;
}

static enum wtl_status room_for_one(struct wtl_ctx *x, const struct wtl_requests *requests,
                                    uint32_t *deadline_ms_out)
{
    if (requests == NULL) {
        return WTL_NO_MEMORY;
    }
    if (requests->over) {
        return WTL_CLOSED;
    }
    if (requests->count >= WTL_REQUESTS_MAX) {
        return WTL_FULL;
    }
    *deadline_ms_out = left_ms(x, requests);
    return *deadline_ms_out > 0 ? WTL_OK : WTL_TIMEOUT;
}

static enum wtl_status ask(struct wtl_ctx *x, struct wtl_requests *requests, uint64_t label,
                           struct wtl_pid to, const char *name, struct wtl_tag tag,
                           struct wtl_writer *body)
{
    uint32_t deadline_ms = 0;
    enum wtl_status status = room_for_one(x, requests, &deadline_ms);
    struct item *item = status == WTL_OK ? wtl_alloc(x, sizeof *item) : NULL;
    if (item == NULL) {
        if (body != NULL) {
            wtl_message_drop(x, body);
        }
        return status != WTL_OK ? status : WTL_NO_MEMORY;
    }
    struct asked asked = {.requests = requests, .item = item};
    struct wtl_call_options options = {.deadline_ms = deadline_ms,
                                       .on_answer = on_answer,
                                       .context = &asked,
                                       .context_size = sizeof asked};
    *item = (struct item){.request = {.label = label}};
    item->number = name == NULL ? wtl_call(x, to, tag, body, &options)
                                : wtl_call_name(x, name, tag, body, &options);
    if (item->number == 0) { /* the actor is going to end */
        wtl_free(x, item);
        return WTL_NO_MEMORY;
    }
    if (requests->last == NULL) {
        requests->first = item;
    } else {
        requests->last->next = item;
        requests->last->request.next = &item->request;
    }
    requests->last = item;
    requests->count++;
    requests->waiting++;
    return WTL_OK;
}

enum wtl_status wtl_requests_call(struct wtl_ctx *x, struct wtl_requests *requests, uint64_t label,
                                  struct wtl_pid to, struct wtl_tag tag, struct wtl_writer *body)
{
    return ask(x, requests, label, to, NULL, tag, body);
}

enum wtl_status wtl_requests_call_name(struct wtl_ctx *x, struct wtl_requests *requests,
                                       uint64_t label, const char *name, struct wtl_tag tag,
                                       struct wtl_writer *body)
{
    return ask(x, requests, label, WTL_PID_NONE, name, tag, body);
}

uint32_t wtl_requests_waiting(const struct wtl_requests *requests)
{
    return requests != NULL ? requests->waiting : 0;
}

void wtl_requests_cancel(struct wtl_ctx *x, struct wtl_requests *requests)
{
    if (requests == NULL || requests->over) {
        return;
    }
    requests->over = true;
    for (struct item *item = requests->first; item != NULL; item = item->next) {
        if (item->number != 0 && wtl_call_cancel(x, item->number)) {
            item->number = 0;
            requests->waiting--;
        }
    }
    if (!is_awaited(requests) && !requests->inside) {
        destroy(x, requests);
    } /* otherwise the last of those does it that are answered already, and wait in the mailbox */
}
