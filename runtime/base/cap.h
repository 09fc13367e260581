/*
 * cap.h - how much memory the pools of this process may hold, and who is refused when it gets
 * scarce.
 *
 * What is held is what the pools have taken for blocks, whole spans at a time, large blocks, and
 * what is noted besides. Only growth is ever refused: a block that another one has given back may
 * be taken as before, so who handles messages goes on, and whoever sends more than is handled does
 * not. It is looked at where a pool asks for a span or for a large block, never on the way of a
 * block that it has.
 *
 *   below WTL__CAP_SHED      everybody grows
 *   below WTL__CAP_REFUSE    no more messages; nothing is kept for later either
 *   below the cap, and       only the runtime's own: signals, links to other nodes, supervisors,
 *   WTL__CAP_OWN at least    inspection, the node's actors
 *   above                    nobody
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_BASE_CAP_H
#define WTL_BASE_CAP_H

#include <stdbool.h>
#include <stdint.h>

/* Percent of the cap. */
#define WTL__CAP_SHED   95u
#define WTL__CAP_REFUSE 98u

/* Bytes that the runtime's own may grow by when nobody else does, also if that is more than is left
 * of a small cap: each thread takes a span for each size that it has not had yet. */
#define WTL__CAP_OWN (UINT64_C(4) * 1048576)

/* What a thread takes memory for. */
enum wtl__need {
    WTL__NEED_ACTOR, /* actors and all that is theirs: whoever has not said otherwise */
    WTL__NEED_MESSAGE,
    WTL__NEED_RUNTIME, /* what must go on */
    WTL__NEEDS,
};

enum wtl__scarcity { WTL__SCARCE_NOT, WTL__SCARCE_SHED, WTL__SCARCE_REFUSE };

struct wtl__cap_stats {
    uint64_t max_bytes; /* 0: there is no cap */
    uint64_t held_bytes;
    enum wtl__scarcity scarcity;
    uint64_t refused[WTL__NEEDS]; /* takes that were refused */
};

/* Sets the cap; 0: none. */
void wtl__cap_set(uint64_t bytes);

/* From here to wtl__cap_leave, which gets the result, this thread takes for that. Within what is
 * the runtime's own all is. */
enum wtl__need wtl__cap_enter(enum wtl__need need);
void wtl__cap_leave(enum wtl__need before);

/* May a pool grow by so much, for what this thread takes now? Counts a refusal. */
bool wtl__cap_admits(uint64_t more);
enum wtl__scarcity wtl__cap_scarcity(void);

/* Memory that is held besides the pools'; negative: no more. */
void wtl__cap_note(int64_t bytes);

struct wtl__cap_stats wtl__cap_stats(void);

#endif
