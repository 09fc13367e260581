/*
 * check.h - does a flow mean something? Names, chains, arrows, places and rings first, which needs
 * nothing but the flow; then, if the caller has them, the modules' own descriptions.
 *
 * Thread: any. Owns: nothing. Neither asks the network, the clock or a file.
 */
#ifndef WTL_FLOW_CHECK_H
#define WTL_FLOW_CHECK_H

#include "flow/ast.h"
#include "flow/diag.h"

#include <wattle/status.h>

struct wtl_actor;

/* What holds for a flow that does not say it. */
struct wtl_flow_rules {
    /* Of a stage without a place; a layer and its kind (ON_LAYER, ON_EACH, ON_ANY). NOWHERE: such a
     * stage is an error. */
    enum wtl_flow_place_kind default_place;
    enum wtl_flow_layer default_layer;
};

/* Binds the names of a parsed flow to its stages, gives each stage what its mentions say, and
 * judges the whole. `rules` may be NULL. A flow that was parsed with errors can be checked: what
 * was broken is passed over.
 *
 * Fails: WTL_INVALID when `diags` holds an error afterwards, from here or from parsing. */
WTL_MUST_USE enum wtl_status wtl_flow_check(struct wtl_flow_ast *ast,
                                            const struct wtl_flow_rules *rules,
                                            struct wtl_flow_diags *diags);

/* What is known about modules; `context` goes to each function. */
struct wtl_flow_modules {
    void *context;
    /* The description of an actor; NULL: there is none. */
    const struct wtl_actor *(*resolve)(void *context, const char *module, const char *actor);
    /* The actors of a module one by one, NULL behind the last or when there is no such module. Used
     * to say what was meant. May be NULL. */
    const struct wtl_actor *(*list)(void *context, const char *module, unsigned index);
    /* The version of a module, "1.2.0"; NULL: no such module. May be NULL: versions are not looked
     * at. */
    const char *(*version)(void *context, const char *module);
    /* Is the stage's module one of those that are known here? Others, and what `use` says of them,
     * are passed over. May be NULL: all are known. */
    bool (*is_known)(void *context, const struct wtl_flow_ast *ast, uint16_t stage);
};

/* Checks each stage against its actor: that there is one, its settings (known, of the right type
 * and unit, mandatory ones given), and that producers begin, processors stand between and consumers
 * end. The flow must have been checked with wtl_flow_check; one with errors is looked at as far as
 * it goes.
 *
 * Fails: WTL_INVALID when there was an error. */
WTL_MUST_USE enum wtl_status wtl_flow_check_modules(const struct wtl_flow_ast *ast,
                                                    const struct wtl_flow_modules *modules,
                                                    struct wtl_flow_diags *diags);

/* The two halves of wtl_flow_check: names to stages, and the judgement over a bound flow. */
void wtl__flow_bind(struct wtl_flow_ast *ast, struct wtl_flow_diags *diags);
void wtl__flow_judge(struct wtl_flow_ast *ast, const struct wtl_flow_rules *rules,
                     struct wtl_flow_diags *diags);

/* The part of the judgement that looks along the chains; check_chains.c. */
void wtl__flow_judge_chains(const struct wtl_flow_ast *ast, struct wtl_flow_diags *diags);

#endif
