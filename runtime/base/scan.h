/*
 * scan.h - looks once through a body from another machine or process, before anything is allocated
 * for it.
 *
 * What it accepts is exactly one msgpack value (or nothing at all) that is as large as it claims
 * to be, no deeper and no more numerous than allowed, and without a type that was not agreed on.
 * Not here: what the value means.
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_BASE_SCAN_H
#define WTL_BASE_SCAN_H

#include <wattle/types.h>

/* Arrays and maps within each other; no limit may be higher, because the stack is an array. */
#define WTL_SCAN_DEPTH_MAX 16

/* Values in a body, containers and keys counted. A reader that makes an object of 24 bytes of each,
 * as msgpack-c does, then allocates 6 MiB at most, however few bytes came. */
#define WTL_SCAN_ELEMENTS_MAX (256u * 1024)

/* Keys in one map of a control message. */
#define WTL_SCAN_KEYS_MAX 64

struct wtl_scan_limits {
    unsigned depth_max; /* at most WTL_SCAN_DEPTH_MAX, which asserts */
    uint32_t elements_max;
    uint64_t ext_types; /* bit t allows extension type t, 0 to 63; no other is allowed ever */
    bool control;       /* the rules for control messages, too */
};

/* For messages between actors, and for those between nodes. */
#define WTL_SCAN_BODY                                                                              \
    ((struct wtl_scan_limits){.depth_max = WTL_SCAN_DEPTH_MAX,                                     \
                              .elements_max = WTL_SCAN_ELEMENTS_MAX})
#define WTL_SCAN_CONTROL                                                                           \
    ((struct wtl_scan_limits){                                                                     \
        .depth_max = WTL_SCAN_DEPTH_MAX, .elements_max = WTL_SCAN_ELEMENTS_MAX, .control = true})

/* Checks all of `bytes`. A size of 0 is WTL_OK: a message may have no body.
 *
 * Encodings that are longer than needed are accepted, and so are NaN, -0 and equal keys, unless
 * `control` is set: control messages carry no NaN, and the keys of their maps are strings or
 * integers, of which no two are equal, whatever their encodings.
 *
 * Fails: WTL_BAD_PAYLOAD: it ends before it should, claims more values or bytes than there are,
 * goes on after its end, or holds 0xc1 or an extension that is not allowed.
 *        WTL_TOO_LARGE: it is larger than WTL_BODY_MAX, or exceeds one of the limits above.
 * Bounds: time is linear in `size` (with control: and in WTL_SCAN_KEYS_MAX); stack is constant;
 * nothing is allocated. */
WTL_MUST_USE enum wtl_status wtl_scan(const void *bytes, size_t size,
                                      const struct wtl_scan_limits *limits);

#endif
