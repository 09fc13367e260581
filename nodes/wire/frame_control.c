/*
 * frame_control.c - the frames of the control lane: a msgpack array each, in the order of the
 * struct in frame.h. A reader accepts more elements than it knows, never fewer, and checks each
 * one.
 */
#include "wire/frame.h"

#include <wattle/pack.h>

#include "base/scan.h"
#include "wire/bytes.h"

/* ---- common ------------------------------------------------------------------------------- */

/* A writer over the payload part of a frame. */
static struct wtl_writer begin(uint8_t *out, size_t capacity)
{
    if (capacity < WTL__FRAME_HEAD) {
        struct wtl_writer none = {.failed = true};
        return none;
    }
    size_t room = capacity - WTL__FRAME_HEAD;
    room = room > WTL__FRAME_PAYLOAD ? WTL__FRAME_PAYLOAD : room;
    return wtl_writer_over(out + WTL__FRAME_HEAD, room);
}

static size_t end(uint8_t *out, const struct wtl_writer *writer, uint8_t type)
{
    if (writer->failed) {
        return 0;
    }
    size_t payload = wtl_written(writer);
    wtl__frame_head(out, type, 0, payload);
    return WTL__FRAME_HEAD + payload;
}

/* Scans a payload and opens its array of at least `least` elements. */
static enum wtl_status open_array(const struct wtl__frame *frame, uint32_t least,
                                  struct wtl_reader *reader_out)
{
    struct wtl_scan_limits limits = WTL_SCAN_CONTROL;
    if (frame->size == 0 || wtl_scan(frame->payload, frame->size, &limits) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    *reader_out = wtl_reader_over(frame->payload, frame->size);
    uint32_t count = wtl_get_array(reader_out);
    return !reader_out->failed && count >= least ? WTL_OK : WTL_PROTOCOL;
}

/* Reads a name (or an address, or a text) of fewer than `capacity` bytes without control
 * characters. */
static void get_text(struct wtl_reader *reader, char *out, size_t capacity)
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    if (reader->failed || size >= capacity) {
        wtl_reader_fail(reader);
        out[0] = '\0';
        return;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            wtl_reader_fail(reader);
            size = i;
        }
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static uint32_t get_u32(struct wtl_reader *reader)
{
    uint64_t value = wtl_get_u64(reader);
    if (value > UINT32_MAX) {
        wtl_reader_fail(reader);
        return 0;
    }
    return (uint32_t)value;
}

static uint8_t get_u8(struct wtl_reader *reader)
{
    uint64_t value = wtl_get_u64(reader);
    if (value > UINT8_MAX) {
        wtl_reader_fail(reader);
        return 0;
    }
    return (uint8_t)value;
}

static enum wtl_status done(const struct wtl_reader *reader)
{
    return reader->failed ? WTL_PROTOCOL : WTL_OK;
}

/* ---- the link ----------------------------------------------------------------------------- */

size_t wtl__put_hello(uint8_t *out, size_t capacity, const struct wtl__hello *hello)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 11);
    wtl_put_strz(&w, "wattle");
    wtl_put_u64(&w, hello->version_min);
    wtl_put_u64(&w, hello->version_max);
    wtl_put_u64(&w, hello->capabilities);
    wtl_put_u64(&w, hello->node);
    wtl_put_u64(&w, hello->layer);
    wtl_put_u64(&w, hello->link_class);
    wtl_put_u64(&w, hello->beat_ms);
    wtl_put_strz(&w, hello->name);
    wtl_put_strz(&w, hello->address);
    wtl_put_bin(&w, hello->binding, sizeof hello->binding);
    return end(out, &w, WTL__FRAME_HELLO);
}

enum wtl_status wtl__get_hello(const struct wtl__frame *frame, struct wtl__hello *out)
{
    struct wtl_reader r;
    char magic[8];
    size_t size = 0;
    *out = (struct wtl__hello){0};
    if (open_array(frame, 11, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    get_text(&r, magic, sizeof magic);
    out->version_min = get_u32(&r);
    out->version_max = get_u32(&r);
    out->capabilities = wtl_get_u64(&r);
    out->node = wtl_get_u64(&r);
    out->layer = get_u8(&r);
    out->link_class = get_u8(&r);
    out->beat_ms = get_u32(&r);
    get_text(&r, out->name, sizeof out->name);
    get_text(&r, out->address, sizeof out->address);
    const uint8_t *binding = wtl_get_bin(&r, &size);
    if (r.failed || size != sizeof out->binding || strcmp(magic, "wattle") != 0 ||
        out->version_min > out->version_max || out->node == 0 || out->layer < 1 || out->layer > 3 ||
        out->link_class < WTL__CLASS_LAN || out->link_class > WTL__CLASS_SLEEPY ||
        out->name[0] == '\0' || out->beat_ms == 0) {
        return WTL_PROTOCOL;
    }
    memcpy(out->binding, binding, sizeof out->binding);
    return WTL_OK;
}

size_t wtl__put_welcome(uint8_t *out, size_t capacity, const struct wtl__welcome *welcome)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 2);
    wtl_put_u64(&w, welcome->version);
    wtl_put_u64(&w, welcome->capabilities);
    return end(out, &w, WTL__FRAME_WELCOME);
}

enum wtl_status wtl__get_welcome(const struct wtl__frame *frame, struct wtl__welcome *out)
{
    struct wtl_reader r;
    if (open_array(frame, 2, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->version = get_u32(&r);
    out->capabilities = wtl_get_u64(&r);
    return done(&r);
}

size_t wtl__put_refuse(uint8_t *out, size_t capacity, const struct wtl__refuse *refuse)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 5);
    wtl_put_u64(&w, (uint64_t)refuse->status);
    wtl_put_u64(&w, refuse->version_min);
    wtl_put_u64(&w, refuse->version_max);
    wtl_put_u64(&w, refuse->retry_ms);
    wtl_put_strz(&w, refuse->text);
    return end(out, &w, WTL__FRAME_REFUSE);
}

enum wtl_status wtl__get_refuse(const struct wtl__frame *frame, struct wtl__refuse *out)
{
    struct wtl_reader r;
    *out = (struct wtl__refuse){0};
    if (open_array(frame, 5, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->status = (enum wtl_status)get_u8(&r);
    out->version_min = get_u32(&r);
    out->version_max = get_u32(&r);
    out->retry_ms = get_u32(&r);
    get_text(&r, out->text, sizeof out->text);
    return done(&r);
}

size_t wtl__put_beat(uint8_t *out, size_t capacity, enum wtl__frame_type type, uint64_t number)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 1);
    wtl_put_u64(&w, number);
    return end(out, &w, (uint8_t)type);
}

enum wtl_status wtl__get_beat(const struct wtl__frame *frame, struct wtl__beat *out)
{
    struct wtl_reader r;
    if (open_array(frame, 1, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->number = wtl_get_u64(&r);
    return done(&r);
}

size_t wtl__put_goodbye(uint8_t *out, size_t capacity, enum wtl_status status)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 1);
    wtl_put_u64(&w, (uint64_t)status);
    return end(out, &w, WTL__FRAME_GOODBYE);
}

enum wtl_status wtl__get_goodbye(const struct wtl__frame *frame, enum wtl_status *out)
{
    struct wtl_reader r;
    if (open_array(frame, 1, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    *out = (enum wtl_status)get_u8(&r);
    return done(&r);
}

/* ---- membership --------------------------------------------------------------------------- */

size_t wtl__put_roster(uint8_t *out, size_t capacity, const struct wtl__roster *roster)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, roster->count);
    for (uint32_t i = 0; i < roster->count; i++) {
        const struct wtl__roster_entry *entry = &roster->entries[i];
        wtl_put_array(&w, 4);
        wtl_put_u64(&w, entry->node);
        wtl_put_u64(&w, entry->layer);
        wtl_put_strz(&w, entry->name);
        wtl_put_strz(&w, entry->address);
    }
    return end(out, &w, WTL__FRAME_ROSTER);
}

enum wtl_status wtl__get_roster(const struct wtl__frame *frame, struct wtl__roster *out)
{
    struct wtl_reader r;
    out->count = 0;
    if (open_array(frame, 0, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    r = wtl_reader_over(frame->payload, frame->size);
    uint32_t count = wtl_get_array(&r);
    if (count > WTL__ROSTER_MAX) {
        return WTL_PROTOCOL;
    }
    for (uint32_t i = 0; i < count && !r.failed; i++) {
        struct wtl__roster_entry *entry = &out->entries[i];
        uint32_t fields = wtl_get_array(&r);
        if (fields < 4) {
            return WTL_PROTOCOL;
        }
        entry->node = wtl_get_u64(&r);
        entry->layer = get_u8(&r);
        get_text(&r, entry->name, sizeof entry->name);
        get_text(&r, entry->address, sizeof entry->address);
        for (uint32_t more = 4; more < fields; more++) {
            wtl_skip(&r);
        }
    }
    out->count = count;
    return done(&r);
}

size_t wtl__put_attach(uint8_t *out, size_t capacity, const struct wtl__attach *attach)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 7);
    wtl_put_u64(&w, attach->leaf);
    wtl_put_u64(&w, attach->uplink);
    wtl_put_u64(&w, attach->number);
    wtl_put_i64(&w, attach->expiry_s);
    wtl_put_u64(&w, attach->layer);
    wtl_put_strz(&w, attach->name);
    wtl_put_bin(&w, attach->proof, attach->proof_size);
    return end(out, &w, WTL__FRAME_ATTACH);
}

enum wtl_status wtl__get_attach(const struct wtl__frame *frame, struct wtl__attach *out)
{
    struct wtl_reader r;
    size_t size = 0;
    *out = (struct wtl__attach){0};
    if (open_array(frame, 7, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->leaf = wtl_get_u64(&r);
    out->uplink = wtl_get_u64(&r);
    out->number = wtl_get_u64(&r);
    out->expiry_s = wtl_get_i64(&r);
    out->layer = get_u8(&r);
    get_text(&r, out->name, sizeof out->name);
    out->proof = wtl_get_bin(&r, &size);
    if (r.failed || size > WTL__ATTACH_PROOF_MAX || out->leaf == 0 || out->uplink == 0) {
        return WTL_PROTOCOL;
    }
    out->proof_size = (uint32_t)size;
    return WTL_OK;
}

size_t wtl__put_detach(uint8_t *out, size_t capacity, const struct wtl__detach *detach)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 3);
    wtl_put_u64(&w, detach->leaf);
    wtl_put_u64(&w, detach->uplink);
    wtl_put_u64(&w, detach->number);
    return end(out, &w, WTL__FRAME_DETACH);
}

enum wtl_status wtl__get_detach(const struct wtl__frame *frame, struct wtl__detach *out)
{
    struct wtl_reader r;
    if (open_array(frame, 3, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->leaf = wtl_get_u64(&r);
    out->uplink = wtl_get_u64(&r);
    out->number = wtl_get_u64(&r);
    return done(&r);
}

/* ---- names -------------------------------------------------------------------------------- */

size_t wtl__put_names(uint8_t *out, size_t capacity, const struct wtl__names_frame *names)
{
    struct wtl_writer w = begin(out, capacity);
    wtl_put_array(&w, 11);
    wtl_put_u64(&w, names->source);
    wtl_put_u64(&w, names->destination);
    wtl_put_u64(&w, names->hops_left);
    wtl_put_u64(&w, names->verb);
    wtl_put_u64(&w, names->request);
    wtl_put_u64(&w, (uint64_t)names->status);
    wtl_put_u64(&w, names->view);
    wtl_put_u64(&w, names->epoch);
    wtl_put_u64(&w, names->pid.node);
    wtl_put_u64(&w, names->pid.local);
    wtl_put_strz(&w, names->name);
    return end(out, &w, WTL__FRAME_NAMES);
}

enum wtl_status wtl__get_names(const struct wtl__frame *frame, struct wtl__names_frame *out)
{
    struct wtl_reader r;
    *out = (struct wtl__names_frame){0};
    if (open_array(frame, 11, &r) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    out->source = wtl_get_u64(&r);
    out->destination = wtl_get_u64(&r);
    out->hops_left = get_u8(&r);
    out->verb = get_u8(&r);
    out->request = wtl_get_u64(&r);
    out->status = (enum wtl_status)get_u8(&r);
    out->view = wtl_get_u64(&r);
    out->epoch = wtl_get_u64(&r);
    out->pid.node = wtl_get_u64(&r);
    out->pid.local = wtl_get_u64(&r);
    get_text(&r, out->name, sizeof out->name);
    if (r.failed || out->source == 0 || out->verb < WTL__NAMES_REGISTER ||
        out->verb > WTL__NAMES_PARTED) {
        return WTL_PROTOCOL;
    }
    return WTL_OK;
}
