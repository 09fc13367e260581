/*
 * refused_chains.c - inputs and arrows that are refused, with the whole text that a user gets.
 */
#include "kit.h"

#include <criterion/criterion.h>

Test(flow, F11_pull_needs_two_way_arrows)
{
    static const struct kit_case cases[] = {
        {
            "pull m.a @edge ~> m.p @edge ~> output",
            "error[E0209]: pull mode can be enabled only for bidirectional dataflow\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | pull m.a @edge ~> m.p @edge ~> output\n"
            "  |                ^^\n"
            "  = help: write `<~>` here: the request for data travels on the backward path\n"
            "error[E0209]: pull mode can be enabled only for bidirectional dataflow\n"
            " --> t.flow:1:29\n"
            "  |\n"
            "1 | pull m.a @edge ~> m.p @edge ~> output\n"
            "  |                             ^^\n"
            "  = help: write `<~>` here: the request for data travels on the backward path\n",
        },
        {
            "pull <~> m.p @edge ~> output",
            "error[E0209]: pull mode can be enabled only for bidirectional dataflow\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | pull <~> m.p @edge ~> output\n"
            "  |                    ^^\n"
            "  = help: write `<~>` here: the request for data travels on the backward path\n",
        },
        {
            "pull ~> m.p @edge <~> output",
            "error[E0209]: pull mode can be enabled only for bidirectional dataflow\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | pull ~> m.p @edge <~> output\n"
            "  |      ^^\n"
            "  = help: write `<~>` here: the request for data travels on the backward path\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F64_a_two_way_arrow_behind_a_one_way_arrow)
{
    static const struct kit_case cases[] = {
        {
            "push m.a @edge ~> m.p @edge <~> output",
            "error[E0210]: this `<~>` stands behind the `~>` at 1:16, where its backward path "
            "would end\n"
            " --> t.flow:1:29\n"
            "  |\n"
            "1 | push m.a @edge ~> m.p @edge <~> output\n"
            "  |                             ^^^\n"
            "  = help: write `<~>` there too, or `~>` here\n",
        },
        {
            "demand <~> m.a @edge ~> m.p @edge\n"
            "    <~> m.q @cloud ~> output",
            "error[E0210]: this `<~>` stands behind the `~>` at 1:22, where its backward path "
            "would end\n"
            " --> t.flow:2:5\n"
            "  |\n"
            "2 |     <~> m.q @cloud ~> output\n"
            "  |     ^^^\n"
            "  = help: write `<~>` there too, or `~>` here\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_unknown_input)
{
    static const struct kit_case cases[] = {
        {
            "poll m.a @edge ~> m.p @edge",
            "error[E0207]: unknown input `poll`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | poll m.a @edge ~> m.p @edge\n"
            "  | ^^^^\n"
            "  = help: did you mean `pull`?\n",
        },
        {
            "Push ~> m.p @edge ~> output",
            "error[E0207]: unknown input `Push`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | Push ~> m.p @edge ~> output\n"
            "  | ^^^^\n"
            "  = help: did you mean `push`?\n",
        },
        {
            "start m.a @edge ~> m.p @edge",
            "error[E0207]: unknown input `start`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | start m.a @edge ~> m.p @edge\n"
            "  | ^^^^^\n"
            "  = help: a chain begins with push, demand or pull\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_missing_input)
{
    static const struct kit_case cases[] = {
        {
            "foo ~> m.p @edge",
            "error[E0208]: this chain has no input word\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | foo ~> m.p @edge\n"
            "  | ^^^\n"
            "  = help: write push, demand or pull in front of it\n",
        },
        {
            "m.a @edge ~> output",
            "error[E0208]: this chain has no input word\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | m.a @edge ~> output\n"
            "  | ^\n"
            "  = help: write push, demand or pull in front of it\n",
        },
        {
            "~> m.a @edge",
            "error[E0208]: this chain has no input word\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | ~> m.a @edge\n"
            "  | ^^\n"
            "  = help: write push, demand or pull in front of it\n",
        },
        {
            "[push, demand] ~> m.p @edge",
            "error[E0208]: this chain has no input word\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | [push, demand] ~> m.p @edge\n"
            "  | ^\n"
            "  = help: write push, demand or pull in front of it\n"
            "error[E0218]: `push` is a reserved word and cannot be a stage\n"
            " --> t.flow:1:2\n"
            "  |\n"
            "1 | [push, demand] ~> m.p @edge\n"
            "  |  ^^^^\n"
            "  = help: an input word begins a chain; inside of one stand only stages\n",
        },
        {
            "\"x\" ~> m.p @edge",
            "error[E0206]: expected a declaration or a chain, found `\"x\"`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | \"x\" ~> m.p @edge\n"
            "  | ^^^\n"
            "  = help: for example: push climate.temp @each:device ~> output\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_nothing_behind_the_input)
{
    static const struct kit_case cases[] = {
        {
            "push",
            "error[E0213]: nothing stands behind `push`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | push\n"
            "  | ^^^^\n"
            "  = help: a chain leads somewhere: push producer ~> consumer\n",
        },
        {
            "push m.a @edge",
            "error[E0213]: no arrow leads on from the first stage of this chain\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | push m.a @edge\n"
            "  |      ^\n"
            "  = help: a chain leads somewhere: push producer ~> consumer\n",
        },
        {
            "pull m.a @edge",
            "error[E0213]: no arrow leads on from the first stage of this chain\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | pull m.a @edge\n"
            "  |      ^\n"
            "  = help: a chain leads somewhere: pull producer <~> consumer\n",
        },
        {
            "push ~> output",
            "error[E0214]: no stage stands between the input and output\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> output\n"
            "  |         ^^^^^^\n"
            "  = help: name at least one: push ~> MODULE.ACTOR @edge ~> output\n",
        },
        {
            "pull <~> output",
            "error[E0214]: no stage stands between the input and output\n"
            " --> t.flow:1:10\n"
            "  |\n"
            "1 | pull <~> output\n"
            "  |          ^^^^^^\n"
            "  = help: name at least one: pull <~> MODULE.ACTOR @edge <~> output\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F68_rings)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge ~> m.b @edge ~> a",
            "error[E0227]: `b` feeds `a`, which leads back to `b` with `~>` alone\n"
            " --> t.flow:1:35\n"
            "  |\n"
            "1 | push ~> m.a @edge ~> m.b @edge ~> a\n"
            "  |                                   ^\n"
            "  = help: make one arrow of the ring `<~>`, whose backward link carries credit, or "
            "end it\n",
        },
        {
            "push m.a @edge ~> m.b @edge\n"
            "push b ~> m.c @edge\n"
            "push c ~> a",
            "error[E0227]: `c` feeds `a`, which leads back to `c` with `~>` alone\n"
            " --> t.flow:3:11\n"
            "  |\n"
            "3 | push c ~> a\n"
            "  |           ^\n"
            "  = help: make one arrow of the ring `<~>`, whose backward link carries credit, or "
            "end it\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_arrows_of_other_languages)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge -> output",
            "error[E0203]: `->` is not an arrow\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> m.a @edge -> output\n"
            "  |                   ^^\n"
            "  = help: write `~>` (forward only) or `<~>` (forward, and answers come back)\n",
        },
        {
            "push ~> m.a @edge → output",
            "error[E0203]: `→` is not an arrow\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> m.a @edge → output\n"
            "  |                   ^\n"
            "  = help: write `~>` (forward only) or `<~>` (forward, and answers come back)\n",
        },
        {
            "push m.a @edge => m.b @edge",
            "error[E0203]: `=>` is not an arrow\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | push m.a @edge => m.b @edge\n"
            "  |                ^^\n"
            "  = help: write `~>` (forward only) or `<~>` (forward, and answers come back)\n",
        },
        {
            "push m.a @edge <-> m.b @edge",
            "error[E0203]: `<->` is not an arrow\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | push m.a @edge <-> m.b @edge\n"
            "  |                ^^^\n"
            "  = help: write `<~>` (forward, and answers come back) or `~>` (forward only)\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}
