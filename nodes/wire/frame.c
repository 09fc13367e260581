/* frame.c - where a frame ends, the binary frames of the data lane, and the head of a message. */
#include "wire/frame.h"

#include "wire/bytes.h"

enum wtl_status wtl__frame_next(const uint8_t *bytes, size_t size, struct wtl__frame *frame_out,
                                size_t *used_out)
{
    *used_out = 0;
    if (size < 4) {
        return WTL_LATER;
    }
    uint32_t length = wtl__load_u32(bytes);
    if (length < 2 || length > WTL__FRAME_MAX - 4) {
        return WTL_PROTOCOL;
    }
    if (size - 4 < length) {
        return WTL_LATER;
    }
    *frame_out = (struct wtl__frame){.type = bytes[4],
                                     .flags = bytes[5],
                                     .payload = bytes + WTL__FRAME_HEAD,
                                     .size = length - 2};
    *used_out = 4 + (size_t)length;
    return WTL_OK;
}

void wtl__frame_head(uint8_t *out, uint8_t type, uint8_t flags, size_t payload)
{
    wtl__store_u32(out, (uint32_t)payload + 2);
    out[4] = type;
    out[5] = flags;
}

#define OPEN_SIZE (2u + 1 + 8 * 4 + 4)
#define ACK_SIZE  (8u * 5 + 1)

size_t wtl__put_open(uint8_t *out, size_t capacity, const struct wtl__open *open)
{
    if (capacity < WTL__FRAME_HEAD + OPEN_SIZE) {
        return 0;
    }
    uint8_t *at = out + WTL__FRAME_HEAD;
    wtl__frame_head(out, WTL__FRAME_OPEN, 0, OPEN_SIZE);
    wtl__store_u16(at, open->handle);
    at[2] = open->hops_left;
    wtl__store_u64(at + 3, open->source);
    wtl__store_u64(at + 11, open->destination);
    wtl__store_u64(at + 19, open->session);
    wtl__store_u64(at + 27, open->number);
    wtl__store_u32(at + 35, open->route);
    return WTL__FRAME_HEAD + OPEN_SIZE;
}

enum wtl_status wtl__get_open(const struct wtl__frame *frame, struct wtl__open *out)
{
    if (frame->size < OPEN_SIZE) {
        return WTL_PROTOCOL;
    }
    const uint8_t *at = frame->payload;
    *out = (struct wtl__open){.handle = wtl__load_u16(at),
                              .hops_left = at[2],
                              .source = wtl__load_u64(at + 3),
                              .destination = wtl__load_u64(at + 11),
                              .session = wtl__load_u64(at + 19),
                              .number = wtl__load_u64(at + 27),
                              .route = wtl__load_u32(at + 35)};
    return out->source != 0 && out->destination != 0 && out->session != 0 ? WTL_OK : WTL_PROTOCOL;
}

size_t wtl__put_ack(uint8_t *out, size_t capacity, enum wtl__frame_type type,
                    const struct wtl__ack *ack)
{
    if (capacity < WTL__FRAME_HEAD + ACK_SIZE) {
        return 0;
    }
    uint8_t *at = out + WTL__FRAME_HEAD;
    wtl__frame_head(out, (uint8_t)type, 0, ACK_SIZE);
    at[0] = ack->hops_left;
    wtl__store_u64(at + 1, ack->source);
    wtl__store_u64(at + 9, ack->destination);
    wtl__store_u64(at + 17, ack->session);
    wtl__store_u64(at + 25, ack->number);
    wtl__store_u64(at + 33, ack->credit);
    return WTL__FRAME_HEAD + ACK_SIZE;
}

enum wtl_status wtl__get_ack(const struct wtl__frame *frame, struct wtl__ack *out)
{
    if (frame->size < ACK_SIZE) {
        return WTL_PROTOCOL;
    }
    const uint8_t *at = frame->payload;
    *out = (struct wtl__ack){.hops_left = at[0],
                             .source = wtl__load_u64(at + 1),
                             .destination = wtl__load_u64(at + 9),
                             .session = wtl__load_u64(at + 17),
                             .number = wtl__load_u64(at + 25),
                             .credit = wtl__load_u64(at + 33)};
    return out->source != 0 && out->destination != 0 && out->session != 0 ? WTL_OK : WTL_PROTOCOL;
}

/* ---- messages ------------------------------------------------------------------------------ */

/* kind, flags, length of the tag; body size; to; from: fixed. Then the tag's bytes, then the
 * request where the kind has one, then how much time is left where the flag says so. */
#define MAIL_FIXED (1u + 1 + 1 + 4 + 8 + 8)
#define HAS_LEFT   0x80u

/* The kinds on the wire, by number (actor/message.h has the same): which have a request, which a
 * reason in the tag's place. */
enum { MAIL_MESSAGE = 1, MAIL_CALL = 2, MAIL_REPLY = 3, MAIL_KIND_LAST = 12 };
#define WITH_REQUEST                                                                               \
    ((1u << 2) | (1u << 3) | (1u << 6) | (1u << 8) | (1u << 9) | (1u << 10) | (1u << 11) |         \
     (1u << 12))

static bool has_request(uint8_t kind)
{
    return ((WITH_REQUEST >> kind) & 1u) != 0;
}

size_t wtl__put_mail(uint8_t *out, const struct wtl__mail *mail)
{
    uint8_t tag[16];
    memcpy(tag, &mail->tag, sizeof tag);
    /* a reply has its status in the tag's first word, byte 15 is then 0: its eight bytes travel */
    uint8_t tag_size = mail->kind == MAIL_REPLY ? 8 : tag[15] & 0x0f;
    out[0] = mail->kind;
    out[1] = mail->flags;
    out[2] = tag_size;
    wtl__store_u32(out + 3, mail->body_size);
    wtl__store_u64(out + 7, mail->to);
    wtl__store_u64(out + 15, mail->from);
    memcpy(out + MAIL_FIXED, tag, tag_size);
    size_t size = MAIL_FIXED + tag_size;
    if (mail->kind == MAIL_REPLY) {
        wtl__store_u64(out + MAIL_FIXED, mail->tag.word[0]);
    }
    if (has_request(mail->kind)) {
        wtl__store_u64(out + size, mail->request);
        size += 8;
    }
    if (mail->has_left) {
        out[1] |= HAS_LEFT;
        wtl__store_u32(out + size, mail->left_ms);
        size += 4;
    }
    return size;
}

enum wtl_status wtl__get_mail(const uint8_t *bytes, size_t size, struct wtl__mail *mail_out,
                              size_t *used_out)
{
    *used_out = 0;
    if (size < MAIL_FIXED) {
        return WTL_LATER;
    }
    uint8_t kind = bytes[0];
    uint8_t tag_size = bytes[2];
    if (kind < MAIL_MESSAGE || kind > MAIL_KIND_LAST || tag_size > WTL_TAG_MAX ||
        (kind == MAIL_REPLY && tag_size != 8)) {
        return WTL_PROTOCOL;
    }
    uint8_t flags = bytes[1] & (uint8_t)~HAS_LEFT;
    bool has_left = flags != bytes[1];
    if ((flags & ~WTL__MAIL_FLAGS) != 0 || (has_left && kind != MAIL_CALL)) {
        return WTL_PROTOCOL;
    }
    size_t whole = MAIL_FIXED + tag_size + (has_request(kind) ? 8u : 0u) + (has_left ? 4u : 0u);
    if (size < whole) {
        return WTL_LATER;
    }
    *mail_out = (struct wtl__mail){.kind = kind,
                                   .flags = flags,
                                   .has_left = has_left,
                                   .body_size = wtl__load_u32(bytes + 3),
                                   .to = wtl__load_u64(bytes + 7),
                                   .from = wtl__load_u64(bytes + 15)};
    if (mail_out->body_size > WTL_BODY_MAX) {
        return WTL_PROTOCOL;
    }
    if (kind == MAIL_REPLY) {
        mail_out->tag.word[0] = wtl__load_u64(bytes + MAIL_FIXED);
    } else {
        mail_out->tag = wtl_tag_make((const char *)bytes + MAIL_FIXED, tag_size);
    }
    if (has_request(kind)) {
        mail_out->request = wtl__load_u64(bytes + MAIL_FIXED + tag_size);
        if (mail_out->request == 0) {
            return WTL_PROTOCOL;
        }
    }
    if (has_left) {
        mail_out->left_ms = wtl__load_u32(bytes + whole - 4);
    }
    *used_out = whole;
    return WTL_OK;
}
