/*
 * link.h - one TCP stream with its TLS engine and its place in the hub.
 *
 *   HANDSHAKE  TLS; nothing of the peer is believed
 *   OPEN       the hub has it, under `number`
 *   CLOSING    last words go out; the hub still has it while there are any
 *   LINGERING  nothing more is sent; waits until the peer has read it and closes
 *   CLOSED     uv_close was called
 *
 * Bytes in: socket, TLS, hub, all in one callback. Bytes out: the hub says that it has some, and
 * whole records are pulled from it while the socket takes them; at most one waits here for the
 * socket, so that what is urgent is never behind more than that.
 *
 * Thread: the net loop. Owns: its socket and engine; frees itself after CLOSED.
 */
#ifndef WTL_NET_LINK_H
#define WTL_NET_LINK_H

#include "net/listener.h"
#include "net/net.h"

enum wtl__net_link_state {
    WTL__NET_HANDSHAKE = 1,
    WTL__NET_OPEN,
    WTL__NET_CLOSING,
    WTL__NET_LINGERING,
    WTL__NET_CLOSED,
};

/* Records that one link may write before others have their turn. */
#define WTL__RECORDS_PER_TURN 16u
/* So many sealed bytes are given to the socket at once while there are more: two full records. */
#define WTL__WRITE_MIN 32768u
/* Bytes that the kernel holds unsent, and how long it tries to send them. */
#define WTL__NOTSENT_LOWAT   (32 * 1024)
#define WTL__USER_TIMEOUT_MS 20000

struct wtl__net_link {
    uv_tcp_t tcp;
    struct wtl__net *net;
    struct wtl__link on_all;
    struct wtl__link on_wants; /* in net->wants while the hub has something for it */
    struct wtl__loop_timer timer;
    struct wtl_tls *tls;
    enum wtl__net_link_state state;
    uint32_t number; /* the hub's; 0: it has none */
    bool dialled;
    bool is_counted; /* by admission */
    bool is_told;    /* the hub knows what became of the dial */
    bool heard;      /* the peer has sent a byte */
    bool has_handle;
    uint64_t handshake_by_ms;
    uint32_t writes; /* that libuv still holds */
    size_t unsent;   /* their bytes */
    enum wtl_status why;
    char where[WTL__ADDRESS_TEXT];   /* the other end */
    char address[WTL__ADDRESS_TEXT]; /* as it was dialled */
    char expected[WTL_NAME_MAX + 1];
};

/* What the links of one net share. */
struct wtl__net {
    struct wtl__loop *loop;
    struct wtl_tls_context *tls;
    struct wtl__hub *hub;
    struct wtl__hub_port port; /* the owner's */
    struct wtl__admission admission;
    struct wtl__listener listener;
    char listens[WTL__ADDRESS_TEXT];
    struct wtl__loop_timer tick;
    struct wtl__loop_timer cut;         /* see cut.h */
    struct wtl__revocation *revocation; /* the owner's; NULL: none */
    struct wtl__list all;               /* of struct wtl__net_link */
    struct wtl__list wants;             /* those that the hub has something for */
    struct wtl__list wishes;            /* dials that were asked for */
    struct wtl__list dials;             /* those under way */
    uint32_t dials_count;
    struct wtl__net_link **numbers; /* by the hub's number - 1 */
    uint32_t numbers_capacity;
    uint32_t links_count;
    uint8_t record[WTL_TLS_RECORD_MAX];
    uint8_t plain[WTL_TLS_RECORD_MAX];
    uint8_t in[64 * 1024];
};

/* Begins a handshake on a connected socket. For one that was accepted, admission counts it until
 * the handshake is over. Owns: takes `fd`, also when it fails. Fails: WTL_NO_MEMORY, WTL_SYSTEM. */
enum wtl_status wtl__net_link_start(struct wtl__net *net, int fd, bool dialled, const char *address,
                                    const char *expected, const char *where) WTL_MUST_USE;

/* Writes what the hub has. True: there is more, and the others should have their turn first. */
bool wtl__net_link_pump(struct wtl__net_link *link);

/* The hub wants it closed when its last words have gone. */
void wtl__net_link_close(struct wtl__net_link *link, enum wtl_status why, const char *text);

/* The peer is not trusted any more: it is told why, and nothing else goes out or comes in. The hub
 * hears at once that the link is gone. */
void wtl__net_link_cut(struct wtl__net_link *link, enum wtl_status why, const char *text);

/* Closes the socket now, without a word. */
void wtl__net_link_abort(struct wtl__net_link *link, enum wtl_status why);

/* ---- shared by link.c and link_out.c --------------------------------------------------------- */

/* Moves the engine's output into the socket. WTL_OK: all went or waits; else the socket is dead. */
enum wtl_status wtl__net_link_flush(struct wtl__net_link *link) WTL_MUST_USE;
void wtl__net_link_begin_closing(struct wtl__net_link *link, enum wtl_status why);
/* The hub hears that the socket is gone, or that a dial came to nothing; once. */
void wtl__net_link_tell_hub(struct wtl__net_link *link);

#endif
