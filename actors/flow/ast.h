/*
 * ast.h - a dataflow as data: what the notation said, flat, bounded and owned by the caller.
 *
 * Parsing fills it, checking binds the names in it to stages and completes them; afterwards it is
 * read-only and does not need the source any more. It is not a plan: which node runs a stage is
 * decided elsewhere.
 *
 * Thread: none of its own; one writer, then any number of readers. Owns: no memory beyond itself,
 * it can be copied by assignment. Bounds: the maxima below; it is some 200 KiB large, so it belongs
 * on the heap or in static memory and not on an actor's stack.
 */
#ifndef WTL_FLOW_AST_H
#define WTL_FLOW_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WTL_FLOW_SOURCE_MAX   (64u * 1024) /* bytes of one flow's source */
#define WTL_FLOW_NAME_MAX     63u          /* bytes of a name; WTL_NAME_MAX of types.h */
#define WTL_FLOW_STAGES_MAX   128u         /* stages of one flow */
#define WTL_FLOW_CHAINS_MAX   32u          /* chains of one flow */
#define WTL_FLOW_STEPS_MAX    256u         /* steps of all chains */
#define WTL_FLOW_MEMBERS_MAX  32u          /* stages of one group */
#define WTL_FLOW_REFS_MAX     512u         /* mentions of stages in all chains */
#define WTL_FLOW_SETTINGS_MAX 512u         /* settings of all stages */
#define WTL_FLOW_USES_MAX     16u          /* modules named by `use` */
#define WTL_FLOW_COPIES_MAX   1024u        /* the N of *N */
/* Every string is copied with a NUL; in the source something stands between any two. */
#define WTL_FLOW_TEXT_MAX (WTL_FLOW_SOURCE_MAX + 4 * (WTL_FLOW_NAME_MAX + 1))
#define WTL_FLOW_NONE     UINT16_MAX /* no stage */

/* Where something stands in the source. The column counts characters from 1 and a tab is one; size
 * is in bytes. */
struct wtl_flow_at {
    uint32_t offset;
    uint32_t size;
    uint32_t line;
    uint32_t column;
};

/* A string in wtl_flow_ast.text; read it with wtl_flow_str. Size 0: not given. */
struct wtl_flow_text {
    uint32_t offset;
    uint32_t size;
};

enum wtl_flow_layer {
    WTL_FLOW_NO_LAYER = 0,
    WTL_FLOW_DEVICE,
    WTL_FLOW_EDGE,
    WTL_FLOW_CLOUD,
};

enum wtl_flow_place_kind {
    WTL_FLOW_NOWHERE = 0, /* not given */
    WTL_FLOW_ON_LAYER,    /* @edge */
    WTL_FLOW_ON_NODE,     /* @cloud/db-1: `name` is the node */
    WTL_FLOW_ON_EACH,     /* @each:device */
    WTL_FLOW_ON_ANY,      /* @any:edge */
    WTL_FLOW_WITH,        /* @with:rain: `name` is the stage, `stage` its index once checked */
};

struct wtl_flow_place {
    struct wtl_flow_at at;
    struct wtl_flow_text name;
    enum wtl_flow_place_kind kind;
    enum wtl_flow_layer layer;
    uint16_t stage;
};

enum wtl_flow_value_kind {
    WTL_FLOW_INT = 1,  /* i64, and f64 the same */
    WTL_FLOW_FLOAT,    /* f64 */
    WTL_FLOW_DURATION, /* i64 milliseconds; f64 the number as written */
    WTL_FLOW_SIZE,     /* i64 bytes; f64 the number as written */
    WTL_FLOW_BOOL,     /* i64 0 or 1 */
    WTL_FLOW_STRING,   /* text */
    WTL_FLOW_WORD,     /* text */
};

struct wtl_flow_value {
    enum wtl_flow_value_kind kind;
    int64_t i64;
    double f64;
    struct wtl_flow_text text; /* of strings and words; of the rest, as it was written */
    struct wtl_flow_text unit; /* what followed the number: "ms", "KiB", "celsius" */
};

struct wtl_flow_setting {
    struct wtl_flow_at key_at;
    struct wtl_flow_at value_at;
    struct wtl_flow_text key;
    struct wtl_flow_value value;
    uint16_t stage; /* WTL_FLOW_NONE until a mention is bound */
};

/* One stage: an actor of a module under a name of its own. */
struct wtl_flow_stage {
    struct wtl_flow_at at;
    struct wtl_flow_text name;
    struct wtl_flow_text module;
    struct wtl_flow_text actor;
    struct wtl_flow_place place;
    uint16_t copies; /* 0: not given, which means 1 */
    bool declared;   /* by NAME = MODULE.ACTOR; else by its first mention */
    bool used;       /* in a chain, or as the companion of another stage */
    bool broken;     /* part of it could not be read, which was reported */
};

/* One mention of a stage in a chain. */
struct wtl_flow_ref {
    struct wtl_flow_at at;
    struct wtl_flow_text name;   /* of NAME; empty for MODULE.ACTOR */
    struct wtl_flow_text module; /* of MODULE.ACTOR */
    struct wtl_flow_text actor;
    struct wtl_flow_place place;
    uint16_t copies;
    uint16_t first_setting;
    uint16_t setting_count;
    uint16_t stage; /* WTL_FLOW_NONE until it is bound */
    bool broken;
};

enum wtl_flow_step_kind {
    WTL_FLOW_INPUT = 0, /* a chain without a first stage: clients of the flow send here */
    WTL_FLOW_OUTPUT,    /* clients of the flow receive here */
    WTL_FLOW_SINGLE,
    WTL_FLOW_SEQUENTIAL, /* [a, b] */
    WTL_FLOW_CONCURRENT, /* {a, b} */
};

enum wtl_flow_arrow {
    WTL_FLOW_NO_ARROW = 0, /* the first step */
    WTL_FLOW_ONE_WAY,      /* ~> */
    WTL_FLOW_TWO_WAY,      /* <~> */
};

struct wtl_flow_step {
    struct wtl_flow_at at;
    struct wtl_flow_at arrow_at;
    enum wtl_flow_step_kind kind;
    enum wtl_flow_arrow arrow; /* in front of the step */
    uint16_t first_ref;
    uint16_t ref_count;
};

enum wtl_flow_mode {
    WTL_FLOW_PUSH = 1, /* the producer sets the pace */
    WTL_FLOW_DEMAND,   /* the stages ask when they have room */
    WTL_FLOW_PULL,     /* the far end asks, through the backward path */
};

struct wtl_flow_chain {
    struct wtl_flow_at at;
    enum wtl_flow_mode mode;
    uint16_t first_step;
    uint16_t step_count;
    bool broken;
};

/* `use MODULE >= VERSION`. */
struct wtl_flow_use {
    struct wtl_flow_at at;
    struct wtl_flow_text module;
    struct wtl_flow_text version; /* empty: any */
};

struct wtl_flow_ast {
    struct wtl_flow_at at;
    struct wtl_flow_text name;
    bool checked; /* wtl_flow_check found no error: everything is bound */
    uint16_t stage_count;
    uint16_t chain_count;
    uint16_t step_count;
    uint16_t ref_count;
    uint16_t setting_count;
    uint16_t use_count;
    uint32_t text_size;
    struct wtl_flow_stage stages[WTL_FLOW_STAGES_MAX];
    struct wtl_flow_chain chains[WTL_FLOW_CHAINS_MAX];
    struct wtl_flow_step steps[WTL_FLOW_STEPS_MAX];
    struct wtl_flow_ref refs[WTL_FLOW_REFS_MAX];
    struct wtl_flow_setting settings[WTL_FLOW_SETTINGS_MAX];
    struct wtl_flow_use uses[WTL_FLOW_USES_MAX];
    char text[WTL_FLOW_TEXT_MAX];
};

/* An empty flow. Only the counts and the text are reset, so that this costs nothing. */
void wtl_flow_ast_init(struct wtl_flow_ast *ast);

/* A string of the flow, NUL-terminated. Owns: the AST keeps it. */
static inline const char *wtl_flow_str(const struct wtl_flow_ast *ast, struct wtl_flow_text text)
{
    return ast->text + text.offset;
}

static inline bool wtl_flow_text_equal(const struct wtl_flow_ast *ast, struct wtl_flow_text a,
                                       struct wtl_flow_text b)
{
    return a.size == b.size &&
           __builtin_memcmp(ast->text + a.offset, ast->text + b.offset, a.size) == 0;
}

/* Copies `size` bytes into the flow's text. Fails: false when it is full; text_out is then empty.
 */
bool wtl__flow_keep(struct wtl_flow_ast *ast, const char *bytes, size_t size,
                    struct wtl_flow_text *text_out);

/* The index of the stage of that name, or WTL_FLOW_NONE. */
uint16_t wtl_flow_find_stage(const struct wtl_flow_ast *ast, const char *name, size_t size);

/* "device", "edge", "cloud"; "" for none. */
const char *wtl_flow_layer_name(enum wtl_flow_layer layer);

/* The layer of that name, or WTL_FLOW_NO_LAYER. */
enum wtl_flow_layer wtl_flow_layer_of(const char *name, size_t size);

/* "push", "demand" or "pull", and the mode of such a word; 0 when it is none of them. */
const char *wtl_flow_mode_name(enum wtl_flow_mode mode);
enum wtl_flow_mode wtl_flow_mode_of(const char *name, size_t size);

/* "~>" or "<~>"; "" for the first step. */
const char *wtl_flow_arrow_name(enum wtl_flow_arrow arrow);

/* A name of a stage, module, actor or flow: [a-z] first, then also [0-9_-]; a node's name may begin
 * with a digit and hold dots. Bounds: WTL_FLOW_NAME_MAX bytes. */
bool wtl__flow_name_valid(const char *name, size_t size);
bool wtl__flow_node_name_valid(const char *name, size_t size);

/* Words that cannot be names because the notation uses or keeps them. */
bool wtl__flow_reserved(const char *name, size_t size);

/* Room for "@with:" or "@device/" and a name. */
#define WTL_FLOW_PLACE_TEXT_MAX (WTL_FLOW_NAME_MAX + 16)

/* A place as it is written, "@each:device", into `out`; "" when there is none. Returns `out`. */
const char *wtl_flow_place_text(const struct wtl_flow_ast *ast, const struct wtl_flow_place *place,
                                char out[WTL_FLOW_PLACE_TEXT_MAX]);

/* Are both the same place? Where they were written does not matter. */
bool wtl__flow_place_equal(const struct wtl_flow_ast *ast, const struct wtl_flow_place *a,
                           const struct wtl_flow_place *b);

/* One stream between two stages, and the arrow that made it. */
struct wtl_flow_edge {
    uint16_t from; /* a stage, or WTL_FLOW_NONE for the input of the flow */
    uint16_t to;   /* a stage, or WTL_FLOW_NONE for its output */
    enum wtl_flow_arrow arrow;
    struct wtl_flow_at at; /* of the mention that it leads to */
};

typedef void (*wtl_flow_edge_fn)(void *context, const struct wtl_flow_edge *edge);

/* Calls `fn` for every edge in the order of the source: into every member of a concurrent group and
 * out of every one, and from member to member of a sequential group. Unbound mentions are left out.
 * Bounds: WTL_FLOW_REFS_MAX times WTL_FLOW_MEMBERS_MAX calls. */
void wtl_flow_each_edge(const struct wtl_flow_ast *ast, wtl_flow_edge_fn fn, void *context);

#endif
