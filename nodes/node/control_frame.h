/*
 * control_frame.h - what is asked of a node and what it answers, as bytes; the same on its control
 * socket and between two nodes.
 *
 * On the socket a length of four bytes, big-endian, stands in front of either. A request is a map
 * {verb, args, node, timeout_ms} and perhaps {body}. A reply is a map {status, text} or {status,
 * shape, columns, total, rows}, the columns in front of the rows: it says itself what its columns
 * are, so that a command and a node of different versions understand each other.
 *
 * Pure functions; every byte is checked before it is used.
 *
 * Thread: any. Owns: nothing; what is read points into the bytes.
 */
#ifndef WTL_NODE_CONTROL_FRAME_H
#define WTL_NODE_CONTROL_FRAME_H

#include <wattle/pack.h>

#define WTL__CONTROL_REQUEST_MAX    (16u * 1024)       /* bytes */
#define WTL__CONTROL_REPLY_MAX      (4u * 1024 * 1024) /* bytes */
#define WTL__CONTROL_VERB_MAX       31u
#define WTL__CONTROL_ARGS_MAX       4u
#define WTL__CONTROL_ARG_MAX        255u
#define WTL__CONTROL_BODY_MAX       8192u
#define WTL__CONTROL_COLUMNS_MAX    32u
#define WTL__CONTROL_TIMEOUT_MS_MIN 100u
#define WTL__CONTROL_TIMEOUT_MS_MAX 60000u

struct wtl__request {
    char verb[WTL__CONTROL_VERB_MAX + 1]; /* "actor.ls" */
    char node[WTL_NAME_MAX + 1];          /* whom to ask; empty: the node that it was sent to */
    uint32_t timeout_ms;                  /* how long the asker waits */
    uint32_t args_count;
    char args[WTL__CONTROL_ARGS_MAX][WTL__CONTROL_ARG_MAX + 1];
    const uint8_t *body; /* of what needs one, actor.replace; whoever uses it scans it */
    uint32_t body_size;
};

void wtl__request_put(struct wtl_writer *writer, const struct wtl__request *request);

/* Fails: WTL_BAD_PAYLOAD, WTL_TOO_LARGE, WTL_INVALID (a field that is not as it has to be). */
enum wtl_status wtl__request_read(const void *bytes, size_t size,
                                  struct wtl__request *request_out) WTL_MUST_USE;

/* What the cells of a column are. */
enum wtl__column_kind {
    WTL__COLUMN_TEXT = 1,
    WTL__COLUMN_COUNT,
    WTL__COLUMN_BYTES,
    WTL__COLUMN_US,      /* microseconds */
    WTL__COLUMN_AGE,     /* milliseconds since then */
    WTL__COLUMN_DAYS,    /* days left, negative when past */
    WTL__COLUMN_DEPTH,   /* how far the next column is indented */
    WTL__COLUMN_VALUE,   /* a value of msgpack, as bytes: whoever shows it scans it */
    WTL__COLUMN_PROCESS, /* a module's process; people see the column where somebody has one */
};

struct wtl__column {
    const char *name; /* in capitals: "FRAMES-IN" */
    enum wtl__column_kind kind;
    bool has_sum; /* a total means something */
};

enum wtl__reply_shape {
    WTL__SHAPE_TABLE = 1,
    WTL__SHAPE_RECORD, /* one row, printed line by line */
};

/* Begins a reply with `rows` rows, of as many cells as there are columns, which the caller puts: an
 * array for each row, with nil for what is not known. `total`: rows that there are. */
void wtl__reply_begin(struct wtl_writer *writer, enum wtl__reply_shape shape,
                      const struct wtl__column *columns, uint32_t columns_count, uint32_t rows,
                      uint64_t total);

/* A whole reply without a table: that it was done, or why not. Bounds: 480 bytes of text. */
void wtl__reply_text(struct wtl_writer *writer, enum wtl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One cell as it was read. */
struct wtl__value {
    enum { WTL__VALUE_NONE = 0, WTL__VALUE_NUMBER, WTL__VALUE_TEXT, WTL__VALUE_BYTES } kind;
    int64_t number;
    const char *text; /* not terminated, and not yet made harmless; of BYTES: the bytes */
    size_t size;
};

struct wtl__reply_column {
    const char *name; /* not terminated */
    size_t size;
    enum wtl__column_kind kind;
    bool has_sum;
};

/* A reply whose form was checked: the cells can be read one after the other from `cells`. */
struct wtl__reply {
    enum wtl_status status;
    const char *text;
    size_t text_size;
    enum wtl__reply_shape shape;
    uint32_t columns_count;
    struct wtl__reply_column columns[WTL__CONTROL_COLUMNS_MAX];
    uint64_t total;
    uint32_t rows;
    struct wtl_reader cells;
};

/* Fails: WTL_BAD_PAYLOAD, WTL_TOO_LARGE. */
enum wtl_status wtl__reply_read(const void *bytes, size_t size,
                                struct wtl__reply *reply_out) WTL_MUST_USE;

/* The next cell, row by row. `is_first`: the next is the first of its row. */
struct wtl__value wtl__reply_cell(struct wtl__reply *reply, bool is_first);

#endif
