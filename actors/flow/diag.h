/*
 * diag.h - errors and warnings about a flow: the list of codes, the list of what was found, and
 * how it is printed.
 *
 * Codes are stable: they are in scripts, in searches and in `wattle explain`, so a number is never
 * given to another meaning.
 *
 * Thread: none of its own. Owns: nothing; a list is the caller's and can be copied.
 */
#ifndef WTL_FLOW_DIAG_H
#define WTL_FLOW_DIAG_H

#include "flow/ast.h"

/* X(NAME, number, severity, "title", "explanation"): severity is ERROR or WARNING. */
#define WTL_FLOW_CODE_MAP(X)                                                                       \
    X(TOO_LARGE, 201, ERROR, "the flow is too large",                                              \
      "A flow's source holds 64 KiB at most, and a flow has bounded numbers of stages (128), "     \
      "chains (32), steps (256), members of one group (32), settings (512) and used modules "      \
      "(16), "                                                                                     \
      "so that checking one never takes more than a known amount of memory. Split the flow: "      \
      "several flows can run in one mesh.")                                                        \
    X(BAD_BYTE, 202, ERROR, "a character that the notation does not have",                         \
      "A flow is UTF-8 text. Outside of strings and comments it consists of names, numbers, "      \
      "arrows and the characters { } [ ] , ; = @ * . / : and nothing else. Control characters "    \
      "are "                                                                                       \
      "refused everywhere.")                                                                       \
    X(BAD_ARROW, 203, ERROR, "not an arrow",                                                       \
      "There are two arrows: ~> carries messages forward, <~> also carries answers back. All "     \
      "chains are written from left to right.")                                                    \
    X(BAD_STRING, 204, ERROR, "a string that cannot be read",                                      \
      "A string stands between double quotes on one line. Inside, \\\" \\\\ \\n and \\t stand "    \
      "for "                                                                                       \
      "a quote, a backslash, a line end and a tab; there are no other escapes.")                   \
    X(BAD_NUMBER, 205, ERROR, "a number that cannot be read",                                      \
      "Numbers are integers of 64 bits, decimal fractions such as 0.5, durations with ms, s, m, "  \
      "h "                                                                                         \
      "or d, and sizes with B, KiB, MiB, GiB or TiB. A number may carry the unit that the "        \
      "setting "                                                                                   \
      "is declared with, directly behind it.")                                                     \
    X(EXPECTED, 206, ERROR, "something else was expected",                                         \
      "The text does not follow the grammar at this place. A flow is: flow NAME { ... } around "   \
      "declarations (temp = climate.temp @each:device { period = 60s }) and chains (push temp "    \
      "<~> rain <~> store).")                                                                      \
    X(UNKNOWN_INPUT, 207, ERROR, "an unknown input word",                                          \
      "A chain begins with the word that says who sets the pace: push (the producer), demand "     \
      "(the "                                                                                      \
      "stages ask when they have room) or pull (the far end asks).")                               \
    X(MISSING_INPUT, 208, ERROR, "a chain without an input word",                                  \
      "A chain begins with push, demand or pull, and then its first stage. Without that word "     \
      "nobody would know who sets the pace.")                                                      \
    X(PULL_ONE_WAY, 209, ERROR, "a pull chain with a one-way arrow",                               \
      "In a pull chain the far end asks for data, and its request travels on the backward path. "  \
      "So every arrow of the chain has to be <~>; the whole line is judged, not its last arrow.")  \
    X(MIXED_ARROWS, 210, ERROR, "a two-way arrow behind a one-way arrow",                          \
      "What comes back through <~> has to go on to the beginning of the chain, and a ~> in "       \
      "between ends the backward path there. Either make the earlier arrow <~>, or this one ~>.")  \
    X(OUTPUT_FIRST, 211, ERROR, "a chain that begins with output",                                 \
      "output is where messages leave the flow for its clients, so it ends a chain. A chain "      \
      "without a first stage (push ~> ...) takes its messages from clients of the flow.")          \
    X(AFTER_OUTPUT, 212, ERROR, "something behind output",                                         \
      "output ends a chain: messages have left the flow there. To do both, write a second chain "  \
      "that begins at the stage before output.")                                                   \
    X(NOTHING_BEHIND, 213, ERROR, "an input with nothing behind it",                               \
      "A chain needs an input word, and at least one arrow that leads to a stage: push temp ~> "   \
      "store.")                                                                                    \
    X(NO_PROCESSOR, 214, ERROR, "input leads straight to output",                                  \
      "A chain from the flow's clients to the flow's clients needs at least one stage between "    \
      "them, or it would do nothing.")                                                             \
    X(NESTED_GROUP, 215, ERROR, "a group inside of a group",                                       \
      "Groups hold stages and no groups. [a, {b, c}] is written [a] ~> {b, c}: a group in a row "  \
      "with others is simply the next step of the chain.")                                         \
    X(EMPTY_GROUP, 216, ERROR, "an empty group",                                                   \
      "[a, b] runs its stages in order, {a, b} runs them at once; with no stage inside, a group "  \
      "says nothing. Leave it out, with one of the arrows around it.")                             \
    X(GROUP_FIRST, 217, ERROR, "a chain that begins with a group",                                 \
      "The first stage of a chain is its one producer. Several producers are several chains that " \
      "lead to the same stage; to take messages from clients, write the arrow directly behind "    \
      "the input word.")                                                                           \
    X(RESERVED, 218, ERROR, "a reserved word as a name",                                           \
      "Words of the notation cannot be names of stages or flows: flow use push demand pull input " \
      "output by node link each any with env true false. Some of them are kept for later.")        \
    X(BAD_NAME, 219, ERROR, "not a valid name",                                                    \
      "A name begins with a letter a to z and goes on with letters, digits, _ and -, all lower "   \
      "case, 63 bytes at most, because it becomes part of the names of actors in the mesh. The "   \
      "name of a node may begin with a digit and hold dots.")                                      \
    X(DUPLICATE_NAME, 220, ERROR, "two stages of one name",                                        \
      "Every stage of a flow has its own name. A stage that is written as MODULE.ACTOR gets the "  \
      "actor's name; to use the same actor twice, or two actors of one name, declare the second "  \
      "one under a name of its own: clean2 = climate.clean @edge.")                                \
    X(UNKNOWN_NAME, 221, ERROR, "a name that is not declared",                                     \
      "A stage in a chain is the name of a declaration in this flow (clean = climate.clean), "     \
      "MODULE.ACTOR, or an actor's name alone, which means the flow's one module: that of its "    \
      "`use`, or the one that is called like the flow. With several `use` it says which. "         \
      "Declarations may stand before or after the chains that use them.")                          \
    X(NO_PLACE, 222, ERROR, "a stage without a place",                                             \
      "Every stage says where it runs: @edge (a node of that layer), @cloud/db-1 (that node), "    \
      "@each:device (every node of that layer), @any:edge (one of them, chosen anew when it "      \
      "leaves) or @with:clean (beside another stage). A place behind a group is the place of "     \
      "each of its members, and a stage that does not say it runs where the stage before it "      \
      "does. So the first stage of a chain needs one.")                                            \
    X(BAD_PLACE, 223, ERROR, "not a place",                                                        \
      "A place is @LAYER, @LAYER/NODE, @each:LAYER, @any:LAYER or @with:STAGE, and a layer is "    \
      "device, edge or cloud.")                                                                    \
    X(BAD_WITH, 224, ERROR, "a companion that does not exist",                                     \
      "@with:NAME puts a stage on the node of another stage of the same flow. That stage has to "  \
      "exist, and in the end one of them has to have a place of its own: two stages cannot "       \
      "follow "                                                                                    \
      "each other.")                                                                               \
    X(GIVEN_TWICE, 225, ERROR, "two places or two numbers for one stage",                          \
      "A stage has one place and one number of copies, wherever they are written: in its "         \
      "declaration, at a mention, or behind the group around it. Two that differ are refused "     \
      "rather than one of them silently chosen.")                                                  \
    X(BAD_COUNT, 226, ERROR, "not a number of copies",                                             \
      "*N runs a stage N times side by side; N is a plain integer from 1 to 1024.")                \
    X(CYCLE, 227, ERROR, "stages that feed each other for ever",                                   \
      "Chains may share stages, but following the arrows must not lead back to where one began "   \
      "with ~> alone: nothing could slow such a ring down. A ring that passes a <~> is accepted, " \
      "because its backward link carries credit.")                                                 \
    X(BAD_OUTPUT, 228, ERROR, "output is not a stage",                                             \
      "output is the end of a chain and no actor: it has no place, no copies and no settings, "    \
      "and "                                                                                       \
      "it cannot be a member of a group.")                                                         \
    X(NO_CHAIN, 229, ERROR, "a flow without a chain",                                              \
      "Declarations alone start nothing: a flow has at least one chain, such as push temp ~> "     \
      "store.")                                                                                    \
    X(DUPLICATE_SETTING, 230, ERROR, "a setting given twice",                                      \
      "Each setting of a stage is given once, in its declaration or at one mention of it.")        \
    X(REPEATED_STAGE, 231, ERROR, "a stage next to itself",                                        \
      "The same stage cannot be twice in one group or on both sides of one arrow. To run a stage " \
      "several times side by side write *N; to run the same actor twice in a row, declare it "     \
      "under "                                                                                     \
      "two names.")                                                                                \
    X(UNKNOWN_MODULE, 232, ERROR, "an unknown module",                                             \
      "No module of that name is installed on this node. `wattle module ls` shows those that "     \
      "are.")                                                                                      \
    X(UNKNOWN_ACTOR, 233, ERROR, "an unknown actor",                                               \
      "The module does not have an actor of that name. Actors are called as in their description " \
      "(WTL_ACTOR), behind the name of the module.")                                               \
    X(UNKNOWN_SETTING, 234, ERROR, "an unknown setting",                                           \
      "The actor does not declare a setting of that name: settings are the fields of its "         \
      "description, which have their types, units and defaults.")                                  \
    X(MISSING_SETTING, 235, ERROR, "a mandatory setting is missing",                               \
      "The actor declares this setting without a default, so that every stage has to give it.")    \
    X(WRONG_TYPE, 236, ERROR, "a value of the wrong type or unit",                                 \
      "Settings have a declared type and often a unit. An integer setting takes 12 and not 1.5; "  \
      "durations and sizes take their units (60s, 10MiB); text takes quotes or one plain word. A " \
      "number may carry the declared unit of its setting and no other.")                           \
    X(WRONG_KIND, 237, ERROR, "a producer, processor or consumer at the wrong place",              \
      "A chain begins with a producer and ends with a consumer or output, unless another chain "   \
      "leads to its first stage or goes on behind its last; everything between is a processor. "   \
      "In "                                                                                        \
      "a concurrent group, consumers are welcome too, since what its members answer is dropped.")  \
    X(MODULE_VERSION, 238, ERROR, "a module that is too old",                                      \
      "The flow says `use MODULE >= VERSION` and the installed module is older. Install a newer "  \
      "one with `wattle module upgrade`, or lower the number if the flow does not need it.")       \
    X(UNUSED_STAGE, 281, WARNING, "a stage that no chain uses",                                    \
      "The stage is declared, but no chain leads through it, so that it would never be started.")  \
    X(UNUSED_MODULE, 282, WARNING, "a module that no stage uses",                                  \
      "The flow says `use MODULE`, but no stage of it comes from that module.")                    \
    X(BACKWARD_ENDS, 283, WARNING, "the backward path ends inside of the chain",                   \
      "The chain begins with <~> and goes on with ~>. That is allowed: answers come back from "    \
      "the "                                                                                       \
      "stages before the first ~>, but not from those behind it. If they should, make it <~>.")

enum wtl_flow_code {
#define WTL_FLOW_CODE_ENUM(name, number, severity, title, explanation) WTL_FLOW_##name = (number),
    WTL_FLOW_CODE_MAP(WTL_FLOW_CODE_ENUM)
#undef WTL_FLOW_CODE_ENUM
};

#define WTL_FLOW_DIAGS_MAX 20u  /* errors and warnings that are kept for one flow */
#define WTL_FLOW_SHOWN_MAX 120u /* characters of a source line that are shown */

/* One thing that was found. */
struct wtl_flow_diag {
    enum wtl_flow_code code;
    struct wtl_flow_at at;
    char text[224];
    char help[224]; /* what to do; "" when there is nothing to say */
};

/* All that was found, in the order of the source. */
struct wtl_flow_diags {
    unsigned count;
    unsigned errors;   /* all of them, those that did not fit included */
    unsigned warnings; /* likewise */
    struct wtl_flow_diag list[WTL_FLOW_DIAGS_MAX];
    struct wtl_flow_diag overflow; /* where one is written that is not kept */
};

void wtl_flow_diags_init(struct wtl_flow_diags *diags);

bool wtl_flow_code_is_warning(enum wtl_flow_code code);

/* "a chain without an input word" and the paragraph for `wattle explain E0208`; NULL for a number
 * that is no code. */
const char *wtl_flow_code_title(unsigned number);
const char *wtl_flow_code_explain(unsigned number);

/* Adds one and returns it, so that its help can be written; it is valid until the next is added.
 * The same code at the same place is reported once. Bounds: WTL_FLOW_DIAGS_MAX are kept, and an
 * error takes the room of a warning. */
struct wtl_flow_diag *wtl__flow_report(struct wtl_flow_diags *diags, enum wtl_flow_code code,
                                       struct wtl_flow_at at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void wtl__flow_help(struct wtl_flow_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text of the source for use inside of a message: printable and at most 40 bytes. Returns `out`. */
#define WTL_FLOW_QUOTE_MAX 44
const char *wtl__flow_quote(const char *bytes, size_t size, char out[WTL_FLOW_QUOTE_MAX]);

/* Prints one, or all with a closing line, as
 *
 *     error[E0209]: pull mode can be enabled only for bidirectional dataflow
 *      --> climate.flow:1:13
 *       |
 *     1 | pull temp ~> store
 *       |           ^^
 *       = help: ...
 *
 * with no colour, tabs kept, and nothing unprintable from the source. Returns the length of the
 * whole text like snprintf; with room 0, `out` may be NULL. `source` is what was parsed; NULL
 * leaves the line out. */
size_t wtl_flow_diag_render(const struct wtl_flow_diag *diag, const char *file, const char *source,
                            size_t source_size, char *out, size_t room);
size_t wtl_flow_diags_render(const struct wtl_flow_diags *diags, const char *file,
                             const char *source, size_t source_size, char *out, size_t room);

#endif
