/*
 * frame.h - the frames of the mesh protocol: what each holds, and its bytes. docs/PROTOCOL.md is
 * the text of record; this file and frame*.c are its code.
 *
 * A frame is length (4 bytes, big-endian, of what follows), type, flags, payload. Frames of the
 * control lane have a msgpack array as payload, scanned before it is read; unknown elements at its
 * end are ignored. OPEN, DATA and ACK, the frames of the data lane, have fixed binary fields, all
 * big-endian.
 *
 * Pure functions. Thread: any. Owns: decoded strings and bytes are copied, or point into the frame
 * where it says so.
 */
#ifndef WTL_WIRE_FRAME_H
#define WTL_WIRE_FRAME_H

#include <wattle/types.h>

/* A whole frame fits one TLS record. */
#define WTL__FRAME_MAX     16384u
#define WTL__FRAME_HEAD    6u
#define WTL__FRAME_PAYLOAD (WTL__FRAME_MAX - WTL__FRAME_HEAD)

#define WTL__PROTOCOL_MIN 1u
#define WTL__PROTOCOL_MAX 1u

/* flags */
#define WTL__FRAME_OPTIONAL 1u /* who does not know the type ignores the frame */
#define WTL__FRAME_FIRST    2u /* DATA: the first piece of a message */
#define WTL__FRAME_LAST     4u /* DATA: the last one */

enum wtl__frame_type {
    WTL__FRAME_HELLO = 0x01,   /* first on every link, both ways */
    WTL__FRAME_WELCOME = 0x02, /* the hello was accepted: the link is up when both have it */
    WTL__FRAME_REFUSE = 0x03,  /* it was not; the link is closed after it */
    WTL__FRAME_BEAT = 0x04,    /* heartbeat */
    WTL__FRAME_BEAT_ACK = 0x05,
    WTL__FRAME_GOODBYE = 0x06, /* an orderly end of the link */
    WTL__FRAME_ROSTER = 0x10,  /* core nodes that the sender knows */
    WTL__FRAME_ATTACH = 0x11,  /* a leaf is attached to the sender, or to another core node */
    WTL__FRAME_DETACH = 0x12,  /* it is not any more */
    WTL__FRAME_NAMES = 0x20,   /* registrations, answers, claims, replicas: see wtl__names_frame */
    WTL__FRAME_OPEN = 0x30,    /* binds a handle of this link to an association */
    WTL__FRAME_DATA = 0x31,    /* a message of an association, or a piece of one */
    WTL__FRAME_ACK = 0x32,     /* what its destination has, and how much more it takes */
    WTL__FRAME_RESET = 0x33,   /* the destination does not know the association */
    WTL__FRAME_REOPEN = 0x34,  /* a relay could not pass it on, and can now: open it again */
};

/* One frame in a buffer; `payload` points into it. */
struct wtl__frame {
    uint8_t type;
    uint8_t flags;
    const uint8_t *payload;
    uint32_t size;
};

/* Finds the frame at the begin of `bytes`. WTL_OK: *used_out bytes were it; WTL_LATER: there is not
 * all of it yet (*used_out is 0); WTL_PROTOCOL: a length of less than 2 or more than the bound,
 * told from the first four bytes alone. */
enum wtl_status wtl__frame_next(const uint8_t *bytes, size_t size, struct wtl__frame *frame_out,
                                size_t *used_out) WTL_MUST_USE;

/* ---- control frames ------------------------------------------------------------------------ *
 * wtl__put_X writes the whole frame into `out` of `capacity` bytes and returns its size, or 0 when
 * it does not fit. wtl__get_X reads a payload: WTL_OK, or WTL_PROTOCOL for wrong types, sizes,
 * names. */

enum wtl__link_class { WTL__CLASS_LAN = 1, WTL__CLASS_WAN = 2, WTL__CLASS_SLEEPY = 3 };

struct wtl__hello {
    uint32_t version_min;
    uint32_t version_max;
    uint64_t capabilities;
    uint64_t node; /* its node id: 40 bits of identity, 24 of incarnation */
    uint8_t layer; /* enum wtl_layer */
    uint8_t link_class;
    uint32_t beat_ms;
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1]; /* host:port where it listens; empty when it does not */
    uint8_t
        binding[32]; /* TLS exporter, label "EXPORTER-wattle": a relayed hello has another one */
};

struct wtl__welcome {
    uint32_t version;
    uint64_t capabilities;
};

struct wtl__refuse {
    enum wtl_status status;
    uint32_t version_min;
    uint32_t version_max;
    uint32_t retry_ms;
    char text[128];
};

struct wtl__beat {
    uint64_t number;
};

#define WTL__ROSTER_MAX 64u

struct wtl__roster_entry {
    uint64_t node; /* 0: only the address is known */
    uint8_t layer;
    char name[WTL_NAME_MAX + 1];
    char address[WTL_NAME_MAX + 1];
};

struct wtl__roster {
    uint32_t count;
    struct wtl__roster_entry entries[WTL__ROSTER_MAX];
};

#define WTL__ATTACH_PROOF_MAX 6144u

/* That `leaf` is attached to `uplink`: signed by the leaf with its certificate's key. */
struct wtl__attach {
    uint64_t leaf;
    uint64_t uplink;
    uint64_t number;  /* grows with each record of the same incarnation: the highest counts */
    int64_t expiry_s; /* Unix time */
    uint8_t layer;
    char name[WTL_NAME_MAX + 1];
    const uint8_t *proof; /* points into the frame: signature and chain, see PROTOCOL.md 6 */
    uint32_t proof_size;
};

struct wtl__detach {
    uint64_t leaf;
    uint64_t uplink;
    uint64_t number;
};

enum wtl__names_verb {
    WTL__NAMES_REGISTER = 1, /* to the owner: request, name, pid, view */
    WTL__NAMES_DROP = 2,     /* to the owner: name, pid, epoch */
    WTL__NAMES_RESULT = 3,   /* to who asked: request, status, name, pid, epoch */
    WTL__NAMES_STATE = 4,    /* owner to core nodes: name, pid (none: a tombstone), epoch */
    WTL__NAMES_CLAIM = 5,    /* after a view change, to the new owner: name, pid, epoch, view */
    WTL__NAMES_CLAIMED = 6,  /* all claims of that view were sent */
    WTL__NAMES_LOOKUP = 7,   /* leaf to its uplink: request, name */
    WTL__NAMES_FAREWELL = 8, /* that node leaves: pid (its node), epoch (its record's number) */
    WTL__NAMES_PARTED = 9,   /* the two nodes were parted so often: request, epoch, status */
};

/* One step of the registry, or a word about a node, from node to node, over several links where
 * needed. docs/PROTOCOL.md has the table of verbs: what each holds, and who may say it. */
struct wtl__names_frame {
    uint64_t source;
    uint64_t destination;
    uint8_t hops_left;
    uint8_t verb;
    uint64_t request;
    enum wtl_status status;
    uint64_t view; /* hash of the core roster that the sender sees */
    uint64_t epoch;
    struct wtl_pid pid;
    char name[WTL_NAME_MAX + 1];
};

size_t wtl__put_hello(uint8_t *out, size_t capacity, const struct wtl__hello *hello);
size_t wtl__put_welcome(uint8_t *out, size_t capacity, const struct wtl__welcome *welcome);
size_t wtl__put_refuse(uint8_t *out, size_t capacity, const struct wtl__refuse *refuse);
size_t wtl__put_beat(uint8_t *out, size_t capacity, enum wtl__frame_type type, uint64_t number);
size_t wtl__put_goodbye(uint8_t *out, size_t capacity, enum wtl_status status);
size_t wtl__put_roster(uint8_t *out, size_t capacity, const struct wtl__roster *roster);
size_t wtl__put_attach(uint8_t *out, size_t capacity, const struct wtl__attach *attach);
size_t wtl__put_detach(uint8_t *out, size_t capacity, const struct wtl__detach *detach);
size_t wtl__put_names(uint8_t *out, size_t capacity, const struct wtl__names_frame *names);

enum wtl_status wtl__get_hello(const struct wtl__frame *frame, struct wtl__hello *out) WTL_MUST_USE;
enum wtl_status wtl__get_welcome(const struct wtl__frame *frame,
                                 struct wtl__welcome *out) WTL_MUST_USE;
enum wtl_status wtl__get_refuse(const struct wtl__frame *frame,
                                struct wtl__refuse *out) WTL_MUST_USE;
enum wtl_status wtl__get_beat(const struct wtl__frame *frame, struct wtl__beat *out) WTL_MUST_USE;
enum wtl_status wtl__get_goodbye(const struct wtl__frame *frame, enum wtl_status *out) WTL_MUST_USE;
enum wtl_status wtl__get_roster(const struct wtl__frame *frame,
                                struct wtl__roster *out) WTL_MUST_USE;
enum wtl_status wtl__get_attach(const struct wtl__frame *frame,
                                struct wtl__attach *out) WTL_MUST_USE;
enum wtl_status wtl__get_detach(const struct wtl__frame *frame,
                                struct wtl__detach *out) WTL_MUST_USE;
enum wtl_status wtl__get_names(const struct wtl__frame *frame,
                               struct wtl__names_frame *out) WTL_MUST_USE;

/* ---- frames of the data lane --------------------------------------------------------------- */

/* Associations: (source, destination, session). A session is a random number of the source, made
 * when it first sends to that incarnation of the destination. */
struct wtl__open {
    uint16_t handle; /* of this link and direction; reused after a new OPEN of the same handle */
    uint8_t hops_left;
    uint64_t source;
    uint64_t destination;
    uint64_t session;
    uint64_t number; /* of the first message that follows on this handle */
    uint32_t route;  /* counts the source's changes of route: a lower one comes too late */
};

struct wtl__ack {
    uint64_t source;      /* of the association: where the ack goes */
    uint64_t destination; /* who acknowledges */
    uint64_t session;
    uint64_t number; /* every message before this one has been delivered */
    uint64_t credit; /* bytes of messages, since the session began, that may be sent */
    uint8_t hops_left;
};

/* RESET and REOPEN have the fields of an ACK; number and credit mean nothing. */

size_t wtl__put_open(uint8_t *out, size_t capacity, const struct wtl__open *open);
size_t wtl__put_ack(uint8_t *out, size_t capacity, enum wtl__frame_type type,
                    const struct wtl__ack *ack);
enum wtl_status wtl__get_open(const struct wtl__frame *frame, struct wtl__open *out) WTL_MUST_USE;
enum wtl_status wtl__get_ack(const struct wtl__frame *frame, struct wtl__ack *out) WTL_MUST_USE;

/* DATA: handle (2 bytes), then a piece of a message. */
#define WTL__DATA_HEAD (WTL__FRAME_HEAD + 2u)

/* ---- messages ------------------------------------------------------------------------------ */

/* What an envelope is on the wire, before its body: kind, class and flags, the two local ids, tag,
 * and for the kinds that have one the request. */
struct wtl__mail {
    uint8_t kind;  /* enum wtl__kind, the wire ones */
    uint8_t flags; /* WTL__FLAG_REDELIVERED and the exit class */
    uint64_t to;   /* local ids: the nodes are the association's */
    uint64_t from;
    uint64_t request;
    struct wtl_tag tag;
    uint32_t body_size; /* the body follows, scanned before it is delivered */
    bool has_left;      /* only a call */
    uint32_t left_ms;   /* of it: how long its caller will wait for the answer */
};

#define WTL__MAIL_HEAD_MAX 64u
/* Flags that an envelope may have on the wire: redelivered, and the exit class. */
#define WTL__MAIL_FLAGS 0x71u

/* Writes the head; returns its size. `out` has WTL__MAIL_HEAD_MAX bytes. */
size_t wtl__put_mail(uint8_t *out, const struct wtl__mail *mail);

/* Reads the head of a whole or partial message: WTL_OK with *used_out bytes, WTL_LATER when the
 * first piece does not even hold the head, WTL_PROTOCOL for an unknown kind or flag, or a body over
 * WTL_BODY_MAX. */
enum wtl_status wtl__get_mail(const uint8_t *bytes, size_t size, struct wtl__mail *mail_out,
                              size_t *used_out) WTL_MUST_USE;

#endif
