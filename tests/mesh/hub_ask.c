/* hub_ask.c - what a test asks of the hubs of hub_kit.h, and the mail that it sends. */
#include "hub_kit.h"

uint64_t hub_net_id(const struct hub_net *net, uint32_t node)
{
    return net->nodes[node].config.node;
}

bool hub_net_knows(const struct hub_net *net, uint32_t node, uint32_t other)
{
    uint8_t layer;
    return net->nodes[node].hub != NULL &&
           wtl__core_node_is_known(wtl__hub_core(net->nodes[node].hub), hub_net_id(net, other),
                                   &layer);
}

void hub_net_mail(struct hub_net *net, uint32_t from, uint32_t to, uint64_t number)
{
    struct wtl_writer writer;
    struct wtl_pid pid = {.node = hub_net_id(net, to), .local = 5};
    cr_assert(wtl__message_open(&writer, 16));
    wtl_put_u64(&writer, number);
    struct wtl__envelope *envelope = wtl__message_take(&writer, WTL__MESSAGE);
    cr_assert_not_null(envelope);
    envelope->msg.tag = WTL_TAG("number");
    envelope->msg.from = (struct wtl_pid){.node = hub_net_id(net, from), .local = 6};
    wtl__hub_send(net->nodes[from].hub, pid, envelope, net->now_ms);
}

static bool is(const struct said *said, enum said_kind kind, uint64_t of)
{
    return said->kind == kind && (of == 0 || said->node == of);
}

uint32_t hub_net_said(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->nodes[node].said_count; i++) {
        count += is(&net->nodes[node].said[i], kind, of) ? 1 : 0;
    }
    return count;
}

uint32_t hub_net_first(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of)
{
    for (uint32_t i = 0; i < net->nodes[node].said_count; i++) {
        if (is(&net->nodes[node].said[i], kind, of)) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t hub_net_last(const struct hub_net *net, uint32_t node, enum said_kind kind, uint64_t of)
{
    for (uint32_t i = net->nodes[node].said_count; i-- > 0;) {
        if (is(&net->nodes[node].said[i], kind, of)) {
            return i;
        }
    }
    return UINT32_MAX;
}
