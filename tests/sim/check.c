/* check.c - see check.h. */
#include "check.h"

#include <stdio.h>

#include "base/attr.h"
#include "model.h"

#define NAMES_MAX 256u

/* ---- links and routes ----------------------------------------------------------------------- */

static bool is_up(const struct pipe *pipe)
{
    return wire_state(pipe, 0) == WTL__SESSION_UP && wire_state(pipe, 1) == WTL__SESSION_UP;
}

/* How many connections there are between two nodes that are up and carry data at both ends; two
 * ends that do not agree which one it is count as none. */
static unsigned links_between(const struct world *world, const struct sim_node *a,
                              const struct sim_node *b)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->pipes_top; i++) {
        const struct pipe *pipe = &world->pipes[i];
        bool between = (pipe->ends[0] == a && pipe->ends[1] == b) ||
                       (pipe->ends[0] == b && pipe->ends[1] == a);
        count +=
            pipe->used && between && is_up(pipe) && wire_carries(pipe, 0) && wire_carries(pipe, 1);
    }
    return count;
}

static void check_links(struct world *world)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *a = &world->nodes[i];
        unsigned uplinks = 0;
        for (unsigned j = 0; j < world->nodes_count; j++) {
            const struct sim_node *b = &world->nodes[j];
            bool device = a->layer == WTL_LAYER_DEVICE || b->layer == WTL_LAYER_DEVICE;
            unsigned links = i != j ? links_between(world, a, b) : 0;
            uplinks += links;
            if (i < j && !device && links != 1) {
                violation(world, INV_ONE_LINK, a, b,
                          "expected one link that both hold to be it; there are %u", links);
            }
        }
        if (a->layer == WTL_LAYER_DEVICE && uplinks != 1) {
            violation(world, INV_ONE_LINK, a, NULL, "expected one uplink; there are %u", uplinks);
        }
    }
}

static void check_routes(struct world *world)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        for (unsigned j = 0; j < world->nodes_count; j++) {
            const struct sim_node *a = &world->nodes[i];
            const struct sim_node *b = &world->nodes[j];
            if (i != j && wtl__core_route(wtl__hub_core(a->hub), b->id) == 0) {
                violation(world, INV_LIVE, a, b, "expected a way from one to the other; none");
            }
        }
    }
}

/* ---- names ---------------------------------------------------------------------------------- */

static const struct wtl__name_row *row_of(const struct wtl__name_row *rows, uint32_t count,
                                          const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static const struct held_name *holder_of(const struct held_name *held, uint32_t count,
                                         struct wtl_pid pid, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (wtl_pid_equal(held[i].pid, pid) && strcmp(held[i].name, name) == 0) {
            return &held[i];
        }
    }
    return NULL;
}

/* Everything that this node believes is so. */
static void check_ghosts(struct world *world, const struct sim_node *node,
                         const struct wtl__name_row *rows, uint32_t count,
                         const struct held_name *held, uint32_t held_count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_node *home = world_node(world, rows[i].pid.node);
        if (!model_lives(world, rows[i].pid)) {
            violation(world, INV_NO_GHOST, node, home,
                      "expected holders of names to live; %s is held for %lx.%lx, who has gone",
                      rows[i].name, (unsigned long)rows[i].pid.node,
                      (unsigned long)rows[i].pid.local);
        } else if (holder_of(held, held_count, rows[i].pid, rows[i].name) == NULL) {
            violation(world, INV_NO_GHOST, node, home,
                      "expected %s to be absent, because %lx.%lx has let go of it or never had it; "
                      "it is held for it in epoch %lx",
                      rows[i].name, (unsigned long)rows[i].pid.node,
                      (unsigned long)rows[i].pid.local, (unsigned long)rows[i].epoch);
        }
    }
}

/* All that is held is in this node's table; `first` is the table of another core node. */
static void check_table(struct world *world, const struct sim_node *node,
                        const struct wtl__name_row *rows, uint32_t count,
                        const struct held_name *held, uint32_t held_count)
{
    for (uint32_t i = 0; i < held_count; i++) {
        const struct wtl__name_row *row = row_of(rows, count, held[i].name);
        if (row == NULL || !wtl_pid_equal(row->pid, held[i].pid)) {
            violation(world, INV_CONVERGED, node, world_node(world, held[i].pid.node),
                      "expected %s to be held by %lx.%lx, who was told so; came %lx.%lx",
                      held[i].name, (unsigned long)held[i].pid.node,
                      (unsigned long)held[i].pid.local,
                      row == NULL ? 0 : (unsigned long)row->pid.node,
                      row == NULL ? 0 : (unsigned long)row->pid.local);
        }
    }
}

static void check_same(struct world *world, const struct sim_node *node,
                       const struct wtl__name_row *rows, uint32_t count,
                       const struct sim_node *first, const struct wtl__name_row *first_rows,
                       uint32_t first_count)
{
    if (count != first_count) {
        violation(world, INV_CONVERGED, node, first,
                  "expected the same names on both; came %u and %u", count, first_count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct wtl__name_row *other = row_of(first_rows, first_count, rows[i].name);
        if (other == NULL || !wtl_pid_equal(other->pid, rows[i].pid) ||
            other->epoch != rows[i].epoch) {
            violation(world, INV_CONVERGED, node, first,
                      "expected the same holder and epoch of %s on both; came %lx.%lx in %lx and "
                      "%lx.%lx in %lx",
                      rows[i].name, (unsigned long)rows[i].pid.node,
                      (unsigned long)rows[i].pid.local, (unsigned long)rows[i].epoch,
                      other == NULL ? 0 : (unsigned long)other->pid.node,
                      other == NULL ? 0 : (unsigned long)other->pid.local,
                      other == NULL ? 0 : (unsigned long)other->epoch);
        }
    }
}

static void check_names(struct world *world)
{
    static struct wtl__name_row first_rows[NAMES_MAX];
    static struct wtl__name_row rows[NAMES_MAX];
    static struct held_name held[NAMES_MAX];
    uint32_t held_count = model_names(world, held, NAMES_MAX);
    const struct sim_node *first = NULL;
    uint32_t first_count = 0;
    for (uint32_t i = 0; i < held_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(held[i].name, held[j].name) == 0) {
                violation(world, INV_CONVERGED, world_node(world, held[i].pid.node),
                          world_node(world, held[j].pid.node),
                          "expected one actor at most to hold %s; two were told that they do",
                          held[i].name);
            }
        }
    }
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        uint32_t count = wtl__core_names(wtl__hub_core(node->hub), rows, NAMES_MAX);
        char own[WTL_NAME_MAX + 1];
        (void)snprintf(own, sizeof own, "talker.%.50s", node->name);
        const struct wtl__name_row *row = row_of(rows, count, own);
        check_ghosts(world, node, rows, count, held, held_count);
        if (row == NULL || row->pid.node != node->id) {
            violation(world, INV_CONVERGED, node, NULL, "expected it to hold %s; it does not", own);
        }
        if (node->layer == WTL_LAYER_DEVICE) {
            continue;
        }
        check_table(world, node, rows, count, held, held_count);
        if (first == NULL) {
            first = node;
            first_count = count;
            memcpy(first_rows, rows, sizeof rows);
        } else {
            check_same(world, node, rows, count, first, first_rows, first_count);
        }
    }
}

/* ---- ties ----------------------------------------------------------------------------------- */

struct tally {
    struct world *world;
    struct sim_node *node;
    struct wtl__cell *cell;
    uint32_t alarms, links, monitors, others;
};

static const struct wtl__cell *cell_of(struct world *world, struct wtl_pid pid)
{
    const struct sim_node *node = world_node(world, pid.node);
    return node != NULL && node->alive && node->id == pid.node
               ? wtl__cells_find(&node->step.runtime.cells, pid.local)
               : NULL;
}

static void visit_tie(struct wtl__envelope *tie, void *context)
{
    struct tally *tally = context;
    struct world *world = tally->world;
    struct wtl_pid self = {.node = tally->node->id, .local = wtl__cell_local(tally->cell)};
    struct wtl_pid other = tie->msg.from;
    const struct wtl__cell *cell = cell_of(world, other);
    const struct sim_node *about = world_node(world, other.node);
    switch (wtl__tie_of(tie)) {
    case WTL__TIE_LINK:
        tally->links++;
        if (cell == NULL || tie->msg.request != 0 ||
            wtl__ties_find(&cell->ties, WTL__TIE_LINK, self, 0) == NULL) {
            violation(world, INV_SYMMETRY, tally->node, about,
                      "expected both ends of a link to be there; %lx has one to %lx.%lx, who %s",
                      (unsigned long)self.local, (unsigned long)other.node,
                      (unsigned long)other.local, cell == NULL ? "has gone" : "has none");
        }
        break;
    case WTL__TIE_MONITOR:
        tally->monitors++;
        if (!model_watches(tally->node, tie->msg.request, other)) {
            violation(world, INV_CONSERVED, tally->node, about,
                      "expected no monitor but those that wait for their DOWN; there is %lx",
                      (unsigned long)tie->msg.request);
        } else if (cell == NULL ||
                   wtl__ties_find(&cell->ties, WTL__TIE_WATCHER, self, tie->msg.request) == NULL) {
            violation(world, INV_CONSERVED, tally->node, about,
                      "expected who is watched by %lx to know it; it %s", (unsigned long)self.local,
                      cell == NULL ? "has gone" : "does not");
        }
        break;
    case WTL__TIE_WATCHER:
        if (cell == NULL ||
            wtl__ties_find(&cell->ties, WTL__TIE_MONITOR, WTL_PID_NONE, tie->msg.request) == NULL) {
            violation(world, INV_CONSERVED, tally->node, about,
                      "expected who watches %lx to have a monitor; %lx.%lx %s",
                      (unsigned long)self.local, (unsigned long)other.node,
                      (unsigned long)other.local, cell == NULL ? "has gone" : "has none");
        }
        break;
    case WTL__TIE_ALARM:
        tally->alarms++;
        break;
    default:
        tally->others++;
        violation(world, INV_CONSERVED, tally->node, about,
                  "expected no call, kept message or local name to be left; %lx has one of kind %d",
                  (unsigned long)self.local, (int)wtl__tie_of(tie));
        break;
    }
}

static void check_cell(struct tally *tally)
{
    struct wtl__cell *cell = tally->cell;
    tally->alarms = 0;
    wtl__ties_each(&cell->ties, visit_tie, tally);
    if (tally->alarms != 1) {
        violation(tally->world, INV_CONSERVED, tally->node, NULL,
                  "expected one timer of each talker; %lx has %u",
                  (unsigned long)wtl__cell_local(cell), tally->alarms);
    }
    if (cell->fifo != NULL) {
        violation(tally->world, INV_CONSERVED, tally->node, NULL,
                  "expected no message to wait; %lx has some",
                  (unsigned long)wtl__cell_local(cell));
    }
}

static void check_actors(struct world *world)
{
    uint32_t monitors = 0;
    for (unsigned i = 0; i < world->nodes_count; i++) {
        struct sim_node *node = &world->nodes[i];
        struct tally tally = {.world = world, .node = node};
        uint32_t live = wtl__step_live(&node->step);
        if (live != model_living(node) || live != 1) {
            violation(
                world, INV_CONSERVED, node, NULL,
                "expected the talker alone to live (%u were born and have not ended); %u live",
                model_living(node), live);
        }
        uint32_t used = wtl__cells_used(&node->step.runtime.cells);
        for (uint32_t slot = 0; slot < used; slot++) {
            tally.cell = wtl__cells_at(&node->step.runtime.cells, slot);
            if (wtl__cell_now(tally.cell) != 0) {
                check_cell(&tally);
            }
        }
        monitors += tally.monitors;
    }
    uint32_t active = model_check_monitors(world);
    if (monitors != active) {
        violation(world, INV_CONSERVED, NULL, NULL,
                  "expected %u monitors that wait for their DOWN; there are %u", active, monitors);
    }
}

/* ---- what the hubs hold --------------------------------------------------------------------- */

static void check_hubs(struct world *world)
{
    for (unsigned i = 0; i < world->nodes_count; i++) {
        const struct sim_node *node = &world->nodes[i];
        struct wtl__link_row rows[64];
        uint32_t links = wtl__hub_links(node->hub, rows, 64);
        uint32_t ends = 0;
        for (unsigned p = 0; p < world->pipes_top; p++) {
            const struct pipe *pipe = &world->pipes[p];
            ends += pipe->used && pipe->ends[0] == node && pipe->links[0] != 0;
            ends += pipe->used && pipe->ends[1] == node && pipe->links[1] != 0;
        }
        if (links != ends) {
            violation(world, INV_CONSERVED, node, NULL,
                      "expected as many links as connections, %u; there are %u", ends, links);
        }
        for (uint32_t l = 0; l < links && l < 64; l++) {
            if (rows[l].waiting_bytes != 0) {
                violation(world, INV_CONSERVED, node, world_named(world, rows[l].peer),
                          "expected nothing to be passed on any more; %lu bytes wait",
                          (unsigned long)rows[l].waiting_bytes);
            }
        }
        for (unsigned j = 0; j < world->nodes_count; j++) {
            if (node->waiting[j] != 0) {
                violation(world, INV_CONSERVED, node, &world->nodes[j],
                          "expected nothing to wait in the outbox; %lu bytes do",
                          (unsigned long)node->waiting[j]);
            }
        }
    }
}

void check_quiescent(struct world *world)
{
    check_links(world);
    check_routes(world);
    check_names(world);
    check_actors(world);
    check_hubs(world);
    model_check_mail(world);
    model_check_seeks(world);
}
