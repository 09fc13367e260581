/*
 * command.h - the static table of commands, and what is made from it: parsing, help, usage errors.
 *
 * A command is a noun and a verb (`actor ls`), or a noun alone (`explain`). Completions and man
 * pages are made from the same table.
 *
 * Thread: one. Owns: strings of the table are static; values point into argv.
 */
#ifndef WTL_CLI_COMMAND_H
#define WTL_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <wattle/node.h>

#include "cli/failure.h"

#define WTL__OPTIONS_MAX  24u /* options of one command, those of every command included */
#define WTL__GIVEN_MAX    64u /* options in one call */
#define WTL__OPERANDS_MAX 8u

struct wtl__cli;
struct wtl__request;

/* One option. The list of a command ends with a zeroed one. */
struct wtl__option {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* what its value is called, "FILE"; NULL: it takes none */
    bool is_optional;  /* its value may be left out: --watch[=2s] */
    bool is_mandatory;
    bool may_repeat;
    const char *help;
};

/* Which of the common options a command takes. */
#define WTL__ASKS_A_NODE  1u /* --node --control --timeout */
#define WTL__PRINTS_TABLE 2u /* --sort */
#define WTL__PRINTS_JSON  4u /* --json */
#define WTL__MAY_WATCH    8u /* --watch */

struct wtl__command {
    const char *noun;
    const char *verb;     /* NULL: the noun is all */
    const char *operands; /* as in the usage line: "FILE", "[COMMAND...]"; "" for none */
    uint32_t operands_min;
    uint32_t operands_max;
    uint32_t flags;
    const char *summary; /* one line, without a full stop */
    const char *details; /* paragraphs, or NULL */
    const struct wtl__option *options;
    enum wtl__end (*run)(struct wtl__cli *cli);
    /* Of a question: what it takes besides its first operand. NULL: the operands as they are. */
    enum wtl__end (*prepare)(const struct wtl__cli *cli, struct wtl__request *request);
};

extern const struct wtl__command wtl__commands[];
extern const uint32_t wtl__commands_count;

/* What noun stands for, for the help text; NULL when there is none of that name. */
const char *wtl__noun_summary(const char *noun);

struct wtl__given {
    const struct wtl__option *option;
    const char *value; /* NULL: given without one */
};

/* One call of the command: what was asked, and where the answer goes. Tests fill it by hand. */
struct wtl__cli {
    FILE *out;
    FILE *err;
    bool is_terminal; /* `out` is one */
    bool may_color;   /* of the environment: a terminal, and no NO_COLOR */
    int64_t now_s;    /* wall clock */
    /* the modules that are linked into this program */
    const wtl_module_entry_fn *modules;
    size_t modules_count;

    const struct wtl__command *command;
    struct wtl__given given[WTL__GIVEN_MAX];
    uint32_t given_count;
    const char *operands[WTL__OPERANDS_MAX];
    uint32_t operands_count;
    struct wtl__report report;
};

/* Parses and runs. argv[0] is the program. */
enum wtl__end wtl__cli_run(struct wtl__cli *cli, int argc, char *const argv[]);

/* ---- values.c ------------------------------------------------------------------------------ */

/* The last value of that option; NULL when it was not given, or without a value. */
const char *wtl__value(const struct wtl__cli *cli, const char *option);
bool wtl__is_given(const struct wtl__cli *cli, const char *option);
/* The values of an option that may be repeated: `index` from 0; NULL behind the last. */
const char *wtl__value_at(const struct wtl__cli *cli, const char *option, uint32_t index);

/* Reads the duration of an option, `absent_ms` when it was not given.
 * Fails: false, and the error is printed. */
bool wtl__value_ms(const struct wtl__cli *cli, const char *option, int64_t absent_ms,
                   int64_t min_ms, int64_t max_ms, int64_t *ms_out);

/* The days of an option, 0 when it was not given. Fails: false, and the error is printed. */
/* A size in bytes; 0 when the option is absent. */
bool wtl__value_bytes(const struct wtl__cli *cli, const char *option, int64_t min_bytes,
                      uint64_t *bytes_out);
bool wtl__value_days(const struct wtl__cli *cli, const char *option, unsigned max,
                     unsigned *days_out);

/* ---- parse.c ------------------------------------------------------------------------------- */

/* Finds the command and reads options and operands into `cli`. WTL__END_OK: run cli->command, or
 * nothing when it is NULL (help was asked for, and has been printed); anything else has been
 * reported and ends the program. */
enum wtl__end wtl__parse(struct wtl__cli *cli, int argc, char *const argv[]);

/* The options of a command, its own first, then the common ones it takes. Returns how many. */
uint32_t wtl__options_of(const struct wtl__command *command,
                         const struct wtl__option *options_out[WTL__OPTIONS_MAX]);

/* The command of that noun and verb (NULL: none); NULL when there is none. */
const struct wtl__command *wtl__command_find(const char *noun, const char *verb);

/* ---- usage.c ------------------------------------------------------------------------------- */

/* Each reports, with what was probably meant, and returns the exit code. `verb` is NULL when none
 * was given, `command` when it is not known yet. */
enum wtl__end wtl__unknown_noun(const struct wtl__cli *cli, const char *word);
enum wtl__end wtl__unknown_verb(const struct wtl__cli *cli, const char *noun, const char *verb);
enum wtl__end wtl__unknown_option(const struct wtl__cli *cli, const struct wtl__command *command,
                                  const char *word);
/* The line that says how a command is used, below an error. */
void wtl__usage_line(const struct wtl__cli *cli, const struct wtl__command *command);

/* ---- help.c -------------------------------------------------------------------------------- */

void wtl__help_all(FILE *file);
void wtl__help_noun(FILE *file, const char *noun);
void wtl__help_command(FILE *file, const struct wtl__command *command);
/* "wattle id new NAME --layer LAYER --ca DIR [options]" */
void wtl__help_usage(FILE *file, const struct wtl__command *command);

/* ---- module.c ------------------------------------------------------------------------------ */

struct wtl_trusted;

/* Adds the public keys of each file that was given with that option. Anything but WTL__END_OK has
 * been reported. */
enum wtl__end wtl__read_module_keys(const struct wtl__cli *cli, const char *option,
                                    struct wtl_trusted *trusted_out);

/* ---- the commands -------------------------------------------------------------------------- */

enum wtl__end wtl__run_help(struct wtl__cli *cli);
enum wtl__end wtl__run_version(struct wtl__cli *cli);
enum wtl__end wtl__run_explain(struct wtl__cli *cli);
enum wtl__end wtl__run_new(struct wtl__cli *cli);
enum wtl__end wtl__run_ca_init(struct wtl__cli *cli);
enum wtl__end wtl__run_ca_revoke(struct wtl__cli *cli);
enum wtl__end wtl__run_ca_revoked(struct wtl__cli *cli);
enum wtl__end wtl__run_id_new(struct wtl__cli *cli);
enum wtl__end wtl__run_id_show(struct wtl__cli *cli);
enum wtl__end wtl__run_flow_check(struct wtl__cli *cli);
enum wtl__end wtl__run_flow_graph(struct wtl__cli *cli);
enum wtl__end wtl__run_flow_plan(struct wtl__cli *cli);
enum wtl__end wtl__run_module_inspect(struct wtl__cli *cli);
enum wtl__end wtl__run_module_keygen(struct wtl__cli *cli);
enum wtl__end wtl__run_module_sign(struct wtl__cli *cli);
enum wtl__end wtl__run_module_verify(struct wtl__cli *cli);
enum wtl__end wtl__run_node_start(struct wtl__cli *cli);
/* Asks a node and prints the table that it answers with; which, the table of commands says. */
enum wtl__end wtl__run_ask(struct wtl__cli *cli);
enum wtl__end wtl__prepare_trace(const struct wtl__cli *cli, struct wtl__request *request);
enum wtl__end wtl__prepare_replace(const struct wtl__cli *cli, struct wtl__request *request);

#endif
