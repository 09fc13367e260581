/* hub_wires.c - the byte streams between the hubs of hub_kit.h. */
#include "hub_kit.h"

#include <stdlib.h>

#define WALL_S INT64_C(1768478400)

int64_t hub_net_wall_s(const struct hub_net *net)
{
    return WALL_S + (int64_t)(net->now_ms / 1000);
}

void hub_wire_break(struct hub_net *net, struct hub_wire *wire)
{
    struct hub_wire gone = *wire;
    free(wire->bytes[0]);
    free(wire->bytes[1]);
    *wire = (struct hub_wire){0};
    for (int end = 0; end < 2; end++) {
        struct hub_node *node = gone.ends[end] == UINT32_MAX ? NULL : &net->nodes[gone.ends[end]];
        if (node == NULL || node->hub == NULL) {
            continue;
        }
        if (gone.numbers[end] != 0) {
            wtl__hub_link_closed(node->hub, gone.numbers[end], WTL_CLOSED, net->now_ms);
        } else if (end == 0) {
            const char *address =
                gone.ends[1] == UINT32_MAX ? "nowhere" : net->nodes[gone.ends[1]].config.name;
            wtl__hub_dial_failed(node->hub, address, WTL_NO_CONNECTION, net->now_ms);
        }
    }
}

/* Bytes under way are lots: when they arrive, how many, and they themselves. */
struct lot {
    uint64_t at_ms;
    size_t size;
};

void hub_wire_put(struct hub_net *net, struct hub_wire *wire, int end, const uint8_t *bytes,
                  size_t size)
{
    struct lot lot = {.at_ms = net->now_ms + HUB_DELAY_MS, .size = size};
    wire->bytes[end] = realloc(wire->bytes[end], wire->size[end] + sizeof lot + size);
    cr_assert_not_null(wire->bytes[end]);
    memcpy(wire->bytes[end] + wire->size[end], &lot, sizeof lot);
    memcpy(wire->bytes[end] + wire->size[end] + sizeof lot, bytes, size);
    wire->size[end] += sizeof lot + size;
}

static bool pull(struct hub_net *net, struct hub_wire *wire, int end)
{
    uint8_t record[WTL__FRAME_MAX];
    struct hub_node *node = &net->nodes[wire->ends[end]];
    size_t size = 0;
    if (node->puppet != NULL) {
        size = wtl__session_fill(node->puppet, record, sizeof record);
    } else if (node->hub != NULL) {
        size = wtl__hub_fill(node->hub, wire->numbers[end], record, sizeof record, net->now_ms);
    }
    if (size > 0) {
        hub_wire_put(net, wire, end, record, size);
    }
    return size > 0;
}

static enum wtl_status on_puppet_frame(void *context, const struct wtl__frame *frame)
{
    struct hub_node *node = context;
    node->heard[frame->type]++;
    return WTL_OK;
}

static bool bring(struct hub_net *net, struct hub_wire *wire, int end)
{
    struct lot lot;
    if (wire->size[end] == 0 || wire->stuck[end] || net->cut[wire->ends[0]][wire->ends[1]]) {
        return false;
    }
    memcpy(&lot, wire->bytes[end], sizeof lot);
    if (lot.at_ms > net->now_ms) {
        return false;
    }
    uint8_t *bytes = malloc(lot.size);
    cr_assert_not_null(bytes);
    memcpy(bytes, wire->bytes[end] + sizeof lot, lot.size);
    wire->size[end] -= sizeof lot + lot.size;
    memmove(wire->bytes[end], wire->bytes[end] + sizeof lot + lot.size, wire->size[end]);
    struct hub_node *to = &net->nodes[wire->ends[1 - end]];
    if (to->puppet != NULL) {
        wtl__session_bytes(to->puppet, bytes, lot.size, net->now_ms, on_puppet_frame, to);
    } else {
        wtl__hub_link_bytes(to->hub, wire->numbers[1 - end], bytes, lot.size, net->now_ms,
                            hub_net_wall_s(net));
    }
    free(bytes);
    return true;
}

static void connect_wire(struct hub_net *net, struct hub_wire *wire)
{
    static uint8_t secret;
    uint8_t binding[32] = {0};
    struct hub_node *to = wire->ends[1] == UINT32_MAX ? NULL : &net->nodes[wire->ends[1]];
    if (to == NULL || to->hub == NULL || net->cut[wire->ends[0]][wire->ends[1]]) {
        hub_wire_break(net, wire);
        return;
    }
    binding[0] = ++secret;
    for (int end = 0; end < 2; end++) {
        struct hub_node *node = &net->nodes[wire->ends[end]];
        wire->numbers[end] =
            wtl__hub_link_open(node->hub, &net->nodes[wire->ends[1 - end]].identity, binding,
                               end == 0, NULL, net->now_ms);
    }
    if (wire->numbers[0] == 0 || wire->numbers[1] == 0) {
        hub_wire_break(net, wire);
    }
}

bool hub_wire_run(struct hub_net *net, struct hub_wire *wire)
{
    bool some = false;
    if (!wire->used) {
        return false;
    }
    if (wire->numbers[0] == 0 && wire->numbers[1] == 0) {
        some = wire->due_ms <= net->now_ms;
        if (some) {
            connect_wire(net, wire);
        }
        return some;
    }
    for (int end = 0; end < 2; end++) {
        some = pull(net, wire, end) || some;
        some = bring(net, wire, end) || some;
    }
    bool flushed = wire->size[0] == 0 && wire->size[1] == 0;
    bool lost = net->cut[wire->ends[0]][wire->ends[1]] && wire->closing[0] && wire->closing[1];
    if (!some && (wire->closing[0] || wire->closing[1]) && (flushed || lost)) {
        hub_wire_break(net, wire);
        return true;
    }
    return some;
}

struct hub_wire *hub_net_wire(struct hub_net *net, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < HUB_WIRES; i++) {
        struct hub_wire *wire = &net->wires[i];
        if (wire->used && ((wire->ends[0] == a && wire->ends[1] == b) ||
                           (wire->ends[0] == b && wire->ends[1] == a))) {
            return wire;
        }
    }
    cr_assert_fail("there is no wire");
    return NULL;
}

void hub_net_stick(struct hub_net *net, uint32_t from, uint32_t to, bool stuck)
{
    struct hub_wire *wire = hub_net_wire(net, from, to);
    wire->stuck[wire->ends[0] == from ? 0 : 1] = stuck;
}

void hub_net_cut(struct hub_net *net, uint32_t a, uint32_t b, bool cut)
{
    net->cut[a][b] = net->cut[b][a] = cut;
}
