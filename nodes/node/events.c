/* events.c - see events.h. */
#include "node/events.h"

#include "certs/identity.h"

static struct wtl__envelope *node_message(bool up, uint64_t node, const char *name, uint8_t layer,
                                          enum wtl_status why)
{
    struct wtl_writer body;
    const char *layer_name = wtl_layer_name((enum wtl_layer)layer);
    const char *reason = wtl_status_word(why);
    layer_name = layer_name != NULL ? layer_name : "";
    (void)wtl__message_open(&body, 160);
    wtl_put_map(&body, 4);
    WTL_PUT_KEY(&body, "node");
    wtl_put_u64(&body, node);
    WTL_PUT_KEY(&body, "name");
    wtl_put_str(&body, name, strlen(name));
    WTL_PUT_KEY(&body, "layer");
    wtl_put_str(&body, layer_name, strlen(layer_name));
    WTL_PUT_KEY(&body, "reason");
    wtl_put_str(&body, reason, strlen(reason));
    struct wtl__envelope *message = wtl__message_take(&body, WTL__LOCAL);
    if (message != NULL) {
        message->msg.tag = up ? WTL_TAG("node_up") : WTL_TAG("node_down");
    }
    return message;
}

void wtl__events_node(struct wtl__runtime *runtime, bool up, uint64_t node, const char *name,
                      uint8_t layer, enum wtl_status why)
{
    struct wtl__envelope *message = NULL;
    uint32_t used = atomic_load_explicit(&runtime->cells.used, memory_order_acquire);
    for (uint32_t slot = 0; slot < used; slot++) {
        struct wtl__cell *cell = wtl__cells_at(&runtime->cells, slot);
        uint64_t local = atomic_load_explicit(&cell->local, memory_order_relaxed);
        if (local == 0 || (atomic_load_explicit(&cell->remote, memory_order_relaxed) &
                           WTL__REMOTE_WATCHES) == 0) {
            continue;
        }
        if (message == NULL) {
            message = node_message(up, node, name, layer, why);
        }
        struct wtl__envelope *one = message != NULL ? wtl__message_share(&message->msg) : NULL;
        if (one != NULL) {
            one->msg.kind_ = WTL__LOCAL;
            one->msg.tag = message->msg.tag;
            (void)wtl__deliver(runtime, NULL,
                               (struct wtl_pid){.node = runtime->node, .local = local}, one);
        }
    }
    if (message != NULL) {
        wtl__envelope_free(message);
    }
}

void wtl__events_name_lost(struct wtl__runtime *runtime, struct wtl_pid pid, const char *name)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 80);
    wtl_put_map(&body, 1);
    WTL_PUT_KEY(&body, "name");
    wtl_put_str(&body, name, strlen(name));
    struct wtl__envelope *message = wtl__message_take(&body, WTL__LOCAL);
    if (message != NULL) {
        message->msg.tag = WTL_TAG("name_lost");
        (void)wtl__deliver(runtime, NULL, pid, message);
    }
}
