/*
 * host.h - the actor of each node that runs flows' units there, and the managers that were started
 * there. It is what the node, the command and other nodes' managers talk to.
 *
 * The node starts it as its second actor, right behind the first, with the settings below and the
 * local name "flow.host". So its pid is the same on every node but for the node's id, and no name
 * has to be looked up across the mesh: wtl_flow_host_pid.
 *
 * Every unit has a supervisor of its own (one_for_one, 5 restarts in 5 s). One that gives up is
 * started again after WTL_HOST_BACKOFF_MS, doubled each time up to WTL_HOST_BACKOFF_MAX_MS, so that
 * a bad stage neither takes others with it nor stops for good. Managers are kept alive the same
 * way.
 *
 * Calls that anybody with the right to may make:
 *   "flow.start" {packed: bin, source: str}
 *       Starts a manager here for a packed, checked flow; the answer is {node, local}, its pid,
 *       once it holds the name "flow.NAME". WTL_EXISTS: the flow runs already. WTL_INVALID,
 *       WTL_BAD_PAYLOAD, WTL_UNSUPPORTED, WTL_FULL, with a text.
 *   "flow.stop" {name: str}
 *       Ends that manager and what it runs, everywhere. WTL_NOT_FOUND: it was not started here.
 *   "flow.list" -> [[name, epoch, is managed here, units here], ...]
 *
 * Calls to a manager, by the name "flow.NAME": see manager.h.
 *
 * Between hosts and managers: "$flow.nodes", "$flow.state", "$flow.run", "$flow.stats",
 * "$flow.managed" (calls) and "$flow.wires", "$flow.up"; host_private.h.
 *
 * It ends in order: after all that it keeps. Give it the time for that (shutdown_ms).
 *
 * Thread: its own. Owns: the specs of what it runs.
 * Bounds: WTL_HOST_UNITS_MAX, WTL_HOST_FLOWS_MAX.
 */
#ifndef WTL_FLOW_HOST_H
#define WTL_FLOW_HOST_H

#include "flow/registry.h"

#include <wattle/flow.h>

#define WTL_HOST_NAME           "flow.host"
#define WTL_HOST_UNITS_MAX      4096u
#define WTL_HOST_FLOWS_MAX      64u
#define WTL_HOST_BACKOFF_MS     1000u
#define WTL_HOST_BACKOFF_MAX_MS 30000u
/* After this long without giving up, the delay begins anew. */
#define WTL_HOST_STABLE_MS 60000u
#define WTL_HOST_STATE_MAX 200u /* bytes of the path of the state folder */
/* The name of a flow, so that "flow.NAME" is a name. */
#define WTL_HOST_FLOW_NAME_MAX (WTL_NAME_MAX - 5)

/* Where the host is: the second slot in its first generation. */
static inline struct wtl_pid wtl_flow_host_pid(uint64_t node)
{
    return (struct wtl_pid){.node = node, .local = 1 | UINT64_C(1) << WTL_PID_SLOT_BITS};
}

struct wtl_flow_host_settings {
    const char *name;  /* of this node */
    const char *layer; /* "device", "edge" or "cloud" */
    const char *state; /* a folder for what outlives the node, see tally.h; NULL or "": none */
};

extern const struct wtl_actor wtl_flow_host;

#endif
