/*
 * out_wire.c - where the links lead: taking a new wiring over from the old one. See out.h.
 *
 * The arrows of a unit never change while it lives; only the instances that they lead to do.
 */
#include "flow/out_private.h"

struct wiring {
    struct wtl_out_arrow *arrows;
    struct wtl_out_link *links;
    uint32_t arrow_count;
    uint32_t link_count;
    uint64_t epoch;
    bool back;
    bool pulls;
};

static enum wtl_status read_arrow(struct wtl_reader *reader, struct wtl_out_arrow *arrow)
{
    size_t size = 0;
    bool shape = wtl_get_array(reader) == 3;
    const char *name = wtl_get_str(reader, &size);
    arrow->member = wtl_get_bool(reader);
    if (!shape || reader->failed || size >= sizeof arrow->name) {
        return WTL_BAD_PAYLOAD;
    }
    memset(arrow->name, 0, sizeof arrow->name);
    memcpy(arrow->name, name, size);
    return WTL_OK;
}

/* The pids of one arrow behind the links that are there; counted first, when links is NULL. */
static enum wtl_status read_pids(struct wtl_reader *reader, struct wiring *wiring, uint16_t arrow)
{
    uint32_t left = wtl_get_array(reader);
    if (left % 2 != 0 || left / 2 > WTL_OUT_LINKS_MAX - wiring->link_count) {
        return WTL_BAD_PAYLOAD;
    }
    for (; left > 0; left -= 2) {
        struct wtl_pid pid;
        pid.node = wtl_get_u64(reader);
        pid.local = wtl_get_u64(reader);
        if (wiring->links != NULL) {
            wiring->links[wiring->link_count] = (struct wtl_out_link){.pid = pid, .arrow = arrow};
        }
        wiring->link_count++;
    }
    return reader->failed ? WTL_BAD_PAYLOAD : WTL_OK;
}

/* Once to count, with links and arrows NULL, and once to fill. */
static enum wtl_status read_wiring(const struct wtl_msg *message, struct wiring *wiring)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl_out_arrow skipped;
    bool shape = wtl_get_array(&reader) == 4;
    wiring->epoch = wtl_get_u64(&reader);
    wiring->back = wtl_get_bool(&reader);
    wiring->pulls = wtl_get_bool(&reader);
    wiring->arrow_count = wtl_get_array(&reader);
    wiring->link_count = 0;
    if (!shape || wiring->arrow_count > WTL_OUT_ARROWS_MAX) {
        return WTL_BAD_PAYLOAD;
    }
    for (uint32_t i = 0; i < wiring->arrow_count; i++) {
        struct wtl_out_arrow *arrow = wiring->arrows != NULL ? &wiring->arrows[i] : &skipped;
        uint32_t first = wiring->link_count;
        enum wtl_status status = read_arrow(&reader, arrow);
        status = status == WTL_OK ? read_pids(&reader, wiring, (uint16_t)i) : status;
        if (status != WTL_OK) {
            return status;
        }
        arrow->first = first;
        arrow->count = wiring->link_count - first;
        arrow->asked = 0;
    }
    return reader.failed || wtl_left(&reader) > 0 ? WTL_BAD_PAYLOAD : WTL_OK;
}

static bool same_arrows(const struct wtl_out *out, const struct wiring *wiring)
{
    bool same = out->arrow_count == wiring->arrow_count;
    for (uint32_t i = 0; i < out->arrow_count && same; i++) {
        same = strcmp(out->arrows[i].name, wiring->arrows[i].name) == 0 &&
               out->arrows[i].member == wiring->arrows[i].member;
    }
    return same;
}

/* A link of the old wiring that leads to the same actor goes over as it is. The place counts too:
 * sequence numbers choose by it. */
static void take_over(struct wtl_out *out, struct wiring *wiring)
{
    for (uint32_t a = 0; a < out->arrow_count; a++) {
        const struct wtl_out_arrow *from = &out->arrows[a];
        const struct wtl_out_arrow *to = &wiring->arrows[a];
        for (uint32_t i = 0; i < from->count && i < to->count; i++) {
            struct wtl_out_link *old = &out->links[from->first + i];
            struct wtl_out_link *new = &wiring->links[to->first + i];
            if (wtl_pid_equal(old->pid, new->pid) && old->state >= WTL_OUT_OPENING) {
                *new = *old;
                old->ring = NULL;
                old->state = WTL_OUT_DEAD;
                old->monitor = 0;
                old->base = old->next;
            }
        }
    }
}

static void close_rest(struct wtl_ctx *x, struct wtl_out *out)
{
    for (uint32_t i = 0; i < out->link_count; i++) {
        struct wtl_out_link *link = &out->links[i];
        if (link->state == WTL_OUT_OPEN) {
            wtl__flow_send_numbers(x, link->pid, WTL_FLOW_TAG_CLOSE, &link->theirs, 1);
        }
        if (link->state != WTL_OUT_DEAD) {
            wtl__out_lose(x, out, link, WTL_OUT_DEAD);
        }
        wtl_free(x, link->ring);
    }
}

static void put_in_place(struct wtl_ctx *x, struct wtl_out *out, const struct wiring *wiring)
{
    for (uint32_t i = 0; i < out->arrow_count; i++) {
        wiring->arrows[i].asked = out->arrows[i].asked;
    }
    close_rest(x, out);
    wtl_free(x, out->links);
    wtl_free(x, out->arrows);
    out->links = wiring->links;
    out->link_count = wiring->link_count;
    out->arrows = wiring->arrows;
    out->arrow_count = wiring->arrow_count;
    out->epoch = wiring->epoch;
    out->back = wiring->back;
    out->pulls = wiring->pulls;
    out->wired = true;
    for (uint32_t i = 0; i < out->link_count; i++) {
        if (out->links[i].state == WTL_OUT_DEAD) {
            wtl__out_open(x, out, &out->links[i]);
        }
    }
}

enum wtl_status wtl__out_wire(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_msg *message)
{
    struct wiring wiring = {0};
    enum wtl_status status = read_wiring(message, &wiring);
    if (status != WTL_OK) {
        return status;
    }
    size_t links = (wiring.link_count + 1) * sizeof *wiring.links;
    size_t arrows = (wiring.arrow_count + 1) * sizeof *wiring.arrows;
    wiring.links = wtl_alloc(x, links);
    wiring.arrows = wtl_alloc(x, arrows);
    if (wiring.links == NULL || wiring.arrows == NULL) {
        wtl_free(x, wiring.links);
        wtl_free(x, wiring.arrows);
        return WTL_NO_MEMORY;
    }
    status = read_wiring(message, &wiring);
    if (status == WTL_OK && out->wired && !same_arrows(out, &wiring)) {
        status = WTL_INVALID;
    }
    if (status != WTL_OK) {
        wtl_free(x, wiring.links);
        wtl_free(x, wiring.arrows);
        return status;
    }
    if (out->wired) {
        take_over(out, &wiring);
    }
    put_in_place(x, out, &wiring);
    return WTL_OK;
}
