/* in.c - see in.h. */
#include "flow/in.h"

static struct wtl_in_link *find(struct wtl_in *in, uint64_t id)
{
    uint32_t slot = (uint32_t)(id & 0xffff);
    struct wtl_in_link *link = slot < in->used ? &in->links[slot] : NULL;
    return link != NULL && link->id == id && !wtl_pid_is_none(link->pid) ? link : NULL;
}

static uint32_t slot_of(const struct wtl_in *in, const struct wtl_in_link *link)
{
    return (uint32_t)(link - in->links);
}

/* ---- shares ------------------------------------------------------------------------------- */

static void grant(struct wtl_ctx *x, const struct wtl_in *in, struct wtl_in_link *link)
{
    const uint64_t numbers[] = {link->theirs, link->id, in->share,
                                (uint64_t)WTL_IN_WINDOW_BYTES * in->share / WTL_IN_WINDOW};
    link->window = link->window > in->share ? link->window : in->share;
    wtl__flow_send_numbers(x, link->pid, WTL_FLOW_TAG_CREDIT, numbers, 4);
}

/* The window is divided by the next power of two, so that the shares of all change seldom. */
static bool share_changed(struct wtl_in *in)
{
    uint32_t parts = 1;
    while (parts < in->count) {
        parts *= 2;
    }
    uint32_t share = WTL_IN_WINDOW / parts;
    uint32_t before = in->share;
    in->share = share > 0 ? share : 1;
    return in->share != before;
}

static void grant_all(struct wtl_ctx *x, struct wtl_in *in)
{
    for (uint32_t i = 0; i < in->used; i++) {
        if (!wtl_pid_is_none(in->links[i].pid)) {
            grant(x, in, &in->links[i]);
        }
    }
}

/* ---- links -------------------------------------------------------------------------------- */

static struct wtl_in_link *free_slot(struct wtl_ctx *x, struct wtl_in *in)
{
    for (uint32_t i = 0; i < in->used && in->count < in->used; i++) {
        if (wtl_pid_is_none(in->links[i].pid)) {
            return &in->links[i];
        }
    }
    if (in->used == in->capacity) {
        uint32_t larger = in->capacity == 0 ? 4 : in->capacity * 2;
        struct wtl_in_link *links =
            larger <= WTL_IN_LINKS_MAX ? wtl_alloc(x, larger * sizeof *links) : NULL;
        if (links == NULL) {
            return NULL;
        }
        if (in->used > 0) {
            memcpy(links, in->links, in->used * sizeof *links);
        }
        wtl_free(x, in->links);
        in->links = links;
        in->capacity = larger;
    }
    return &in->links[in->used++];
}

static uint32_t drop(struct wtl_ctx *x, struct wtl_in *in, struct wtl_in_link *link)
{
    if (link->monitor != 0) {
        (void)wtl_demonitor(x, link->monitor);
    }
    uint64_t asked = link->asked;
    link->pid = WTL_PID_NONE;
    link->monitor = 0;
    link->asked = 0;
    in->count--;
    if (in->count > 0 && share_changed(in)) {
        grant_all(x, in);
    }
    wtl__in_ask(x, in, asked);
    return slot_of(in, link);
}

/* What its sender was asked for by the link that ends counts for the one that it opens next. */
static void carry(struct wtl_in *in, struct wtl_in_link *link)
{
    if (link->asked > 0) {
        in->carried[in->carried_next].pid = link->pid;
        in->carried[in->carried_next].asked = link->asked;
        in->carried_next = (in->carried_next + 1) % WTL_IN_CARRIED_MAX;
        link->asked = 0;
    }
}

static uint64_t take_carried(struct wtl_in *in, struct wtl_pid pid)
{
    uint64_t asked = 0;
    for (uint32_t i = 0; i < WTL_IN_CARRIED_MAX; i++) {
        if (wtl_pid_equal(in->carried[i].pid, pid)) {
            asked += in->carried[i].asked;
            in->carried[i].asked = 0;
        }
    }
    return asked;
}

void wtl__in_open(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_msg *message)
{
    uint64_t numbers[3];
    if (!wtl__flow_get_numbers(message, numbers, 3) || wtl_pid_is_none(message->from)) {
        return;
    }
    struct wtl_in_link *link = free_slot(x, in);
    if (link == NULL) {
        wtl_log(x, WTL_LOG_WARN, "flow: too many links lead here: one more is refused");
        return;
    }
    *link = (struct wtl_in_link){.pid = message->from,
                                 .id = ++in->serial << 16 | slot_of(in, link),
                                 .theirs = numbers[0],
                                 .monitor = wtl_monitor(x, message->from),
                                 .next = 1,
                                 .member = numbers[1] != 0,
                                 .asked = take_carried(in, message->from)};
    in->count++;
    if (share_changed(in)) {
        grant_all(x, in);
    } else {
        grant(x, in, link);
    }
    wtl__in_ask(x, in, 0);
}

uint32_t wtl__in_close(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_msg *message)
{
    uint64_t id;
    struct wtl_in_link *link = wtl__flow_get_numbers(message, &id, 1) ? find(in, id) : NULL;
    if (link == NULL || !wtl_pid_equal(link->pid, message->from)) {
        return WTL_IN_NONE;
    }
    return drop(x, in, link);
}

uint32_t wtl__in_down(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_down *down)
{
    for (uint32_t i = 0; i < in->used; i++) {
        struct wtl_in_link *link = &in->links[i];
        if (!wtl_pid_is_none(link->pid) && link->monitor == down->ref) {
            link->monitor = 0;
            return drop(x, in, link);
        }
    }
    return WTL_IN_NONE;
}

/* ---- data --------------------------------------------------------------------------------- */

uint32_t wtl__in_data(struct wtl_in *in, const struct wtl_msg *message,
                      struct wtl_flow_data *data_out)
{
    if (!wtl__flow_get_data(message, data_out)) {
        return WTL_IN_NONE;
    }
    struct wtl_in_link *link = find(in, data_out->link);
    if (link == NULL || !wtl_pid_equal(link->pid, message->from) || link->broken) {
        return WTL_IN_NONE; /* of a link that is over */
    }
    if (data_out->n != link->next || link->open >= link->window) {
        wtl__in_break(in, link->id);
        return WTL_IN_NONE;
    }
    link->next++;
    link->open++;
    if (link->asked > 0 && !data_out->redelivered) {
        link->asked--;
    }
    return slot_of(in, link);
}

void wtl__in_break(struct wtl_in *in, uint64_t id)
{
    struct wtl_in_link *link = find(in, id);
    if (link != NULL) {
        link->broken = true;
        in->broken = true;
    }
}

uint32_t wtl__in_reset(struct wtl_ctx *x, struct wtl_in *in)
{
    for (uint32_t i = 0; i < in->used && in->broken; i++) {
        struct wtl_in_link *link = &in->links[i];
        if (!wtl_pid_is_none(link->pid) && link->broken) {
            wtl__in_flush(x, in); /* what is done needs not come again */
            wtl__flow_send_numbers(x, link->pid, WTL_FLOW_TAG_RESET, &link->theirs, 1);
            carry(in, link);
            return drop(x, in, link);
        }
    }
    in->broken = false;
    return WTL_IN_NONE;
}

/* ---- acknowledging ------------------------------------------------------------------------- */

void wtl__in_settle(struct wtl_ctx *x, struct wtl_in *in, uint64_t id, uint64_t n)
{
    struct wtl_in_link *link = find(in, id);
    if (link == NULL) {
        return;
    }
    link->open--;
    if (in->settled_count == WTL_IN_SETTLED_MAX) {
        wtl__in_flush(x, in);
    }
    in->settled[in->settled_count++] = (struct wtl_in_settled){.link = id, .n = n};
    if (!in->flushing) {
        in->flushing = wtl_try_tell(x, wtl_self(x), WTL_FLOW_TAG_FLUSH, NULL) == WTL_OK;
        if (!in->flushing) {
            wtl__in_flush(x, in);
        }
    }
}

/* The next one of that link from `i` on. */
static uint32_t next_of(const struct wtl_in *in, uint64_t link, uint32_t i)
{
    while (i < in->settled_count && in->settled[i].link != link) {
        i++;
    }
    return i;
}

/* Neighbours become one range. Two passes: how many numbers, and the numbers. */
static void put_ranges(struct wtl_in *in, uint32_t begin, struct wtl_writer *body)
{
    uint64_t link = in->settled[begin].link;
    uint32_t ranges = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = begin; i < in->settled_count;) {
            uint64_t first = in->settled[i].n;
            uint64_t count = 0;
            while (i < in->settled_count && in->settled[i].n == first + count) {
                in->settled[i].sent = true;
                count++;
                i = next_of(in, link, i + 1);
            }
            if (pass == 0) {
                ranges++;
            } else {
                wtl_put_u64(body, first);
                wtl_put_u64(body, count);
            }
        }
        if (pass == 0) {
            wtl_put_array(body, 2 * ranges);
        }
    }
}

void wtl__in_flush(struct wtl_ctx *x, struct wtl_in *in)
{
    for (uint32_t i = 0; i < in->settled_count; i++) {
        const struct wtl_in_link *link = find(in, in->settled[i].link);
        struct wtl_writer body;
        if (in->settled[i].sent || link == NULL) {
            continue;
        }
        (void)wtl_message_open(x, &body, 64);
        wtl_put_array(&body, 2);
        wtl_put_u64(&body, link->theirs);
        put_ranges(in, i, &body);
        wtl_tell(x, link->pid, WTL_FLOW_TAG_ACK, &body);
    }
    in->settled_count = 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

void wtl__in_ask(struct wtl_ctx *x, struct wtl_in *in, uint64_t count)
{
    in->to_ask += count;
    if (in->to_ask == 0 || in->count == 0) {
        return;
    }
    uint64_t each = in->to_ask / in->count;
    uint64_t rest = in->to_ask % in->count;
    in->to_ask = 0;
    for (uint32_t i = 0; i < in->used; i++) {
        uint32_t slot = (in->turn + i) % in->used;
        struct wtl_in_link *link = &in->links[slot];
        uint64_t share = each + (rest > 0);
        if (wtl_pid_is_none(link->pid) || share == 0) {
            continue;
        }
        if (rest > 0 && --rest == 0) {
            in->turn = slot + 1; /* the next one is the first to get one more */
        }
        link->asked += share;
        const uint64_t numbers[] = {link->theirs, share};
        wtl__flow_send_numbers(x, link->pid, WTL_FLOW_TAG_ASK, numbers, 2);
    }
}
