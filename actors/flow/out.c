/* out.c - see out.h. Wiring is in out_wire.c. */
#include "flow/out.h"

#include "flow/out_private.h"

/* ---- links -------------------------------------------------------------------------------- */

static struct wtl_out_link *find(struct wtl_out *out, uint64_t id, struct wtl_pid from)
{
    uint32_t hint = (uint32_t)(id & 0xffff);
    struct wtl_out_link *link = NULL;
    if (hint < out->link_count && out->links[hint].id == id) {
        link = &out->links[hint];
    }
    for (uint32_t i = 0; i < out->link_count && link == NULL; i++) {
        link = out->links[i].id == id ? &out->links[i] : NULL;
    }
    bool fits = link != NULL && id != 0 && wtl_pid_equal(link->pid, from);
    return fits && link->state >= WTL_OUT_OPENING ? link : NULL;
}

static void retry_later(struct wtl_ctx *x, struct wtl_out *out)
{
    if (!out->retrying) {
        out->retrying = wtl_after(x, WTL_OUT_RETRY_MS, WTL_FLOW_TAG_RETRY, NULL) != 0;
    }
}

void wtl__out_open(struct wtl_ctx *x, struct wtl_out *out, struct wtl_out_link *link)
{
    if (wtl_pid_is_none(link->pid)) {
        link->state = WTL_OUT_DEAD;
        return;
    }
    link->id = ++out->serial << 16 | (uint64_t)((link - out->links) & 0xffff);
    link->base = 1;
    link->next = 1;
    link->bytes = 0;
    link->window = 0;
    link->state = WTL_OUT_OPENING;
    link->monitor = wtl_monitor(x, link->pid);
    const uint64_t numbers[] = {link->id, out->arrows[link->arrow].member,
                                wtl__count_get(out->counts, WTL_FLOW_OUT)};
    enum wtl_status status = wtl__flow_tell_numbers(x, link->pid, WTL_FLOW_TAG_OPEN, numbers, 3);
    if (status != WTL_OK && status != WTL_BUSY) {
        wtl__out_lose(x, out, link, WTL_OUT_LOST);
    }
}

void wtl__out_lose(struct wtl_ctx *x, struct wtl_out *out, struct wtl_out_link *link,
                   enum wtl_out_state state)
{
    if (link->monitor != 0) {
        (void)wtl_demonitor(x, link->monitor);
        link->monitor = 0;
    }
    link->state = state;
    for (; link->base < link->next; link->base++) {
        struct wtl_out_sent *sent = &link->ring[link->base & (link->ring_size - 1)];
        if (!sent->done) {
            sent->done = true;
            out->under_way--;
            out->settled(x, out->unit, link->arrow, sent->cookie, false);
        }
    }
    link->bytes = 0;
    if (state == WTL_OUT_LOST) {
        retry_later(x, out);
    }
}

void wtl__out_retry(struct wtl_ctx *x, struct wtl_out *out)
{
    out->retrying = false;
    for (uint32_t i = 0; i < out->link_count; i++) {
        if (out->links[i].state == WTL_OUT_LOST) {
            wtl__out_open(x, out, &out->links[i]);
        }
    }
}

bool wtl__out_down(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_down *down)
{
    for (uint32_t i = 0; i < out->link_count; i++) {
        struct wtl_out_link *link = &out->links[i];
        if (link->monitor == down->ref) {
            bool lost = down->reason.class_ == WTL_EXIT_NOCONNECTION;
            link->monitor = 0;
            wtl__out_lose(x, out, link, lost ? WTL_OUT_LOST : WTL_OUT_DEAD);
            return true;
        }
    }
    return false;
}

/* ---- sending ------------------------------------------------------------------------------ */

static struct wtl_out_link *choose(const struct wtl_out *out, uint32_t arrow, uint64_t seq)
{
    if (arrow >= out->arrow_count || out->arrows[arrow].count == 0) {
        return NULL;
    }
    const struct wtl_out_arrow *to = &out->arrows[arrow];
    return &out->links[to->first + seq % to->count];
}

/* What a link may still take. One alone is always taken, however large it is. */
static uint64_t room_of(const struct wtl_out_link *link)
{
    uint64_t span = link->next - link->base;
    if (link->state != WTL_OUT_OPEN || span >= link->window ||
        (span > 0 && link->bytes >= link->window_bytes)) {
        return 0;
    }
    return link->window - span;
}

bool wtl__out_ready(const struct wtl_out *out, uint32_t arrow, uint64_t seq)
{
    const struct wtl_out_link *link = choose(out, arrow, seq);
    return link != NULL && room_of(link) > 0;
}

uint64_t wtl__out_room(const struct wtl_out *out, uint32_t arrow)
{
    uint64_t room = 0;
    for (uint32_t i = 0; i < out->arrows[arrow].count; i++) {
        room += room_of(&out->links[out->arrows[arrow].first + i]);
    }
    return room;
}

/* Makes room in the ring for one more. */
static bool ring_grow(struct wtl_ctx *x, struct wtl_out_link *link)
{
    if (link->next - link->base < link->ring_size) {
        return true;
    }
    uint32_t larger = link->ring_size == 0 ? 16 : link->ring_size * 2;
    struct wtl_out_sent *ring = wtl_alloc(x, larger * sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    for (uint64_t n = link->base; n < link->next; n++) {
        ring[n & (larger - 1)] = link->ring[n & (link->ring_size - 1)];
    }
    wtl_free(x, link->ring);
    link->ring = ring;
    link->ring_size = larger;
    return true;
}

bool wtl__out_send(struct wtl_ctx *x, struct wtl_out *out, uint32_t arrow,
                   struct wtl_flow_data *data, uint64_t cookie)
{
    struct wtl_out_link *link = choose(out, arrow, data->key.seq);
    struct wtl_writer body;
    if (link == NULL || room_of(link) == 0 || !ring_grow(x, link)) {
        return false;
    }
    data->link = link->theirs;
    data->n = link->next;
    (void)wtl_message_open(x, &body, data->size + WTL_FLOW_HEAD_MAX);
    wtl__flow_put_data(&body, data);
    enum wtl_status status = wtl_try_tell(x, link->pid, WTL_FLOW_TAG_DATA, &body);
    if (status != WTL_OK && status != WTL_BUSY) {
        wtl__out_lose(x, out, link, WTL_OUT_LOST);
        return false;
    }
    link->ring[link->next & (link->ring_size - 1)] =
        (struct wtl_out_sent){.cookie = cookie, .size = data->size};
    link->next++;
    link->bytes += data->size;
    out->under_way++;
    return true;
}

/* ---- what comes back ---------------------------------------------------------------------- */

void wtl__out_credit(struct wtl_out *out, const struct wtl_msg *message)
{
    uint64_t numbers[4];
    if (!wtl__flow_get_numbers(message, numbers, 4)) {
        return;
    }
    struct wtl_out_link *link = find(out, numbers[0], message->from);
    if (link != NULL) {
        link->theirs = numbers[1];
        link->window = numbers[2] > WTL_OUT_WINDOW_MAX ? WTL_OUT_WINDOW_MAX : numbers[2];
        link->window_bytes = numbers[3];
        link->state = WTL_OUT_OPEN;
    }
}

/* One range of an acknowledgement, as far as it is under way. */
static void settle(struct wtl_ctx *x, struct wtl_out *out, struct wtl_out_link *link,
                   uint64_t first, uint64_t count)
{
    uint64_t end = count > link->next || first > link->next - count ? link->next : first + count;
    for (uint64_t n = first < link->base ? link->base : first; n < end; n++) {
        struct wtl_out_sent *sent = &link->ring[n & (link->ring_size - 1)];
        if (!sent->done) {
            sent->done = true;
            link->bytes -= sent->size;
            out->under_way--;
            out->settled(x, out->unit, link->arrow, sent->cookie, true);
        }
    }
}

void wtl__out_ack(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    bool shape = wtl_get_array(&reader) == 2;
    struct wtl_out_link *link = find(out, wtl_get_u64(&reader), message->from);
    if (!shape || link == NULL) {
        return;
    }
    for (uint32_t left = wtl_get_array(&reader); left >= 2; left -= 2) {
        uint64_t first = wtl_get_u64(&reader);
        uint64_t count = wtl_get_u64(&reader);
        settle(x, out, link, first, count);
    }
    while (link->base < link->next && link->ring[link->base & (link->ring_size - 1)].done) {
        link->base++;
    }
}

void wtl__out_reset(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_msg *message)
{
    uint64_t id;
    struct wtl_out_link *link =
        wtl__flow_get_numbers(message, &id, 1) ? find(out, id, message->from) : NULL;
    if (link != NULL) {
        wtl__out_lose(x, out, link, WTL_OUT_DEAD);
        wtl__out_open(x, out, link);
    }
}

uint32_t wtl__out_ask(struct wtl_out *out, const struct wtl_msg *message)
{
    uint64_t numbers[2];
    if (!wtl__flow_get_numbers(message, numbers, 2) || numbers[1] > WTL_FLOW_ASK_MAX) {
        return UINT32_MAX;
    }
    const struct wtl_out_link *link = find(out, numbers[0], message->from);
    if (link == NULL) {
        return UINT32_MAX;
    }
    out->arrows[link->arrow].asked += numbers[1];
    return link->arrow;
}
