/* pipe.c - frames as bytes, both ways, by the letters of their kind. See pipe.h. */
#include "process/pipe.h"

#include <wattle/pack.h>

#include "base/attr.h"
#include "process/pipe_values.h"

/* The largest status word there is may grow; a number far above it is none. */
#define STATUS_MAX 255u

static const struct {
    const char *word;
    const char *fields;
} kinds[WTL__PIPE_LAST + 1] = {
#define ROW(name, number, letters) [WTL__PIPE_##name] = {#name, letters},
    WTL__PIPE_KINDS(ROW)
#undef ROW
};

const char *wtl__pipe_word(enum wtl__pipe_kind kind)
{
    return (unsigned)kind <= WTL__PIPE_LAST && kinds[kind].word != NULL ? kinds[kind].word : "?";
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put_tag(struct wtl_writer *writer, struct wtl_tag tag)
{
    wtl_put_u64(writer, tag.word[0]);
    wtl_put_u64(writer, tag.word[1]);
}

static void put_key(struct wtl_writer *writer, const struct wtl_key *key)
{
    wtl_put_u64(writer, key->seq);
    if (key->seq != 0) {
        wtl_put_u64(writer, key->epoch);
        wtl__pipe_put_pid(writer, key->source);
        wtl_put_u64(writer, key->child);
    }
}

static void put_field(struct wtl_writer *writer, char letter, const struct wtl__pipe_frame *frame)
{
    switch (letter) {
    case 'p':
        wtl__pipe_put_pid(writer, frame->pid);
        break;
    case 'q':
        wtl__pipe_put_pid(writer, frame->other);
        break;
    case 'g':
        put_tag(writer, frame->tag);
        break;
    case 'r':
        wtl_put_u64(writer, frame->request);
        break;
    case 'c':
        wtl_put_u64(writer, frame->count);
        break;
    case 's':
        wtl_put_u64(writer, (uint64_t)frame->status);
        break;
    case 'x':
        wtl_put_u64(writer, (uint64_t)frame->reason.class_);
        put_tag(writer, frame->reason.word);
        break;
    case 'f':
        wtl_put_u64(writer, frame->flags);
        break;
    case 'n':
        wtl_put_strz(writer, frame->name);
        break;
    case 'k':
        put_key(writer, &frame->key);
        break;
    default: /* the body is not a field */
        break;
    }
}

size_t wtl__pipe_put(const struct wtl__pipe_frame *frame, uint8_t bytes_out[WTL__PIPE_FIELDS_MAX])
{
    struct wtl__pipe_head head = {.kind = (uint8_t)frame->kind, .local = frame->local};
    struct wtl_writer writer =
        wtl_writer_over(bytes_out + sizeof head, WTL__PIPE_FIELDS_MAX - sizeof head);
    for (const char *letter = kinds[frame->kind].fields; *letter != '\0'; letter++) {
        put_field(&writer, *letter, frame);
    }
    WTL_ASSERT(!writer.failed);
    head.size = (uint32_t)wtl_written(&writer) + frame->size;
    memcpy(bytes_out, &head, sizeof head);
    return sizeof head + wtl_written(&writer);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A length of 15 at most, and zeros behind the text: equal tags are equal words. */
static struct wtl_tag get_tag(struct wtl_reader *reader)
{
    struct wtl_tag tag;
    unsigned char bytes[16];
    tag.word[0] = wtl_get_u64(reader);
    tag.word[1] = wtl_get_u64(reader);
    memcpy(bytes, &tag, sizeof bytes);
    for (size_t i = bytes[15]; i < WTL_TAG_MAX; i++) {
        if (bytes[i] != 0) {
            wtl_reader_fail(reader);
        }
    }
    if (bytes[15] > WTL_TAG_MAX) {
        wtl_reader_fail(reader);
    }
    return tag;
}

static uint64_t get_below(struct wtl_reader *reader, uint64_t limit)
{
    uint64_t number = wtl_get_u64(reader);
    if (number > limit) {
        wtl_reader_fail(reader);
        return 0;
    }
    return number;
}

static void get_key(struct wtl_reader *reader, struct wtl_key *key)
{
    key->seq = wtl_get_u64(reader);
    if (key->seq != 0) {
        key->epoch = wtl_get_u64(reader);
        key->source = wtl__pipe_get_pid(reader);
        key->child = wtl_get_u64(reader);
    }
}

static void get_field(struct wtl_reader *reader, char letter, struct wtl__pipe_frame *frame)
{
    switch (letter) {
    case 'p':
        frame->pid = wtl__pipe_get_pid(reader);
        break;
    case 'q':
        frame->other = wtl__pipe_get_pid(reader);
        break;
    case 'g':
        frame->tag = get_tag(reader);
        break;
    case 'r':
        frame->request = wtl_get_u64(reader);
        break;
    case 'c':
        frame->count = wtl_get_u64(reader);
        break;
    case 's':
        frame->status = (enum wtl_status)get_below(reader, STATUS_MAX);
        break;
    case 'x':
        frame->reason.class_ = (enum wtl_exit_class)get_below(reader, WTL_EXIT_FAULT);
        frame->reason.word = get_tag(reader);
        break;
    case 'f':
        frame->flags = (uint32_t)get_below(reader, WTL__PIPE_FLAGS);
        break;
    case 'n':
        wtl__pipe_get_name(reader, frame->name);
        break;
    case 'k':
        get_key(reader, &frame->key);
        break;
    default: /* the body: all that is left */
        frame->size = (uint32_t)wtl_left(reader);
        frame->body = frame->size > 0 ? reader->at : NULL;
        reader->at += frame->size;
        break;
    }
}

size_t wtl__pipe_size(const struct wtl__pipe_head *head, enum wtl__pipe_side side)
{
    bool of_child = head->kind >= WTL__PIPE_FIRST_OF_CHILD;
    if (head->kind > WTL__PIPE_LAST || kinds[head->kind].word == NULL ||
        of_child != (side == WTL__PIPE_FROM_CHILD) || head->zero[0] != 0 || head->zero[1] != 0 ||
        head->zero[2] != 0 || head->size > WTL__PIPE_FRAME_MAX - sizeof *head ||
        (head->kind >= WTL__PIPE_FIRST_OF_ACTOR && head->local == 0)) {
        return 0;
    }
    return sizeof *head + head->size;
}

bool wtl__pipe_get(const uint8_t *bytes, size_t size, enum wtl__pipe_side side,
                   struct wtl__pipe_frame *frame_out)
{
    struct wtl__pipe_head head;
    if (size < sizeof head) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    if (wtl__pipe_size(&head, side) != size) {
        return false;
    }
    memset(frame_out, 0, offsetof(struct wtl__pipe_frame, name) + 1);
    frame_out->kind = (enum wtl__pipe_kind)head.kind;
    frame_out->local = head.local;
    struct wtl_reader reader = wtl_reader_over(bytes + sizeof head, head.size);
    for (const char *letter = kinds[head.kind].fields; *letter != '\0' && !reader.failed;
         letter++) {
        get_field(&reader, *letter, frame_out);
    }
    return !reader.failed && wtl_left(&reader) == 0 && frame_out->size <= WTL_BODY_MAX;
}
