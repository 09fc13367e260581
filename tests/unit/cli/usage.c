/* usage.c - U04 and U05: parsing, help, usage errors, exit codes. */
#include <string.h>

#include "kit.h"

/* What was typed, what it ends with, and a part of what is said. */
struct usage {
    const char *words[6];
    enum wtl__end end;
    const char *says;
};

static struct run run_words(const char *const words[6])
{
    return run_wattle(words[0], words[1], words[1] == NULL ? NULL : words[2],
                      words[1] == NULL || words[2] == NULL ? NULL : words[3],
                      words[1] == NULL || words[2] == NULL || words[3] == NULL ? NULL : words[4],
                      NULL);
}

static void check_all(const struct usage *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct run run = run_words(cases[i].words);
        cr_expect_eq(run.end, cases[i].end, "%s %s: ended with %d", cases[i].words[0],
                     cases[i].words[1] != NULL ? cases[i].words[1] : "", (int)run.end);
        EXPECT_HAS(run.err, cases[i].says);
        cr_expect_eq(run.out_size, 0, "errors go to stderr alone: %s", run.out);
        run_free(&run);
    }
}

Test(cli_usage, U04_usage_errors_end_with_64)
{
    static const struct usage cases[] = {
        {{"acter", "ls"}, WTL__END_USAGE, "did you mean `wattle actor`?"},
        {{"zzzzzzzz"}, WTL__END_USAGE, "`wattle help` lists the commands"},
        {{"actor"}, WTL__END_USAGE, "`wattle actor` wants a verb: ls, tree, show, kill"},
        {{"actor", "shwo", "1.1"}, WTL__END_USAGE, "did you mean `wattle actor show`?"},
        {{"actor", "ls", "--jsno"}, WTL__END_USAGE, "did you mean --json?"},
        {{"actor", "ls", "--layer", "edge"}, WTL__END_USAGE, "has no option --layer"},
        {{"actor", "ls", "-x"}, WTL__END_USAGE, "has no option -x"},
        {{"actor", "ls", "--node"}, WTL__END_USAGE, "--node wants a value"},
        {{"actor", "ls", "extra"}, WTL__END_USAGE, "\"extra\": no word is expected here"},
        {{"actor", "show"}, WTL__END_USAGE, "PID is missing"},
        {{"actor", "show", "1.1", "2.1"}, WTL__END_USAGE, "\"2.1\" is one word too many"},
        {{"id", "new", "a", "--layer", "edge"}, WTL__END_USAGE, "--ca DIR is missing"},
        {{"--json", "ca", "init", "x"}, WTL__END_USAGE, "has no option --json"},
        {{"mesh", "nodes", "--timeout", "soon"}, WTL__END_USAGE, "got \"soon\""},
        {{"mesh", "nodes", "--timeout", "1h"}, WTL__END_USAGE, "from 100ms to 60s"},
        {{"mesh", "nodes", "--watch=1ms"}, WTL__END_USAGE, "--watch wants a time"},
        {{"actor", "show", "<a:1.1>", "--node", "b"}, WTL__END_USAGE, "--node says b"},
        {{"actor", "ls", "--node", "../b"}, WTL__END_USAGE, "got \"../b\""},
        {{"actor", "kill", "1.1", "--watch"}, WTL__END_USAGE, "has no option --watch"},
        {{"actor", "trace", "1.1", "--count", "0"}, WTL__END_USAGE, "from 1 to 4096; got \"0\""},
        {{"actor", "trace", "1.1", "--for", "2m"}, WTL__END_USAGE, "--for wants a time"},
        {{"actor", "replace", "1.1"}, WTL__END_USAGE, ": STATE is missing"},
        {{"module", "upgrade"}, WTL__END_USAGE, ": NAME FILE is missing"},
        {{"actor", "replace", "1.1", "{x}"}, WTL__END_USAGE, "at byte 1, a key in quotes"},
        {{"flow", "graph", "x", "--format", "png"}, WTL__END_USAGE, "text, dot or mermaid"},
    };
    check_all(cases, sizeof cases / sizeof cases[0]);
}

Test(cli_usage, U05_errors_have_a_code_and_a_help)
{
    struct run run = run_wattle("actor", "lst", NULL);
    EXPECT_TEXT(run.err,
                "error[E0101]: `wattle actor` has no verb \"lst\"; it has: ls, tree, show, "
                "kill, suspend, resume, state, replace, stats, trace\n"
                "  = help: did you mean `wattle actor ls`?\n");
    run_free(&run);
}

Test(cli_usage, U05_what_was_typed_cannot_steer_a_terminal)
{
    struct run run = run_wattle("\033[2Jls\n", NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    cr_expect_null(strchr(run.err, 033));
    EXPECT_HAS(run.err, "\"?[2Jls?\"");
    run_free(&run);
}

Test(cli_usage, U04_an_option_twice_is_an_error)
{
    struct run run = run_wattle("mesh", "nodes", "--node", "a", "--node", "b", NULL);
    cr_expect_eq(run.end, WTL__END_USAGE);
    EXPECT_HAS(run.err, "--node is given twice");
    run_free(&run);
}

Test(cli_usage, U04_no_words_and_help)
{
    struct run none = run_wattle(NULL, NULL);
    struct run asked = run_wattle("--help", NULL);
    struct run help = run_wattle("help", NULL);
    cr_expect_eq(none.end, WTL__END_USAGE);
    EXPECT_HAS(none.err, "usage: wattle NOUN VERB");
    cr_expect_eq(asked.end, WTL__END_OK);
    EXPECT_TEXT(asked.out, help.out);
    EXPECT_TEXT(none.err, help.out);
    cr_expect_eq(asked.err_size, 0);
    run_free(&none);
    run_free(&asked);
    run_free(&help);
}

Test(cli_usage, U15_every_command_has_a_help_with_all_its_options)
{
    struct run all = run_wattle("help", NULL);
    for (uint32_t i = 0; i < wtl__commands_count; i++) {
        const struct wtl__command *command = &wtl__commands[i];
        const struct wtl__option *options[WTL__OPTIONS_MAX];
        uint32_t count = wtl__options_of(command, options);
        cr_assert_leq(count, WTL__OPTIONS_MAX);
        struct run run = command->verb != NULL
                             ? run_wattle(command->noun, command->verb, "--help", NULL)
                             : run_wattle(command->noun, "--help", NULL);
        struct run same = command->verb != NULL
                              ? run_wattle("help", command->noun, command->verb, NULL)
                              : run_wattle("help", command->noun, NULL);
        cr_expect_eq(run.end, WTL__END_OK);
        EXPECT_HAS(run.out, "usage: wattle ");
        EXPECT_HAS(run.out, command->summary);
        EXPECT_HAS(all.out, command->summary);
        EXPECT_TEXT(run.out, same.out);
        for (uint32_t j = 0; j < count; j++) {
            EXPECT_HAS(run.out, options[j]->name);
            EXPECT_HAS(run.out, options[j]->help);
        }
        cr_expect(command->verb == NULL || wtl__noun_summary(command->noun) != NULL);
        run_free(&run);
        run_free(&same);
    }
    run_free(&all);
}

Test(cli_usage, U15_help_of_a_noun)
{
    struct run run = run_wattle("actor", "--help", NULL);
    EXPECT_TEXT(
        run.out,
        "wattle actor: actors and their supervisors\n"
        "\n"
        "  actor ls                    the actors of a node\n"
        "  actor tree                  supervisors and their children, with restarts\n"
        "  actor show PID              all that is known about one actor\n"
        "  actor kill PID              end one actor at once; its supervisor decides what "
        "follows\n"
        "  actor suspend PID           hold one actor: it handles no message until it is "
        "resumed\n"
        "  actor resume PID            let an actor go on that was suspended\n"
        "  actor state PID             what an actor says of its state; not all types do\n"
        "  actor replace PID STATE     give an actor another state; not all types take one\n"
        "  actor stats PID             what an actor has handled and sent\n"
        "  actor trace PID             the messages of one actor, as they go in and out\n"
        "\n"
        "`wattle help actor VERB` says more about one of them.\n");
    run_free(&run);
}

Test(cli_usage, U05_explain_knows_every_code_offline)
{
#define ONE(name, number, end, title, text) {#number, title},
    static const char *const codes[][2] = {WTL__FAILURE_MAP(ONE){"E0209", "a pull chain"}};
#undef ONE
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct run run = run_wattle("explain", codes[i][0], NULL);
        cr_expect_eq(run.end, WTL__END_OK);
        EXPECT_HAS(run.out, codes[i][1]);
        for (const char *line = run.out; line != NULL; line = strchr(line + 1, '\n')) {
            cr_expect_leq(strcspn(line + 1, "\n"), 100, "a line is too long: %s", line);
        }
        run_free(&run);
    }
    static const char *const wrong[] = {"E9999", "E0", "12x", "", "E-1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct run run = run_wattle("explain", wrong[i], NULL);
        cr_expect_eq(run.end, WTL__END_NO, "%s", wrong[i]);
        EXPECT_HAS(run.err, "E0304");
        run_free(&run);
    }
}

Test(cli_usage, U05_the_four_refusals_are_different)
{
    static const struct {
        enum wtl_status status;
        enum wtl__failure failure;
        enum wtl__end end;
    } cases[] = {
        {WTL_NOT_FOUND, WTL__FAILURE_NOT_FOUND, WTL__END_NO},
        {WTL_DENIED, WTL__FAILURE_NOT_ALLOWED, WTL__END_DENIED},
        {WTL_UNSUPPORTED, WTL__FAILURE_NOT_ENABLED, WTL__END_UNREACHABLE},
        {WTL_TIMEOUT, WTL__FAILURE_TIMED_OUT, WTL__END_TIMEOUT},
        {WTL_NO_CONNECTION, WTL__FAILURE_UNREACHABLE, WTL__END_UNREACHABLE},
        {WTL_BUSY, WTL__FAILURE_BUSY, WTL__END_TIMEOUT},
        {WTL_CONFIG, WTL__FAILURE_START, WTL__END_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(wtl__failure_of(cases[i].status), cases[i].failure);
        cr_expect_eq(wtl__failure_end(cases[i].failure), cases[i].end);
    }
}

Test(cli_usage, U15_version)
{
    struct run run = run_wattle("version", NULL);
    struct run json = run_wattle("--json", "version", NULL);
    EXPECT_HAS(run.out, "wattle 0.");
    EXPECT_HAS(json.out, "{\"version\":\"0.");
    run_free(&run);
    run_free(&json);
}
