/*
 * host_keep.c - keeping units and managers alive: their supervisors, and trying again when a
 * supervisor has given up. See host.h.
 */
#include "flow/host_private.h"

#include <stdlib.h>

/* ---- entries -----------------------------------------------------------------------------------
 */

struct wtl_hosted *wtl__hosted_new(struct wtl_ctx *x, struct wtl_host *host,
                                   struct wtl_host_flow *flow)
{
    struct wtl_hosted *hosted =
        host->hosted_count < WTL_HOST_UNITS_MAX ? wtl_alloc(x, sizeof *hosted) : NULL;
    if (hosted == NULL) {
        wtl_log(x, WTL_LOG_ERROR, "flow: no room for one more stage on this node");
        return NULL;
    }
    *hosted = (struct wtl_hosted){
        .next = host->hosted, .flow = flow, .number = ++host->numbers, .wanted = true};
    host->hosted = hosted;
    host->hosted_count++;
    return hosted;
}

/* ---- starting and stopping ------------------------------------------------------------------ */

void wtl__hosted_start(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_stage_settings unit = {.spec = hosted->spec};
    struct wtl_flow_manager_settings manager = {.source = hosted->source};
    struct wtl_child child = {
        .id = hosted->manager ? "manager" : hosted->spec->name,
        .type = hosted->manager ? &wtl_flow_manager : &hosted->spec->type,
        .settings = hosted->manager ? (const void *)&manager : &unit,
    };
    struct wtl_tree tree = {.children = &child, .children_count = 1};
    struct wtl_spawn_options options = {.link = true};
    hosted->state = WTL_HOSTED_STARTING;
    hosted->started_ns = wtl_now_ns(x);
    hosted->supervisor = wtl_supervise(x, &tree, &options);
}

static void free_later(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    hosted->state = WTL_HOSTED_GONE;
    hosted->flow = NULL;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, hosted->number);
    (void)wtl_after(x, WTL_HOST_GRACE_MS, WTL_HOST_TAG_FREE, &body);
}

void wtl__hosted_stop(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    if (hosted->spec != NULL) {
        wtl_tally_remove(&hosted->spec->tally); /* the flow wants it no more */
    }
    if (!wtl_pid_is_none(hosted->supervisor)) {
        hosted->state = WTL_HOSTED_STOPPING;
        wtl_exit(x, hosted->supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    } else if (hosted->state != WTL_HOSTED_GONE) {
        free_later(x, hosted);
    }
}

static void start_later(struct wtl_ctx *x, struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    uint64_t ran_ms = (wtl_now_ns(x) - hosted->started_ns) / 1000000;
    hosted->failures = ran_ms >= WTL_HOST_STABLE_MS ? 0 : hosted->failures;
    uint32_t shift = hosted->failures < 5 ? hosted->failures : 5;
    uint32_t after = WTL_HOST_BACKOFF_MS << shift;
    hosted->failures++;
    hosted->state = WTL_HOSTED_WAITING;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, hosted->number);
    (void)wtl_after(x, after < WTL_HOST_BACKOFF_MAX_MS ? after : WTL_HOST_BACKOFF_MAX_MS,
                    WTL_HOST_TAG_AGAIN, &body);
}

/* Ends the host when nothing that it keeps is left. */
static bool end_when_quiet(struct wtl_ctx *x, struct wtl_host *host)
{
    for (const struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        if (!wtl_pid_is_none(one->supervisor)) {
            return false;
        }
    }
    for (struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        wtl__spec_free(one->spec);
        free(one->source);
        one->spec = NULL;
        one->source = NULL;
    }
    wtl_done(x, WTL_OK);
    return true;
}

bool wtl__hosted_end(struct wtl_ctx *x, struct wtl_host *host)
{
    host->ending = true;
    for (const struct wtl_hosted *one = host->hosted; one != NULL; one = one->next) {
        if (!wtl_pid_is_none(one->supervisor)) {
            wtl_exit(x, one->supervisor, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
        }
    }
    return end_when_quiet(x, host);
}

void wtl__hosted_exited(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_exit *exit)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && !wtl_pid_equal(hosted->supervisor, exit->from)) {
        hosted = hosted->next;
    }
    if (hosted == NULL) {
        return;
    }
    struct wtl_host_flow *flow = hosted->flow;
    hosted->supervisor = WTL_PID_NONE;
    if (host->ending) {
        (void)end_when_quiet(x, host);
        return;
    }
    if (hosted->state != WTL_HOSTED_STOPPING) {
        start_later(x, hosted);
        return;
    }
    free_later(x, hosted);
    wtl__host_flow_end(x, host, flow);
}

/* ---- by number ------------------------------------------------------------------------------ */

static struct wtl_hosted *numbered(struct wtl_host *host, uint64_t number)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && hosted->number != number) {
        hosted = hosted->next;
    }
    return hosted;
}

static struct wtl_hosted *of_timer(struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return numbered(host, wtl_get_u64(&reader));
}

void wtl__hosted_again(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_hosted *hosted = of_timer(host, message);
    if (hosted != NULL && hosted->state == WTL_HOSTED_WAITING && !host->ending) {
        wtl__hosted_start(x, hosted);
    }
}

void wtl__hosted_free(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_hosted *hosted = of_timer(host, message);
    if (hosted == NULL || hosted->state != WTL_HOSTED_GONE) {
        return;
    }
    struct wtl_hosted **slot = &host->hosted;
    while (*slot != hosted) {
        slot = &(*slot)->next;
    }
    *slot = hosted->next;
    host->hosted_count--;
    wtl__spec_free(hosted->spec);
    free(hosted->source);
    wtl_free(x, hosted->wire);
    wtl_free(x, hosted);
}

/* ---- who runs ------------------------------------------------------------------------------- */

void wtl__hosted_wire(struct wtl_ctx *x, const struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    if (hosted->wire_size == 0 || wtl_pid_is_none(hosted->pid)) {
        return;
    }
    (void)wtl_message_open(x, &body, hosted->wire_size);
    wtl_put_raw(&body, hosted->wire, hosted->wire_size);
    wtl_tell(x, hosted->pid, WTL_FLOW_TAG_WIRE, &body);
}

void wtl__hosted_report(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    uint64_t number;
    struct wtl_hosted *hosted =
        wtl__flow_get_numbers(message, &number, 1) ? numbered(host, number) : NULL;
    if (hosted == NULL || hosted->flow == NULL || hosted->manager ||
        hosted->state == WTL_HOSTED_STOPPING) {
        return;
    }
    if (hosted->monitor != 0) {
        (void)wtl_demonitor(x, hosted->monitor);
    }
    hosted->pid = message->from;
    hosted->monitor = wtl_monitor(x, message->from);
    hosted->state = WTL_HOSTED_RUNNING;
    wtl__hosted_wire(x, hosted);
    wtl__host_tell_up(x, hosted);
}

void wtl__hosted_down(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_down *down)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && (hosted->monitor == 0 || hosted->monitor != down->ref)) {
        hosted = hosted->next;
    }
    if (hosted == NULL) {
        return;
    }
    hosted->monitor = 0;
    hosted->pid = WTL_PID_NONE;
    if (hosted->state == WTL_HOSTED_RUNNING) {
        hosted->state = WTL_HOSTED_DOWN;
    }
    if (hosted->flow != NULL && hosted->state != WTL_HOSTED_STOPPING) {
        wtl__host_tell_up(x, hosted);
    }
}

const char *wtl__hosted_word(const struct wtl_hosted *hosted)
{
    static const char *const words[] = {"starting", "running",  "down", "waiting",
                                        "broken",   "stopping", "gone"};
    return words[hosted->state];
}
