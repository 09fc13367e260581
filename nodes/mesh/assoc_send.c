/* assoc_send.c - the sending half of an association. See assoc.h. */
#include "actor/message.h"
#include "mesh/assoc.h"

#include "base/attr.h"
#include "wire/bytes.h"

/* A piece of a message is worth a frame when the record has this much room left. */
#define PIECE_MIN 128u
/* In looking for messages that may go before others: how many are looked at for one record, and
 * how many receivers there may be whose messages are passed over. */
#define LOOKS_MAX 64u
#define HELD_MAX  16u

void wtl__sender_init(struct wtl__sender *sender, uint64_t source, uint64_t destination,
                      uint64_t session)
{
    *sender = (struct wtl__sender){.source = source,
                                   .destination = destination,
                                   .session = session,
                                   .next = 1,
                                   .acked = 1,
                                   .out_number = 1,
                                   .credit = WTL__WINDOW};
}

static struct wtl__mail mail_of(const struct wtl__envelope *envelope, uint64_t now_ms)
{
    bool has_left = envelope->msg.kind_ == WTL__CALL && wtl__has_until(envelope);
    uint64_t until_ms = has_left ? wtl__until(envelope, now_ms) : 0;
    return (struct wtl__mail){.kind = envelope->msg.kind_,
                              .has_left = has_left,
                              .left_ms = until_ms > now_ms ? (uint32_t)(until_ms - now_ms) : 0,
                              .flags = (uint8_t)(envelope->msg.flags_ & WTL__MAIL_FLAGS),
                              .to = wtl__mail_to(envelope),
                              .from = envelope->msg.from.local,
                              .request = envelope->msg.request,
                              .tag = envelope->msg.tag,
                              .body_size = envelope->msg.bytes != NULL ? envelope->msg.size : 0};
}

/* What a message weighs against the credit: the same at both ends. */
static uint64_t weight(const struct wtl__envelope *envelope)
{
    return WTL__MAIL_HEAD_MAX + (envelope->msg.bytes != NULL ? envelope->msg.size : 0u);
}

void wtl__sender_push(struct wtl__sender *sender, struct wtl__envelope *envelope)
{
    envelope->next = NULL;
    if (sender->waiting == NULL) {
        sender->waiting = envelope;
    } else {
        sender->waiting_last->next = envelope;
    }
    sender->waiting_last = envelope;
    sender->waiting_count++;
    sender->waiting_bytes += weight(envelope);
}

void wtl__sender_route(struct wtl__sender *sender, uint16_t handle)
{
    for (struct wtl__envelope *again = sender->unacked; again != sender->out && again != NULL;
         again = again->next) {
        sender->resent++;
    }
    sender->routed = true;
    sender->route++;
    sender->opened = false;
    sender->handle = handle;
    sender->out = sender->unacked;
    sender->out_number = sender->acked;
    sender->out_at = 0;
    sender->out_is_new = false;
    sender->before_out = NULL;
}

void wtl__sender_unroute(struct wtl__sender *sender)
{
    sender->routed = false;
    sender->opened = false;
}

/* May the next waiting message leave? One that is larger than the window may when it is alone. */
static bool has_credit(const struct wtl__sender *sender)
{
    uint64_t after = sender->sent_bytes + weight(sender->waiting);
    return after <= sender->credit || sender->unacked == NULL;
}

bool wtl__sender_wants(const struct wtl__sender *sender)
{
    if (!sender->routed) {
        return false;
    }
    return sender->out != NULL || (sender->waiting != NULL && has_credit(sender));
}

/* Makes the next waiting message the one that goes out. False: there is none, or no credit. */
static bool next_out(struct wtl__sender *sender)
{
    struct wtl__envelope *envelope = sender->waiting;
    if (envelope == NULL || !has_credit(sender)) {
        return false;
    }
    sender->waiting = envelope->next;
    sender->waiting_count--;
    sender->waiting_bytes -= weight(envelope);
    sender->sent_bytes += weight(envelope);
    envelope->next = NULL;
    sender->before_out = sender->unacked_last;
    sender->out_is_new = true;
    if (sender->unacked == NULL) {
        sender->before_out = NULL;
        sender->unacked = envelope;
    } else {
        sender->unacked_last->next = envelope;
    }
    sender->unacked_last = envelope;
    sender->out = envelope;
    sender->out_number = sender->next++;
    sender->out_at = 0;
    return true;
}

/* Writes one piece of the message that goes out as a DATA frame; returns its bytes, 0 when there is
 * too little room. out_at counts head and body together. */
static size_t put_piece(struct wtl__sender *sender, uint8_t *out, size_t capacity, uint64_t now_ms)
{
    struct wtl__envelope *envelope = sender->out;
    struct wtl__mail mail = mail_of(envelope, now_ms);
    uint8_t head[WTL__MAIL_HEAD_MAX];
    size_t head_size = wtl__put_mail(head, &mail);
    size_t whole = head_size + mail.body_size;
    size_t left = whole - sender->out_at;
    capacity = capacity > WTL__FRAME_MAX ? WTL__FRAME_MAX : capacity;
    if (capacity < WTL__DATA_HEAD + (left < PIECE_MIN ? left : PIECE_MIN)) {
        return 0;
    }
    size_t room = capacity - WTL__DATA_HEAD;
    size_t piece = left < room ? left : room;
    uint8_t *at = out + WTL__DATA_HEAD;
    uint8_t flags = 0;
    size_t body_at = sender->out_at;
    size_t body_piece = piece;
    if (sender->out_at == 0) {
        flags |= WTL__FRAME_FIRST;
        memcpy(at, head, head_size);
        at += head_size;
        body_piece -= head_size;
    } else {
        body_at -= head_size;
    }
    if (body_piece > 0) {
        memcpy(at, envelope->msg.bytes + body_at, body_piece);
    }
    if (piece == left) {
        flags |= WTL__FRAME_LAST;
    }
    wtl__frame_head(out, WTL__FRAME_DATA, flags, 2 + piece);
    wtl__store_u16(out + WTL__FRAME_HEAD, sender->handle);
    sender->out_at += (uint32_t)piece;
    if (piece == left) {
        sender->out = envelope->next;
        sender->out_number++;
        sender->out_at = 0;
    }
    return WTL__DATA_HEAD + piece;
}

/* ---- between the pieces of a large message --------------------------------------------------- */

/* Takes `envelope`, which follows `prev`, out of those that wait, and makes it the last one before
 * what goes out. */
static void step_aside(struct wtl__sender *sender, struct wtl__envelope *prev,
                       struct wtl__envelope *envelope)
{
    struct wtl__envelope **before = prev == NULL ? &sender->waiting : &prev->next;
    *before = envelope->next;
    if (sender->waiting_last == envelope) {
        sender->waiting_last = prev;
    }
    sender->waiting_count--;
    sender->waiting_bytes -= weight(envelope);
    sender->sent_bytes += weight(envelope);
    envelope->next = sender->out;
    if (sender->before_out == NULL) {
        sender->unacked = envelope;
    } else {
        sender->before_out->next = envelope;
    }
    sender->before_out = envelope;
    sender->next++;
    sender->out_number++;
}

/* Is it to whom something goes that it would overtake? */
static bool is_held(const struct wtl__envelope *envelope, const uint64_t *held, unsigned count)
{
    unsigned i = 0;
    while (i < count && held[i] != wtl__mail_to(envelope)) {
        i++;
    }
    return i < count;
}

static size_t put_whole(const struct wtl__sender *sender, const struct wtl__envelope *envelope,
                        uint8_t *out, uint64_t now_ms)
{
    struct wtl__mail mail = mail_of(envelope, now_ms);
    size_t size = wtl__put_mail(out + WTL__DATA_HEAD, &mail);
    if (mail.body_size > 0) {
        memcpy(out + WTL__DATA_HEAD + size, envelope->msg.bytes, mail.body_size);
    }
    size += mail.body_size;
    wtl__frame_head(out, WTL__FRAME_DATA, WTL__FRAME_FIRST | WTL__FRAME_LAST, 2 + size);
    wtl__store_u16(out + WTL__FRAME_HEAD, sender->handle);
    return WTL__DATA_HEAD + size;
}

/* Small messages that wait go whole before the next piece of a large one, so far as they take half
 * of the record. What goes for the first time only: what goes again has its number. */
static size_t put_asides(struct wtl__sender *sender, uint8_t *out, size_t capacity, uint64_t now_ms)
{
    capacity = capacity > WTL__FRAME_MAX ? WTL__FRAME_MAX : capacity;
    uint64_t held[HELD_MAX] = {wtl__mail_to(sender->out)};
    unsigned held_count = 1;
    size_t filled = 0;
    /* the large one does not count until it is whole: it may be larger than the credit */
    uint64_t credit = sender->credit + weight(sender->out);
    struct wtl__envelope *prev = NULL;
    struct wtl__envelope *envelope = sender->waiting;
    for (unsigned i = 0; i < LOOKS_MAX && envelope != NULL && filled < capacity / 2; i++) {
        struct wtl__envelope *next = envelope->next;
        size_t size = WTL__DATA_HEAD + (size_t)weight(envelope); /* at most */
        bool held_up = is_held(envelope, held, held_count);
        if (!held_up && size <= capacity - filled) {
            if (sender->sent_bytes + weight(envelope) > credit) {
                break;
            }
            step_aside(sender, prev, envelope);
            filled += put_whole(sender, envelope, out + filled, now_ms);
        } else {
            if (!held_up) {
                if (held_count == HELD_MAX) {
                    break;
                }
                held[held_count++] = wtl__mail_to(envelope);
            }
            prev = envelope;
        }
        envelope = next;
    }
    return filled;
}

/* Is what goes out too large for what is left of the record, and may others go before its end? */
static bool may_step_aside(const struct wtl__sender *sender, size_t capacity)
{
    return sender->out_is_new && sender->waiting != NULL &&
           weight(sender->out) - sender->out_at > capacity;
}

static size_t put_open(struct wtl__sender *sender, uint8_t *out, size_t capacity)
{
    struct wtl__open open = {.handle = sender->handle,
                             .hops_left = 8,
                             .source = sender->source,
                             .destination = sender->destination,
                             .session = sender->session,
                             .number = sender->out != NULL ? sender->out_number : sender->next,
                             .route = sender->route};
    size_t size = wtl__put_open(out, capacity, &open);
    sender->opened = size > 0;
    return size;
}

size_t wtl__sender_fill(struct wtl__sender *sender, uint8_t *out, size_t capacity, uint64_t now_ms)
{
    size_t filled = 0;
    if (!wtl__sender_wants(sender)) {
        return 0;
    }
    if (!sender->opened) {
        filled = put_open(sender, out, capacity);
        if (filled == 0) {
            return 0;
        }
    }
    while (sender->out != NULL || next_out(sender)) {
        if (WTL_UNLIKELY(may_step_aside(sender, capacity - filled))) {
            filled += put_asides(sender, out + filled, capacity - filled, now_ms);
        }
        size_t piece = put_piece(sender, out + filled, capacity - filled, now_ms);
        if (piece == 0) {
            break;
        }
        filled += piece;
    }
    return filled;
}

enum wtl_status wtl__sender_ack(struct wtl__sender *sender, const struct wtl__ack *ack)
{
    if (ack->number > sender->next) {
        return WTL_PROTOCOL;
    }
    /* an older one that was overtaken on another route says nothing new */
    if (ack->credit > sender->credit) {
        sender->credit = ack->credit;
    }
    while (sender->acked < ack->number) {
        struct wtl__envelope *done = sender->unacked;
        if (done == sender->out) {
            if (sender->out_at > 0) {
                break; /* its pieces are going out, again: it is freed when they have */
            }
            /* it need not go again; what follows has another number than OPEN promised */
            sender->out = done->next;
            sender->out_number++;
            sender->opened = false;
        }
        if (done == sender->before_out) {
            sender->before_out = NULL;
        }
        sender->unacked = done->next;
        sender->acked++;
        wtl__envelope_free(done);
    }
    return WTL_OK;
}

struct wtl__envelope *wtl__sender_give_up(struct wtl__sender *sender)
{
    struct wtl__envelope *all = sender->unacked;
    if (all == NULL) {
        all = sender->waiting;
    } else {
        sender->unacked_last->next = sender->waiting;
    }
    sender->unacked = NULL;
    sender->waiting = NULL;
    sender->out = NULL;
    sender->waiting_count = 0;
    sender->waiting_bytes = 0;
    return all;
}
