/*
 * tally.h - the counts of a producer and of its outbox in a file, so that the end of their node
 * does not take them along: what was accepted and is not known to be done is then counted as lost.
 *
 * One file for both, in the node's state folder, mapped into memory: a count is a store. It
 * outlives the process, however that ends; after a power cut it may be older than the truth. It is
 * there from the first start of a source to the end of its flow.
 *
 * Thread: the host's; the counts as in counts.h. Owns: the mapping.
 * Bounds: one file of WTL_TALLY_SIZE bytes for each producer.
 */
#ifndef WTL_FLOW_TALLY_H
#define WTL_FLOW_TALLY_H

#include "flow/counts.h"
#include "flow/units.h"

#define WTL_TALLY_SIZE 256u

struct wtl_tally {
    void *map; /* NULL: there is no file */
    char path[256];
};

/* Maps the counts of that producer (or, `outbox`, of what stands behind it) in the file
 * FOLDER/flow.FLOW.STAGE.COPY, which is made when it is not there. The counts of what is now are
 * set to 0. Fails: WTL_SYSTEM, WTL_TOO_LARGE for the path, WTL_BAD_PAYLOAD for a file of something
 * else, which is left alone; counts_out is NULL then. */
enum wtl_status wtl_tally_open(struct wtl_tally *tally, const char *folder, const char *flow,
                               const char *stage, uint16_t copy, bool outbox,
                               struct wtl_flow_counts **counts_out,
                               struct wtl_error *error) WTL_MUST_USE;

/* Unmaps it; a tally that was not opened is nothing. The file stays. */
void wtl_tally_close(struct wtl_tally *tally);

/* The flow has ended: so has the file. */
void wtl_tally_remove(const struct wtl_tally *tally);

#endif
