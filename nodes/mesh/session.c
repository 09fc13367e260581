/* session.c - one link: hello, heartbeat, control queue. See session.h. */
#include "mesh/session.h"

#include <stdio.h>

#include "base/attr.h"
#include "base/pool.h"

static void close_now(struct wtl__session *s, enum wtl_status status, const char *text)
{
    if (s->state == WTL__SESSION_CLOSED) {
        return;
    }
    s->state = WTL__SESSION_CLOSED;
    s->status = status;
    (void)snprintf(s->text, sizeof s->text, "%s", text);
}

static bool reserve(struct wtl__session *s, size_t size)
{
    if (s->control_at > 0) {
        memmove(s->control, s->control + s->control_at, s->control_size - s->control_at);
        s->control_size -= s->control_at;
        s->control_at = 0;
    }
    size_t need = s->control_size + size;
    if (need > WTL__SESSION_CONTROL_MAX) {
        return false;
    }
    if (need <= s->control_capacity) {
        return true;
    }
    size_t capacity = s->control_capacity == 0 ? 1024 : s->control_capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    uint8_t *larger = wtl__pool_take(capacity);
    if (larger == NULL) {
        return false;
    }
    if (s->control != NULL) {
        memcpy(larger, s->control, s->control_size);
        wtl__pool_give(s->control);
    }
    s->control = larger;
    s->control_capacity = (uint32_t)capacity;
    return true;
}

static void queue(struct wtl__session *s, const uint8_t *frame, size_t size)
{
    if (!reserve(s, size)) {
        close_now(s, WTL_FULL, "the peer does not read: its control queue is full");
        return;
    }
    memcpy(s->control + s->control_size, frame, size);
    s->control_size += (uint32_t)size;
    s->frames_out++;
}

void wtl__session_init(struct wtl__session *session, const struct wtl__session_config *config,
                       uint64_t now_ms)
{
    uint8_t frame[512];
    *session = (struct wtl__session){.state = WTL__SESSION_HELLO,
                                     .config = *config,
                                     .setup_by_ms = now_ms + WTL__SESSION_SETUP_MS,
                                     .heard_ms = now_ms,
                                     .beat_due_ms = now_ms + config->hello.beat_ms};
    size_t size = wtl__put_hello(frame, sizeof frame, &config->hello);
    WTL_ASSERT(size > 0);
    queue(session, frame, size);
}

void wtl__session_deinit(struct wtl__session *session)
{
    wtl__pool_give(session->in);
    wtl__pool_give(session->control);
    session->in = NULL;
    session->control = NULL;
}

void wtl__session_close(struct wtl__session *session, enum wtl_status status, const char *text)
{
    uint8_t frame[256];
    size_t size;
    if (session->state == WTL__SESSION_CLOSED) {
        return;
    }
    if (session->state == WTL__SESSION_UP && (status == WTL_CLOSED || status == WTL_SHUTDOWN)) {
        size = wtl__put_goodbye(frame, sizeof frame, status);
    } else {
        struct wtl__refuse refuse = {.status = status,
                                     .version_min = session->config.hello.version_min,
                                     .version_max = session->config.hello.version_max};
        (void)snprintf(refuse.text, sizeof refuse.text, "%.120s", text);
        size = wtl__put_refuse(frame, sizeof frame, &refuse);
    }
    queue(session, frame, size);
    close_now(session, status, text);
}

void wtl__session_send(struct wtl__session *session, const uint8_t *frame, size_t size)
{
    if (session->state != WTL__SESSION_CLOSED) {
        queue(session, frame, size);
    }
}

size_t wtl__session_fill(struct wtl__session *session, uint8_t *out, size_t capacity)
{
    size_t filled = 0;
    while (session->control_at < session->control_size) {
        struct wtl__frame frame;
        size_t used = 0;
        const uint8_t *at = session->control + session->control_at;
        enum wtl_status whole =
            wtl__frame_next(at, session->control_size - session->control_at, &frame, &used);
        WTL_ASSERT(whole == WTL_OK);
        if (used > capacity - filled) {
            break;
        }
        memcpy(out + filled, at, used);
        filled += used;
        session->control_at += (uint32_t)used;
    }
    if (session->control_at == session->control_size) {
        /* an idle link holds no buffer */
        wtl__pool_give(session->control);
        session->control = NULL;
        session->control_at = session->control_size = session->control_capacity = 0;
    }
    session->bytes_out += filled;
    return filled;
}

/* ---- what comes in ------------------------------------------------------------------------ */

static void up_if_both(struct wtl__session *s, uint64_t now_ms)
{
    if (s->welcomed && s->state == WTL__SESSION_WELCOME) {
        s->state = WTL__SESSION_UP;
        s->beat_due_ms = now_ms + s->config.hello.beat_ms;
    }
}

/* The peer may only be who its certificate says, and a hello that was relayed is told by its
 * binding. Returns what is wrong, or NULL. */
static const char *hello_error(const struct wtl__session *s, const struct wtl__hello *peer,
                               enum wtl_status *status_out)
{
    const struct wtl_identity *identity = &s->config.peer;
    *status_out = WTL_IDENTITY;
    if (strcmp(peer->name, identity->name) != 0) {
        return "the hello has another name than the certificate";
    }
    if (peer->layer != (uint8_t)identity->layer) {
        return "the hello has another layer than the certificate";
    }
    if (peer->node >> 24 != wtl_identity_node_bits(identity)) {
        return "the hello's node id is not that of the certificate";
    }
    if (s->config.expected[0] != '\0' && strcmp(s->config.expected, identity->name) != 0) {
        return "another node answered than was dialled";
    }
    if (memcmp(peer->binding, s->config.hello.binding, sizeof peer->binding) != 0) {
        return "the hello was made for another connection";
    }
    if (peer->node >> 24 == s->config.hello.node >> 24) {
        *status_out = WTL_DUPLICATE;
        return "the peer has this node's own name";
    }
    *status_out = WTL_VERSION;
    if (peer->version_min > s->config.hello.version_max ||
        peer->version_max < s->config.hello.version_min) {
        return "no protocol version in common";
    }
    return NULL;
}

static void on_hello(struct wtl__session *s, const struct wtl__frame *frame, uint64_t now_ms)
{
    uint8_t out[64];
    if (s->state != WTL__SESSION_HELLO) {
        wtl__session_close(s, WTL_PROTOCOL, "a second hello");
        return;
    }
    if (wtl__get_hello(frame, &s->peer) != WTL_OK) {
        wtl__session_close(s, WTL_PROTOCOL, "malformed hello");
        return;
    }
    enum wtl_status status;
    const char *error = hello_error(s, &s->peer, &status);
    if (error != NULL) {
        wtl__session_close(s, status, error);
        return;
    }
    const struct wtl__hello *own = &s->config.hello;
    s->version = own->version_max < s->peer.version_max ? own->version_max : s->peer.version_max;
    s->capabilities = own->capabilities & s->peer.capabilities;
    struct wtl__welcome welcome = {.version = s->version, .capabilities = s->capabilities};
    queue(s, out, wtl__put_welcome(out, sizeof out, &welcome));
    if (s->state != WTL__SESSION_CLOSED) {
        s->state = WTL__SESSION_WELCOME;
        up_if_both(s, now_ms);
    }
}

static void on_welcome(struct wtl__session *s, const struct wtl__frame *frame, uint64_t now_ms)
{
    struct wtl__welcome welcome;
    if (s->welcomed || wtl__get_welcome(frame, &welcome) != WTL_OK) {
        wtl__session_close(s, WTL_PROTOCOL, "malformed or second welcome");
        return;
    }
    if (s->state != WTL__SESSION_WELCOME || welcome.version != s->version) {
        wtl__session_close(s, WTL_PROTOCOL, "a welcome before the hello, or of another version");
        return;
    }
    s->welcomed = true;
    up_if_both(s, now_ms);
}

static void on_refuse(struct wtl__session *s, const struct wtl__frame *frame)
{
    struct wtl__refuse refuse;
    char text[sizeof s->text];
    if (wtl__get_refuse(frame, &refuse) != WTL_OK || refuse.status == WTL_OK) {
        close_now(s, WTL_PROTOCOL, "malformed refusal");
        return;
    }
    (void)snprintf(text, sizeof text, "refused by the peer: %.120s", refuse.text);
    close_now(s, refuse.status, text);
}

static void on_beat(struct wtl__session *s, const struct wtl__frame *frame, uint64_t now_ms)
{
    struct wtl__beat beat;
    uint8_t out[32];
    if (wtl__get_beat(frame, &beat) != WTL_OK) {
        wtl__session_close(s, WTL_PROTOCOL, "malformed heartbeat");
    } else if (frame->type == WTL__FRAME_BEAT) {
        queue(s, out, wtl__put_beat(out, sizeof out, WTL__FRAME_BEAT_ACK, beat.number));
    } else if (beat.number == s->beat_number) {
        s->rtt_us = (uint32_t)(now_ms - s->beat_sent_ms) * 1000;
    }
}

static void on_link_frame(struct wtl__session *s, const struct wtl__frame *frame, uint64_t now_ms)
{
    enum wtl_status status = WTL_CLOSED;
    switch (frame->type) {
    case WTL__FRAME_HELLO:
        on_hello(s, frame, now_ms);
        return;
    case WTL__FRAME_WELCOME:
        on_welcome(s, frame, now_ms);
        return;
    case WTL__FRAME_REFUSE:
        on_refuse(s, frame);
        return;
    case WTL__FRAME_GOODBYE:
        if (wtl__get_goodbye(frame, &status) != WTL_OK || status == WTL_OK) {
            status = WTL_CLOSED;
        }
        close_now(s, status, "the peer said goodbye");
        return;
    default:
        on_beat(s, frame, now_ms);
        return;
    }
}

static bool is_known(uint8_t type)
{
    return (type >= WTL__FRAME_HELLO && type <= WTL__FRAME_GOODBYE) ||
           (type >= WTL__FRAME_ROSTER && type <= WTL__FRAME_DETACH) || type == WTL__FRAME_NAMES ||
           (type >= WTL__FRAME_OPEN && type <= WTL__FRAME_REOPEN);
}

static void on_whole_frame(struct wtl__session *s, const struct wtl__frame *frame, uint64_t now_ms,
                           wtl__on_frame on_frame, void *context)
{
    s->frames_in++;
    if (!is_known(frame->type)) {
        s->ignored++;
        if ((frame->flags & WTL__FRAME_OPTIONAL) == 0) {
            wtl__session_close(s, WTL_UNSUPPORTED, "a frame of an unknown type");
        }
        return;
    }
    bool opening = frame->type <= WTL__FRAME_REFUSE;
    if (!opening && s->state != WTL__SESSION_UP) {
        /* the peer that has welcomed us and got our welcome may speak before we know that it did */
        if (!(s->state == WTL__SESSION_WELCOME && s->welcomed)) {
            wtl__session_close(s, WTL_PROTOCOL, "a frame before the hello was answered");
            return;
        }
    }
    if (frame->type < WTL__FRAME_ROSTER) {
        on_link_frame(s, frame, now_ms);
        return;
    }
    enum wtl_status status = on_frame(context, frame);
    if (status != WTL_OK) {
        wtl__session_close(s, status, wtl_status_text(status));
    }
}

/* Completes the frame of which the begin is kept. Returns how many bytes it took. */
static size_t fill_partial(struct wtl__session *s, const uint8_t *bytes, size_t size,
                           uint64_t now_ms, wtl__on_frame on_frame, void *context)
{
    size_t taken = 0;
    while (taken < size && s->state != WTL__SESSION_CLOSED) {
        struct wtl__frame frame;
        size_t used = 0;
        /* as much as the frame needs, known from its first four bytes, and no more */
        size_t need = 4;
        if (s->in_size >= 4) {
            need = 4 + ((size_t)s->in[0] << 24 | (size_t)s->in[1] << 16 | (size_t)s->in[2] << 8 |
                        s->in[3]);
        }
        size_t step = need - s->in_size < size - taken ? need - s->in_size : size - taken;
        memcpy(s->in + s->in_size, bytes + taken, step);
        s->in_size += (uint32_t)step;
        taken += step;
        enum wtl_status status = wtl__frame_next(s->in, s->in_size, &frame, &used);
        if (status == WTL_PROTOCOL) {
            wtl__session_close(s, WTL_PROTOCOL, "a frame of an impossible length");
        } else if (status == WTL_OK) {
            on_whole_frame(s, &frame, now_ms, on_frame, context);
            wtl__pool_give(s->in);
            s->in = NULL;
            s->in_size = 0;
            return taken;
        }
    }
    return taken;
}

void wtl__session_bytes(struct wtl__session *session, const uint8_t *bytes, size_t size,
                        uint64_t now_ms, wtl__on_frame on_frame, void *context)
{
    session->bytes_in += size;
    session->heard_ms = now_ms;
    while (size > 0 && session->state != WTL__SESSION_CLOSED) {
        struct wtl__frame frame;
        size_t used = 0;
        if (session->in != NULL) {
            used = fill_partial(session, bytes, size, now_ms, on_frame, context);
        } else {
            enum wtl_status status = wtl__frame_next(bytes, size, &frame, &used);
            if (status == WTL_OK) {
                on_whole_frame(session, &frame, now_ms, on_frame, context);
            } else if (status == WTL_PROTOCOL) {
                wtl__session_close(session, WTL_PROTOCOL, "a frame of an impossible length");
            } else {
                session->in = wtl__pool_take(WTL__FRAME_MAX);
                if (session->in == NULL) {
                    wtl__session_close(session, WTL_NO_MEMORY, "out of memory");
                } else {
                    memcpy(session->in, bytes, size);
                    session->in_size = (uint32_t)size;
                }
                used = size;
            }
        }
        bytes += used;
        size -= used;
    }
}

/* ---- time --------------------------------------------------------------------------------- */

static uint64_t silence_ms(const struct wtl__session *s)
{
    uint32_t beat = s->config.hello.beat_ms;
    if (s->state == WTL__SESSION_UP && s->peer.beat_ms > beat) {
        beat = s->peer.beat_ms;
    }
    return (uint64_t)beat * WTL__SESSION_BEATS_MISSED;
}

uint64_t wtl__session_deadline_ms(const struct wtl__session *session)
{
    switch (session->state) {
    case WTL__SESSION_CLOSED:
        return UINT64_MAX;
    case WTL__SESSION_UP: {
        uint64_t dead = session->heard_ms + silence_ms(session);
        return dead < session->beat_due_ms ? dead : session->beat_due_ms;
    }
    default:
        return session->setup_by_ms;
    }
}

void wtl__session_tick(struct wtl__session *session, uint64_t now_ms)
{
    uint8_t out[32];
    if (session->state == WTL__SESSION_CLOSED) {
        return;
    }
    if (session->state != WTL__SESSION_UP) {
        if (now_ms >= session->setup_by_ms) {
            wtl__session_close(session, WTL_TIMEOUT, "the hello was not answered in time");
        }
    } else if (now_ms >= session->heard_ms + silence_ms(session)) {
        close_now(session, WTL_TIMEOUT, "nothing was heard for too long");
    } else if (now_ms >= session->beat_due_ms) {
        session->beat_due_ms = now_ms + session->config.hello.beat_ms;
        session->beat_number++;
        session->beat_sent_ms = now_ms;
        queue(session, out, wtl__put_beat(out, sizeof out, WTL__FRAME_BEAT, session->beat_number));
    }
}
