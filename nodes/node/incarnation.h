/*
 * incarnation.h - the number of this run of the node: 24 bits that make its pids differ from those
 * of every run before.
 *
 * It is counted in the file `incarnation` of the state folder, written and synced before it is
 * used, so that not even a power cut gives the same number twice. The file is locked as long as the
 * node runs: two nodes cannot share a folder. Without a folder, or where nothing can be written, it
 * is random.
 *
 * Thread: one at a time. Owns: the lock, until deinit.
 */
#ifndef WTL_NODE_INCARNATION_H
#define WTL_NODE_INCARNATION_H

#include <stdbool.h>
#include <stdint.h>

#include <wattle/status.h>

#define WTL__INCARNATION_BITS 24u
#define WTL__INCARNATION_MAX  ((1u << WTL__INCARNATION_BITS) - 1)

struct wtl__incarnation {
    uint32_t number; /* 1 to WTL__INCARNATION_MAX */
    bool is_random;
    int lock; /* -1: none */
};

/* `folder` may be NULL. Fails: WTL_EXISTS when another node runs in that folder; WTL_CONFIG when
 * the file holds something else. What cannot be written is logged, and the number is random then.
 */
enum wtl_status wtl__incarnation_init(struct wtl__incarnation *incarnation, const char *folder,
                                      struct wtl_error *error) WTL_MUST_USE;
void wtl__incarnation_deinit(struct wtl__incarnation *incarnation);

#endif
