/*
 * session.c - any bytes to a session, in chunks and with time passing as the input says, and the
 * data frames that it hands up to the receiving half of an association.
 *
 * Goal: no crash, no leak, bounded memory; what a session has closed stays closed. The first byte
 * chooses whether a good hello and welcome go first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mesh/assoc.h"
#include "mesh/session.h"
#include "wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct upper {
    struct wtl__receiver receiver;
    bool open;
    uint64_t now_ms;
};

static void on_mail(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    (void)context;
    (void)to;
    wtl__envelope_free(envelope);
}

static enum wtl_status on_frame(void *context, const struct wtl__frame *frame)
{
    struct upper *upper = context;
    struct wtl__open open;
    if (frame->type == WTL__FRAME_OPEN && wtl__get_open(frame, &open) == WTL_OK) {
        if (!upper->open) {
            wtl__receiver_init(&upper->receiver, &open);
            upper->open = true;
        }
        return wtl__receiver_open(&upper->receiver, &open);
    }
    if (frame->type == WTL__FRAME_DATA && upper->open && frame->size >= 2) {
        return wtl__receiver_data(&upper->receiver, frame, upper->now_ms, on_mail, upper);
    }
    return WTL_OK;
}

static struct wtl__session_config config(const char *self, const char *peer)
{
    struct wtl_identity own = {.layer = WTL_LAYER_EDGE};
    struct wtl__session_config made = {.hello = {.version_min = 1,
                                                 .version_max = 1,
                                                 .layer = WTL_LAYER_EDGE,
                                                 .link_class = WTL__CLASS_LAN,
                                                 .beat_ms = 500},
                                       .peer = {.layer = WTL_LAYER_EDGE}};
    (void)snprintf(own.mesh, sizeof own.mesh, "%s", "fuzz");
    (void)snprintf(own.name, sizeof own.name, "%s", self);
    (void)snprintf(made.hello.name, sizeof made.hello.name, "%s", self);
    (void)snprintf(made.peer.mesh, sizeof made.peer.mesh, "%s", "fuzz");
    (void)snprintf(made.peer.name, sizeof made.peer.name, "%s", peer);
    made.hello.node = wtl_identity_node_bits(&own) << 24 | 1;
    return made;
}

static void good_start(struct wtl__session *session, struct upper *upper)
{
    uint8_t bytes[512];
    struct wtl__session_config peer = config("peer", "self");
    struct wtl__welcome welcome = {.version = 1};
    size_t size = wtl__put_hello(bytes, sizeof bytes, &peer.hello);
    size += wtl__put_welcome(bytes + size, sizeof bytes - size, &welcome);
    wtl__session_bytes(session, bytes, size, 0, on_frame, upper);
    if (session->state != WTL__SESSION_UP) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wtl__session session;
    struct upper upper = {0};
    struct wtl__session_config own = config("self", "peer");
    uint8_t out[WTL__FRAME_MAX];
    if (size < 2) {
        return 0;
    }
    wtl__session_init(&session, &own, 0);
    if ((data[0] & 1) != 0) {
        good_start(&session, &upper);
    }
    size_t chunk = 1 + data[1];
    data += 2;
    size -= 2;
    while (size > 0) {
        size_t piece = size < chunk ? size : chunk;
        bool closed = session.state == WTL__SESSION_CLOSED;
        wtl__session_bytes(&session, data, piece, upper.now_ms, on_frame, &upper);
        if (closed && session.state != WTL__SESSION_CLOSED) {
            abort();
        }
        data += piece;
        size -= piece;
        upper.now_ms += chunk;
        wtl__session_tick(&session, upper.now_ms);
        while (wtl__session_fill(&session, out, sizeof out) > 0) {
        }
    }
    if (upper.open) {
        wtl__receiver_deinit(&upper.receiver);
    }
    wtl__session_deinit(&session);
    return 0;
}
