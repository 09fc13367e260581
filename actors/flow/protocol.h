/*
 * protocol.h - what the actors of a flow say to each other: tags, and bodies to and from msgpack.
 *
 * A *link* joins one unit to one behind it. Both ends number it, and each message carries the
 * number of the end that reads it. `n` counts the data of one link from 1.
 *
 *   $flow.open    up -> down   [up's link, member, sent]      here I am; over all my lives I have
 *                              sent so many: an outbox learns what one before it had accepted
 *   $flow.credit  down -> up   [up's link, down's link, messages, bytes]
 *                              so much may be under way, counted from the oldest that is
 *   $flow.data    up -> down   [down's link, n, epoch, node, local, seq, child, redelivered, tag,
 *                               body?]
 *   $flow.ack     down -> up   [up's link, [n, count, ...]]   done for good
 *   $flow.reset   down -> up   [up's link]                    something of it cannot be done: all
 *                              of it that is not acknowledged is forgotten here, and has to come
 *                              again, by a link that is opened anew; so order is kept
 *   $flow.close   up -> down   [down's link]                  it leads elsewhere now
 *   $flow.ask     down -> up   [up's link, count]             a pulling chain wants more
 *   $flow.back    down -> up   [node, local, number, hops, tag, body?]
 *   $flow.room    outbox -> producer [producer's link, messages, bytes] accepted in all at most
 *   $flow.wire    host -> unit [epoch, back, pulls, [[name, member, [node, local, ...]], ...]]
 *   $flow.report  unit -> host [instance number]
 *   $flow.flush, $flow.more, $flow.retry   to oneself
 * What a producer emits goes to its outbox under its own tag, as it is.
 *
 * Thread: any. Owns: nothing; what is read points into the message.
 */
#ifndef WTL_FLOW_PROTOCOL_H
#define WTL_FLOW_PROTOCOL_H

#include <wattle/flow.h>

#define WTL_FLOW_TAG_OPEN   WTL_TAG("$flow.open")
#define WTL_FLOW_TAG_CREDIT WTL_TAG("$flow.credit")
#define WTL_FLOW_TAG_DATA   WTL_TAG("$flow.data")
#define WTL_FLOW_TAG_ACK    WTL_TAG("$flow.ack")
#define WTL_FLOW_TAG_RESET  WTL_TAG("$flow.reset")
#define WTL_FLOW_TAG_CLOSE  WTL_TAG("$flow.close")
#define WTL_FLOW_TAG_ASK    WTL_TAG("$flow.ask")
#define WTL_FLOW_TAG_BACK   WTL_TAG("$flow.back")
#define WTL_FLOW_TAG_ROOM   WTL_TAG("$flow.room")
#define WTL_FLOW_TAG_WIRE   WTL_TAG("$flow.wire")
#define WTL_FLOW_TAG_REPORT WTL_TAG("$flow.report")
#define WTL_FLOW_TAG_FLUSH  WTL_TAG("$flow.flush")
#define WTL_FLOW_TAG_MORE   WTL_TAG("$flow.more")
#define WTL_FLOW_TAG_RETRY  WTL_TAG("$flow.retry")

/* Stages that a backward message may pass. */
#define WTL_FLOW_HOPS_MAX 128u
/* What the head of a data or backward message takes at most. */
#define WTL_FLOW_HEAD_MAX 128u
/* The largest body that a stage may emit. */
#define WTL_FLOW_BODY_MAX (WTL_BODY_MAX - WTL_FLOW_HEAD_MAX)

/* One message of the flow on one link. */
struct wtl_flow_data {
    uint64_t link; /* the receiver's number of it */
    uint64_t n;
    struct wtl_key key;
    bool redelivered;
    struct wtl_tag tag;
    const uint8_t *bytes; /* the body: one value, or nothing */
    uint32_t size;
};

struct wtl_flow_back {
    struct wtl_pid origin; /* who sent it first, and its number there: to see it twice */
    uint64_t number;
    uint64_t hops;
    struct wtl_tag tag;
    const uint8_t *bytes;
    uint32_t size;
};

/* Does the tag begin with "$"? Those are the protocol's. */
bool wtl__flow_tag_reserved(struct wtl_tag tag);

void wtl__flow_put_data(struct wtl_writer *writer, const struct wtl_flow_data *data);
void wtl__flow_put_back(struct wtl_writer *writer, const struct wtl_flow_back *back);

/* Reading. Fails: false for anything that is not exactly the shape above. */
bool wtl__flow_get_data(const struct wtl_msg *message, struct wtl_flow_data *data_out);
bool wtl__flow_get_back(const struct wtl_msg *message, struct wtl_flow_back *back_out);

/* Reads an array of exactly `count` numbers. */
bool wtl__flow_get_numbers(const struct wtl_msg *message, uint64_t *numbers_out, uint32_t count);

/* Sends an array of numbers. Status as wtl_try_tell. */
enum wtl_status wtl__flow_tell_numbers(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                       const uint64_t *numbers, uint32_t count) WTL_MUST_USE;

/* The same where a refusal changes nothing. */
void wtl__flow_send_numbers(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                            const uint64_t *numbers, uint32_t count);

/* Is it one msgpack value of at most WTL_FLOW_DEPTH_MAX levels, or nothing? That is what other
 * machines take, so that it is refused where it is made. */
bool wtl__flow_body_valid(const uint8_t *bytes, size_t size);

#endif
