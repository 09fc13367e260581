/*
 * session.h - one link: hello, heartbeat, and the control lane's queue. Sans-I/O.
 *
 *   HELLO    both sides have sent their hello; nothing but HELLO or REFUSE may come
 *   WELCOME  the peer's hello was accepted; its WELCOME is awaited
 *   UP       both have welcomed: frames pass
 *   CLOSED   over; `status` and `text` say why
 *
 * Bytes come in by wtl__session_bytes, whole frames come out through `on_frame`; control frames go
 * out by wtl__session_send and are pulled by wtl__session_fill, when the socket asks. Data frames
 * never queue here.
 *
 * Thread: the loop that holds the socket. Owns: its buffers. It never closes anything itself: the
 * driver closes the link when state is CLOSED and fill returns 0.
 */
#ifndef WTL_MESH_SESSION_H
#define WTL_MESH_SESSION_H

#include "certs/identity.h"
#include "wire/frame.h"

enum wtl__session_state {
    WTL__SESSION_HELLO = 1,
    WTL__SESSION_WELCOME,
    WTL__SESSION_UP,
    WTL__SESSION_CLOSED,
};

/* The control lane's queue, in bytes; a peer that lets it fill is closed `full`. */
#define WTL__SESSION_CONTROL_MAX (256u * 1024)
/* How long a link may take from bytes to UP. */
#define WTL__SESSION_SETUP_MS 5000u
/* A link is dead when nothing came for this many beats. */
#define WTL__SESSION_BEATS_MISSED 4u

struct wtl__session_config {
    struct wtl__hello hello;         /* what this side says; binding is set per link */
    bool dialled;                    /* this side has dialled */
    char expected[WTL_NAME_MAX + 1]; /* the node that must answer; empty: any */
    struct wtl_identity peer;        /* verified by TLS: nothing the peer says overrides it */
};

struct wtl__session {
    enum wtl__session_state state;
    struct wtl__session_config config;
    struct wtl__hello peer; /* its hello, from WELCOME on */
    uint32_t version;       /* agreed, from UP on */
    uint64_t capabilities;  /* of both, from UP on */
    bool welcomed;          /* the peer has welcomed this side */
    enum wtl_status status; /* why it is CLOSED */
    char text[160];
    uint64_t setup_by_ms;
    uint64_t heard_ms; /* when the last byte came */
    uint64_t beat_due_ms;
    uint64_t beat_number;
    uint64_t beat_sent_ms;
    uint32_t rtt_us; /* of the last heartbeat, 0 before the first */
    uint64_t frames_in, frames_out, bytes_in, bytes_out, ignored; /* counters */
    uint8_t *in; /* a partial frame, at most WTL__FRAME_MAX */
    uint32_t in_size;
    uint8_t *control; /* frames to be sent */
    uint32_t control_size, control_at, control_capacity;
};

/* What the session hands up: frames of type ROSTER and above, when UP. WTL_OK goes on; anything
 * else closes the link with that status, and nothing after that frame is read. */
typedef enum wtl_status (*wtl__on_frame)(void *context, const struct wtl__frame *frame);

void wtl__session_init(struct wtl__session *session, const struct wtl__session_config *config,
                       uint64_t now_ms);
void wtl__session_deinit(struct wtl__session *session);

/* Bytes from the peer, decrypted; all of them are consumed, unless the session closes: `state` and
 * `status` tell. */
void wtl__session_bytes(struct wtl__session *session, const uint8_t *bytes, size_t size,
                        uint64_t now_ms, wtl__on_frame on_frame, void *context);

/* Time has come: beats, and gives up a silent peer. */
void wtl__session_tick(struct wtl__session *session, uint64_t now_ms);
/* When to tick next. */
uint64_t wtl__session_deadline_ms(const struct wtl__session *session);

/* Queues a whole frame of the control lane. A peer that does not read until the queue is full is
 * CLOSED; a CLOSED session takes no more. */
void wtl__session_send(struct wtl__session *session, const uint8_t *frame, size_t size);

/* Moves whole control frames into `out`; returns their bytes. */
size_t wtl__session_fill(struct wtl__session *session, uint8_t *out, size_t capacity);

/* Refuses or says goodbye: queues the frame and closes. */
void wtl__session_close(struct wtl__session *session, enum wtl_status status, const char *text);

#endif
