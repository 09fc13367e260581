/* model_private.h - what the files of the model share. See model.h. */
#ifndef WTL_SIM_MODEL_PRIVATE_H
#define WTL_SIM_MODEL_PRIVATE_H

#include "base/map.h"
#include "model.h"

#define RECORDS_MAX (1u << 22)
#define HELD_MAX    256u

/* Word of a node may come from afar, while the last link to it has just been lost. */
#define HEARSAY_MS 10000u

/* What one node was told of another, in its present incarnation. */
struct view {
    uint64_t id; /* the incarnation that it was told of last */
    bool up;
    uint64_t up_ms, down_ms;
    uint64_t routed_ms; /* when it had a way there last */
};

struct model {
    struct wtl__map streams;  /* (source, hash of the receiver) -> struct stream */
    struct wtl__map actors;   /* pid -> struct person */
    struct wtl__map monitors; /* (watcher's node, ref) -> struct watch */
    struct wtl__map seeks;    /* (node, number) -> struct seek */
    struct held_name names[HELD_MAX];
    uint32_t names_count;
    uint64_t changed_ms; /* when a node started or ended, or somebody was told of one, last */
    struct view views[NODES_MAX][NODES_MAX];
    bool attached[NODES_MAX][NODES_MAX]; /* has that device ever signed that uplink? */
};

void model_mail_deinit(struct model *model);
void model_actors_deinit(struct model *model);
void model_names_deinit(struct model *model);
void model_names_end(struct model *model, struct wtl_pid pid);

#endif
