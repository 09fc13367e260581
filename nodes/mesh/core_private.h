/*
 * core_private.h - what the files of the control core call of each other. core.h is the contract,
 * and core_tables.h is what they all look into.
 *
 *   core.c           events, time, and what follows from an event
 *   core_effects.c   the queue of effects
 *   core_links.c     links by identity: duplicates, probes, simultaneous dials
 *   core_probe.c     two incarnations of one name
 *   core_redial.c    whom to dial, and when
 *   core_leave.c     nodes that leave in order, this one and others
 *   core_parted.c    two nodes of which perhaps only one saw the other go down
 *   core_nodes.c     nodes: up, down, incarnations, who may speak for whom
 *   core_roster.c    ROSTER frames, routes, what a leaf knows
 *   core_attach.c    where leaves are attached
 *   core_view.c      the view (the set of core nodes that are up) and the owner of a name in it
 *   core_names.c     the table of names
 *   core_names_frame.c  NAMES frames: who may send what, relay
 *   core_asks.c      what is asked of owners and uplinks, with deadlines
 *   core_asks_from.c what actors and leaves want
 *   core_lookup.c    names that are not in the table: their owners are asked
 *   core_owner.c     the owner's part: grants, claims, clashes
 *   core_state.c     what a node makes of an owner's word
 *   core_sync.c      claims after a view change, digests, repair
 *   core_rights.c    the table of layer and verb
 *
 * Thread: one at a time, as the core. Owns: nothing.
 */
#ifndef WTL_MESH_CORE_PRIVATE_H
#define WTL_MESH_CORE_PRIVATE_H

#include "mesh/core_tables.h"

/* ---- core.c --------------------------------------------------------------------------------- */

/* Something of that kind is due then, or earlier. */
static inline void wtl__core_wake(struct wtl__core *core, enum wtl__due due, uint64_t at_ms)
{
    if (at_ms < core->due_ms[due]) {
        core->due_ms[due] = at_ms;
    }
}

/* The wall clock now, by what was told last. */
int64_t wtl__core_wall_s(const struct wtl__core *core);
/* What every event begins and ends with. */
void wtl__core_begin(struct wtl__core *core, uint64_t now_ms);
void wtl__core_finish(struct wtl__core *core);

enum wtl_status wtl__core_dispatch(struct wtl__core *core, struct wtl__core_link *link,
                                   const struct wtl__frame *frame) WTL_MUST_USE;

/* A growing array of pointers: makes room for one more. False: no memory. */
bool wtl__core_room(void ***array, uint32_t count, uint32_t *capacity) WTL_MUST_USE;
void wtl__core_copy(char out[WTL_NAME_MAX + 1], const char *text);

/* ---- core_effects.c ------------------------------------------------------------------------- */

/* Strings and frame are copied. */
void wtl__core_push(struct wtl__core *core, const struct wtl__effect *effect);
void wtl__core_send(struct wtl__core *core, uint32_t link, const uint8_t *frame, size_t size);

/* ---- core_links.c --------------------------------------------------------------------------- */

struct wtl__core_link *wtl__core_link_find(const struct wtl__core *core, uint32_t number);
void wtl__core_link_close(struct wtl__core *core, struct wtl__core_link *link,
                          enum wtl_status status, const char *text);
/* That node has no route any more: a newcomer of its name that waits is let in. */
void wtl__core_link_let_in(struct wtl__core *core, uint64_t node);
/* Keeps a frame for when the link is ON. */
enum wtl_status wtl__core_link_hold(struct wtl__core *core, struct wtl__core_link *link,
                                    const struct wtl__frame *frame) WTL_MUST_USE;

/* ---- core_probe.c --------------------------------------------------------------------------- */

void wtl__core_links_tick(struct wtl__core *core);
/* Asks that incarnation for a sign of life; `link` is what depends on it. */
void wtl__core_probe(struct wtl__core *core, struct wtl__core_link *link, uint64_t node);
/* Another node says that it reaches `rival`, while this node has a link to the same name. */
void wtl__core_link_contest(struct wtl__core *core, struct wtl__core_link *link, uint64_t rival);
/* That link has ended: a record of another incarnation that waited for it is taken. */
void wtl__core_link_rival_in(struct wtl__core *core, struct wtl__core_link *link);
/* The same of a leaf: the record of its other incarnation came on `from`, and waits. */
void wtl__core_link_contest_leaf(struct wtl__core *core, struct wtl__core_link *link,
                                 uint64_t rival, const struct wtl__core_link *from,
                                 const struct wtl__frame *record);
void wtl__core_probe_answered(struct wtl__core *core, uint64_t node, uint64_t probe);

/* ---- core_redial.c -------------------------------------------------------------------------- */

void wtl__core_redial_init(struct wtl__core *core);
void wtl__core_redial_linked(struct wtl__core *core, const struct wtl__hello *peer, bool dialled);
void wtl__core_redial_lost(struct wtl__core *core, const struct wtl__core_link *link,
                           enum wtl_status status);
/* A core node with an address is known. */
void wtl__core_redial_learn(struct wtl__core *core, const struct wtl__core_node *node);
void wtl__core_redial_forget(struct wtl__core *core, uint64_t bits);
void wtl__core_redial_tick(struct wtl__core *core);

/* ---- core_leave.c --------------------------------------------------------------------------- */

/* That node has said goodbye: it is down, and does not come back as this incarnation. */
void wtl__core_left(struct wtl__core *core, struct wtl__core_node *node);
/* A farewell has come, from `frame->source`, about `frame->pid.node`. */
void wtl__core_farewell(struct wtl__core *core, const struct wtl__names_frame *frame);

/* ---- core_parted.c -------------------------------------------------------------------------- */

/* That node could come up: does it know how often the two were parted? Else it is told. */
bool wtl__core_parted_met(struct wtl__core *core, struct wtl__core_node *node);
/* `frame->source` says how often it was parted from this node. */
void wtl__core_parted_heard(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_parted_tick(struct wtl__core *core, struct wtl__core_node *node);

/* ---- core_nodes.c --------------------------------------------------------------------------- */

struct wtl__core_node *wtl__core_node_find(const struct wtl__core *core, uint64_t id);
/* The node with that identity, in whatever incarnation. */
struct wtl__core_node *wtl__core_node_named(const struct wtl__core *core, uint64_t id);
/* The same, made when there is none. NULL: full, or no memory. */
struct wtl__core_node *wtl__core_node_intern(struct wtl__core *core, uint64_t id, uint8_t layer);
/* From here on it is that incarnation: the old one goes down. */
void wtl__core_node_become(struct wtl__core *core, struct wtl__core_node *node, uint64_t id);
void wtl__core_node_up(struct wtl__core *core, struct wtl__core_node *node);
void wtl__core_node_down(struct wtl__core *core, struct wtl__core_node *node,
                         enum wtl_status status);
/* Looks whether it has a route: comes up, starts or ends its window. */
void wtl__core_node_check(struct wtl__core *core, struct wtl__core_node *node);
void wtl__core_nodes_tick(struct wtl__core *core);
uint32_t wtl__core_node_link(const struct wtl__core *core, const struct wtl__core_node *node);
uint32_t wtl__core_up_count(const struct wtl__core *core);

/* ---- core_roster.c -------------------------------------------------------------------------- */

enum wtl_status wtl__core_roster_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
void wtl__core_routes_update(struct wtl__core *core);
void wtl__core_roster_send(struct wtl__core *core, struct wtl__core_link *link);
void wtl__core_roster_flush(struct wtl__core *core);
/* A leaf on that link has to know of another leaf. */
void wtl__core_roster_tell(struct wtl__core *core, uint64_t leaf, uint64_t about);
bool wtl__core_reaches(const struct wtl__core_link *link, uint64_t node, uint8_t *hops_out);

/* ---- core_attach.c -------------------------------------------------------------------------- */

enum wtl_status wtl__core_attach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
enum wtl_status wtl__core_detach_frame(struct wtl__core *core, struct wtl__core_link *link,
                                       const struct wtl__frame *frame) WTL_MUST_USE;
/* The record goes; when it was attached here, all are told. */
void wtl__core_attach_end(struct wtl__core *core, struct wtl__core_node *leaf);
void wtl__core_attach_tick(struct wtl__core *core);
/* Sends records on that link, as many as may go at once. True: there are more. */
bool wtl__core_attach_sync(struct wtl__core *core, struct wtl__core_link *link);

/* ---- core_view.c ---------------------------------------------------------------------------- */

uint64_t wtl__core_mix(uint64_t value);
uint64_t wtl__core_hash(const char *name, uint64_t seed);
void wtl__core_view_update(struct wtl__core *core);
uint64_t wtl__core_owner_in(const struct wtl__core_view *view, uint64_t hash);
/* The owner of that name in the present view. */
uint64_t wtl__core_owner(struct wtl__core *core, struct wtl__core_name *name);
/* May this node, as its owner, give out that name? */
bool wtl__core_view_grants(const struct wtl__core *core, uint64_t hash);
void wtl__core_view_tick(struct wtl__core *core);
void wtl__core_view_check(struct wtl__core *core);
/* Routes have changed, and frames may have been lost: digests go out soon. */
void wtl__core_view_stir(struct wtl__core *core);

/* ---- core_names.c --------------------------------------------------------------------------- */

void wtl__core_names_init(struct wtl__core *core);
void wtl__core_names_deinit(struct wtl__core *core);
struct wtl__core_name *wtl__core_name_get(const struct wtl__core *core, const char *name);
/* That pid has it (none: nobody), in that epoch. Made when there is none. NULL: full. */
struct wtl__core_name *wtl__core_name_put(struct wtl__core *core, const char *name,
                                          struct wtl_pid pid, uint64_t epoch, uint64_t birth,
                                          uint64_t granter);
void wtl__core_name_bury(struct wtl__core *core, struct wtl__core_name *name, uint64_t epoch);
void wtl__core_name_cache(struct wtl__core *core, struct wtl__core_name *name);
void wtl__core_name_remove(struct wtl__core *core, struct wtl__core_name *name);
/* A node is down, or over: what its actors had is buried. */
void wtl__core_names_of_node(struct wtl__core *core, uint64_t node);
/* Is it one that this node speaks for: of its own actors, or of a leaf that is attached here? */
bool wtl__core_is_ours(const struct wtl__core *core, struct wtl_pid pid);
uint32_t wtl__core_names_held(const struct wtl__core *core, uint64_t node);
void wtl__core_epoch_seen(struct wtl__core *core, uint64_t epoch);
/* An epoch above all that were seen. */
uint64_t wtl__core_epoch_next(struct wtl__core *core);
bool wtl__core_epoch_is_sound(const struct wtl__core *core, uint64_t epoch);
void wtl__core_names_tick(struct wtl__core *core);
/* Ours lets go of it: here at once, and its owner is told. */
void wtl__core_name_release(struct wtl__core *core, struct wtl__core_name *name);

/* ---- core_names_frame.c --------------------------------------------------------------------- */

enum wtl_status wtl__core_names_frame(struct wtl__core *core, struct wtl__core_link *link,
                                      const struct wtl__frame *frame) WTL_MUST_USE;
/* Fills in source, hops and view; to this node itself it is handled at once. False: no route. */
bool wtl__core_names_send(struct wtl__core *core, struct wtl__names_frame *frame);
void wtl__core_names_all(struct wtl__core *core, struct wtl__names_frame *frame);

/* ---- core_asks.c ---------------------------------------------------------------------------- */

struct wtl__core_ask *wtl__core_ask_new(struct wtl__core *core, enum wtl__ask_kind kind,
                                        struct wtl_pid pid, uint64_t request, uint64_t leaf,
                                        const char *name);
/* A leaf registers again what it holds: asked until the answer is yes or no. */
void wtl__core_ask_renew(struct wtl__core *core, struct wtl_pid pid, const char *name);
void wtl__core_ask_send(struct wtl__core *core, struct wtl__core_ask *ask);
void wtl__core_ask_free(struct wtl__core *core, struct wtl__core_ask *ask);
void wtl__core_ask_cancel_leaf(struct wtl__core *core, uint64_t leaf);
/* That pid wants that name again, which it has let go of before it had it. */
void wtl__core_ask_keep(struct wtl__core *core, struct wtl_pid pid, const char *name);
/* Has that pid of this node asked for that name, and no answer yet? */
struct wtl__core_ask *wtl__core_ask_of(const struct wtl__core *core, struct wtl_pid pid,
                                       const char *name);
void wtl__core_ask_result(struct wtl__core *core, const struct wtl__names_frame *result);
void wtl__core_asks_again(struct wtl__core *core);
void wtl__core_asks_tick(struct wtl__core *core);
/* A leaf has a new uplink: what it holds is registered there, what it let go of is dropped. */
void wtl__core_asks_renew(struct wtl__core *core);
void wtl__core_ask_from_leaf(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_ask_lookup(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_answer(struct wtl__core *core, uint64_t leaf, struct wtl_pid pid, uint64_t request,
                      enum wtl_status status, const char *name, struct wtl_pid holder,
                      uint64_t epoch);

/* One of this node's actors is said to have that name. True: it has not, and when it has gone the
 * sender was told. */
bool wtl__core_ask_disowns(struct wtl__core *core, const struct wtl__names_frame *result);

/* ---- core_lookup.c -------------------------------------------------------------------------- */

void wtl__core_lookups_deinit(struct wtl__core *core);
/* A core node does not know that name: its owner is asked, and the ask is answered by what it says,
 * maybe before this returns. */
void wtl__core_lookup_join(struct wtl__core *core, struct wtl__core_ask *ask);
/* The ask is over. */
void wtl__core_lookup_leave(struct wtl__core *core, struct wtl__core_ask *ask);
/* True: it was the answer to a lookup. */
bool wtl__core_lookup_result(struct wtl__core *core, const struct wtl__names_frame *result);
/* The owner may be another one now. */
void wtl__core_lookup_again(struct wtl__core *core, struct wtl__core_lookup *lookup);
void wtl__core_lookup_tick(struct wtl__core *core, struct wtl__core_lookup *lookup);

/* ---- core_owner.c --------------------------------------------------------------------------- */

void wtl__core_owner_register(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_lookup(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_drop(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_claim(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_owner_release(struct wtl__core *core);
/* Registrations of that pid that wait here are forgotten; none.local: of that node. */
void wtl__core_owner_forget(struct wtl__core *core, struct wtl_pid pid);
/* What an owner says of a name to others. */
struct wtl__names_frame wtl__core_state_of(const struct wtl__core_name *name);

/* ---- core_state.c --------------------------------------------------------------------------- */

void wtl__core_state(struct wtl__core *core, const struct wtl__names_frame *frame);

/* ---- core_sync.c ---------------------------------------------------------------------------- */

void wtl__core_sync_begin(struct wtl__core *core);
/* `before` is another view from here on: claims that are not out yet cannot leave any out. */
void wtl__core_sync_settled(struct wtl__core *core);
void wtl__core_sync_claim(struct wtl__core *core, const struct wtl__core_name *name,
                          uint64_t owner);
void wtl__core_sync_claimed(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_answered(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_asked(struct wtl__core *core, const struct wtl__names_frame *frame);
void wtl__core_sync_digests(struct wtl__core *core);
void wtl__core_sync_tick(struct wtl__core *core);

#endif
