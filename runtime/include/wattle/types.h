/*
 * types.h - the values that actors trade: pids, tags, exit reasons and messages.
 *
 * All of them are plain values or read-only views. Nothing here is allocated by the reader.
 */
#ifndef WATTLE_TYPES_H
#define WATTLE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <wattle/status.h>

/* ---- pid ---------------------------------------------------------------------------------- */

/* The address of one actor, for ever: `node` is 40 bits of the node's identity and 24 bits of its
 * incarnation, `local` is 26 bits of slot and 38 bits of generation. A pid whose actor has ended
 * reaches nobody, also after its slot was used again. Zero is no actor. Printed `<edge-1:42.7>`. */
struct wtl_pid {
    uint64_t node;
    uint64_t local;
};

#define WTL_PID_SLOT_BITS 26
#define WTL_PID_SLOT_MAX  ((UINT64_C(1) << WTL_PID_SLOT_BITS) - 1)
#define WTL_PID_GEN_BITS  38
#define WTL_PID_NONE      ((struct wtl_pid){0, 0})

static inline bool wtl_pid_equal(struct wtl_pid a, struct wtl_pid b)
{
    return a.node == b.node && a.local == b.local;
}

static inline bool wtl_pid_is_none(struct wtl_pid pid)
{
    return pid.node == 0 && pid.local == 0;
}

/* ---- tag ---------------------------------------------------------------------------------- */

/* What kind of message it is: up to 15 bytes, compared as two words. Byte 15 holds the length, so
 * that a tag may hold any byte. There is no table of tags that a peer could fill. */
struct wtl_tag {
    uint64_t word[2];
};

#define WTL_TAG_MAX 15

static inline struct wtl_tag wtl_tag_make(const char *text, size_t size)
{
    unsigned char bytes[16] = {0};
    struct wtl_tag tag;
    size = size > WTL_TAG_MAX ? WTL_TAG_MAX : size;
    memcpy(bytes, text, size);
    bytes[15] = (unsigned char)size;
    memcpy(&tag, bytes, sizeof tag);
    return tag;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WTL__TAG_SHIFT(at) ((at) % 8 * 8)
#else
#define WTL__TAG_SHIFT(at) (56 - (at) % 8 * 8)
#endif
#define WTL__TAG_BYTE(literal, at)                                                                 \
    ((uint64_t)(unsigned char)((at) + 1 < sizeof(literal) ? (literal)[(at) % sizeof(literal)] : 0) \
     << WTL__TAG_SHIFT(at))
#define WTL__TAG_HALF(literal, at)                                                                 \
    (WTL__TAG_BYTE(literal, (at) + 0) | WTL__TAG_BYTE(literal, (at) + 1) |                         \
     WTL__TAG_BYTE(literal, (at) + 2) | WTL__TAG_BYTE(literal, (at) + 3) |                         \
     WTL__TAG_BYTE(literal, (at) + 4) | WTL__TAG_BYTE(literal, (at) + 5) |                         \
     WTL__TAG_BYTE(literal, (at) + 6) | WTL__TAG_BYTE(literal, (at) + 7))

/* WTL_TAG("reading"): two constants, which compilers do not make of wtl_tag_make (they build it in
 * memory byte by byte and wait for that to be read as words). A literal that is too long does not
 * compile. */
#define WTL_TAG(literal)                                                                           \
    ((struct wtl_tag){                                                                             \
        {WTL__TAG_HALF("" literal, 0u),                                                            \
         WTL__TAG_HALF("" literal, 8u) |                                                           \
             (uint64_t)(sizeof(literal) - 1 + 0 * sizeof(char[sizeof(literal) <= 16 ? 1 : -1]))    \
                 << WTL__TAG_SHIFT(15u)}})

static inline bool wtl_tag_equal(struct wtl_tag a, struct wtl_tag b)
{
    return ((a.word[0] ^ b.word[0]) | (a.word[1] ^ b.word[1])) == 0;
}

/* The text of a tag, with a NUL at its end, into 16 bytes; returns its length.
 * Bounds: bytes that are not printable ASCII are written as '?'. */
static inline size_t wtl_tag_text(struct wtl_tag tag, char text_out[16])
{
    unsigned char bytes[16];
    memcpy(bytes, &tag, sizeof bytes);
    size_t size = bytes[15] > WTL_TAG_MAX ? WTL_TAG_MAX : bytes[15];
    for (size_t i = 0; i < size; i++) {
        text_out[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    }
    text_out[size] = '\0';
    return size;
}

/* ---- exit reason -------------------------------------------------------------------------- */

/* How an actor ended. NORMAL and SHUTDOWN are quiet: supervisors and logs treat them as an end
 * that was meant (OTP: normal, shutdown, {shutdown, _}). KILLED is what others see of an actor that
 * was ended by WTL_EXIT_KILL. */
enum wtl_exit_class {
    WTL_EXIT_NORMAL = 0,
    WTL_EXIT_SHUTDOWN = 1,
    WTL_EXIT_ERROR = 2,        /* anything else: a crash */
    WTL_EXIT_KILL = 3,         /* as a signal: cannot be trapped */
    WTL_EXIT_KILLED = 4,       /* as a reason: ended by WTL_EXIT_KILL */
    WTL_EXIT_NOPROC = 5,       /* there was no such actor */
    WTL_EXIT_NOCONNECTION = 6, /* its node cannot be reached; the actor may live */
    WTL_EXIT_FAULT = 7,        /* its code faulted: the word names the signal */
};

/* An exit reason: its class and a word of up to 15 bytes that says more ("timeout", "sigsegv"). */
struct wtl_reason {
    enum wtl_exit_class class_;
    struct wtl_tag word;
};

#define WTL_REASON(exit_class, literal)                                                            \
    ((struct wtl_reason){.class_ = (exit_class), .word = WTL_TAG(literal)})

static inline bool wtl_reason_is_quiet(struct wtl_reason reason)
{
    return reason.class_ == WTL_EXIT_NORMAL || reason.class_ == WTL_EXIT_SHUTDOWN;
}

/* The reason of an actor that returned `status` from one of its functions. */
static inline struct wtl_reason wtl_reason_of(enum wtl_status status)
{
    const char *word = wtl_status_word(status);
    struct wtl_reason reason = {.class_ = WTL_EXIT_ERROR, .word = wtl_tag_make(word, strlen(word))};
    if (status == WTL_OK || status == WTL_STOP) {
        reason.class_ = WTL_EXIT_NORMAL;
        reason.word = WTL_TAG("normal");
    } else if (status == WTL_SHUTDOWN) {
        reason.class_ = WTL_EXIT_SHUTDOWN;
    }
    return reason;
}

/* "normal", "error:timeout", "fault:sigsegv", ... into `text_out`; returns it.
 * Thread: any. Bounds: 40 bytes are always enough. */
char *wtl_reason_text(struct wtl_reason reason, char text_out[40]);

/* ---- message ------------------------------------------------------------------------------ */

/* A message as its receiver sees it, valid until the function that got it returns (wtl_keep makes
 * it last). The bytes are msgpack and never change; other receivers may share them. */
struct wtl_msg {
    struct wtl_tag tag;
    struct wtl_pid from;  /* none when it came from outside any actor */
    uint64_t request;     /* not 0: a call that wants a reply; see wtl_reply, wtl_defer */
    const uint8_t *bytes; /* the body, `size` bytes of msgpack; NULL when size is 0 */
    uint32_t size;
    uint16_t runtime_; /* the last three belong to the runtime */
    uint8_t kind_;
    uint8_t flags_;
};

/* Is this message of that kind? wtl_is(m, "reading") */
#define wtl_is(message, literal) wtl_tag_equal((message)->tag, WTL_TAG(literal))

/* Where a deferred reply goes: a value that may be kept, and given to another actor. */
struct wtl_from {
    struct wtl_pid caller;
    uint64_t request;
    struct wtl_pid callee;
};

/* The largest body of one message, in bytes. */
#define WTL_BODY_MAX (16u * 1024 * 1024)

/* The longest actor, node or flow name, in bytes without a NUL; [a-z0-9] first, then also ._- */
#define WTL_NAME_MAX 63

#endif
