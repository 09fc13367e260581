/*
 * refused_names.c - names and braces that are refused, with the whole text that a user gets.
 */
#include "kit.h"

#include <criterion/criterion.h>

Test(flow, F10_unknown_names)
{
    static const struct kit_case cases[] = {
        {
            "use m\n"
            "use n\n"
            "push ~> m.p @edge ~> alarm ~> output",
            "error[E0221]: there is no stage `alarm` in this flow\n"
            " --> t.flow:3:22\n"
            "  |\n"
            "3 | push ~> m.p @edge ~> alarm ~> output\n"
            "  |                      ^^^^^\n"
            "  = help: the flow uses several modules: write MODULE.alarm here\n",
        },
        {
            "use m\n"
            "use n\n"
            "push ~> m.scale @edge ~> scael",
            "error[E0221]: there is no stage `scael` in this flow\n"
            " --> t.flow:3:26\n"
            "  |\n"
            "3 | push ~> m.scale @edge ~> scael\n"
            "  |                          ^^^^^\n"
            "  = help: did you mean `scale`?\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F10_duplicate_names)
{
    static const struct kit_case cases[] = {
        {
            "a = m.a @edge\n"
            "a = m.b @edge\n"
            "push ~> a ~> output",
            "error[E0220]: `a` is declared already, at 1:1\n"
            " --> t.flow:2:1\n"
            "  |\n"
            "2 | a = m.b @edge\n"
            "  | ^\n"
            "  = help: give one of the two another name\n",
        },
        {
            "push ~> m.a @edge ~> n.a @edge ~> output",
            "error[E0220]: `n.a` would be a second stage named `a`\n"
            " --> t.flow:1:22\n"
            "  |\n"
            "1 | push ~> m.a @edge ~> n.a @edge ~> output\n"
            "  |                      ^^^\n"
            "  = help: `a` is `m.a` since 1:9; declare this one: a2 = n.a\n",
        },
        {
            "push ~> {m.a, m.a} @edge ~> output",
            "error[E0231]: `a` stands twice in this group\n"
            " --> t.flow:1:15\n"
            "  |\n"
            "1 | push ~> {m.a, m.a} @edge ~> output\n"
            "  |               ^^^\n"
            "  = help: side by side: a *2; in a row: declare a2 = m.a as well\n",
        },
        {
            "push ~> m.a @edge ~> m.a ~> output",
            "error[E0231]: `a` stands behind itself\n"
            " --> t.flow:1:22\n"
            "  |\n"
            "1 | push ~> m.a @edge ~> m.a ~> output\n"
            "  |                      ^^^\n"
            "  = help: side by side: a *2; in a row: declare a2 = m.a as well\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F10_names)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.A @edge ~> output",
            "error[E0219]: `A` cannot be the name of an actor\n"
            " --> t.flow:1:11\n"
            "  |\n"
            "1 | push ~> m.A @edge ~> output\n"
            "  |           ^\n"
            "  = help: names are lower case: write `a`\n",
        },
        {
            "push ~> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b "
            "@edge",
            "error[E0219]: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...` cannot be the name of a "
            "stage\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b"
            " @edge\n"
            "  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  = help: it has 70 bytes, and 63 are allowed\n",
        },
        {
            "flow 5 { push ~> m.a @edge }",
            "error[E0206]: expected the name of the flow, found `5`\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | flow 5 { push ~> m.a @edge }\n"
            "  |      ^\n"
            "  = help: flow NAME { ... }\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_braces)
{
    static const struct kit_case cases[] = {
        {
            "flow x { push ~> m.a @edge ~> output } push",
            "error[E0206]: expected the end of the file, found `push`\n"
            " --> t.flow:1:40\n"
            "  |\n"
            "1 | flow x { push ~> m.a @edge ~> output } push\n"
            "  |                                        ^^^^\n"
            "  = help: one file holds one flow\n",
        },
        {
            "flow x push ~> m.a @edge ~> output",
            "error[E0206]: expected `{`, found `push`\n"
            " --> t.flow:1:8\n"
            "  |\n"
            "1 | flow x push ~> m.a @edge ~> output\n"
            "  |        ^^^^\n"
            "  = help: flow NAME { ... }\n",
        },
        {
            "flow x { push ~> m.a @edge ~> output",
            "error[E0206]: expected `}`, found the end of the file\n"
            " --> t.flow:1:37\n"
            "  |\n"
            "1 | flow x { push ~> m.a @edge ~> output\n"
            "  |                                     ^\n"
            "  = help: the flow's `{` is not closed\n",
        },
        {
            "}",
            "error[E0206]: expected a declaration or a chain, found `}`\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | }\n"
            "  | ^\n"
            "  = help: for example: push climate.temp @each:device ~> output\n",
        },
        {
            "push ~> [m.a, m.b @edge ~> output",
            "error[E0206]: expected `,` or `]`, found `~>`\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> [m.a, m.b @edge ~> output\n"
            "  |                         ^^\n"
            "  = help: members of a group are separated by commas\n",
        },
        {
            "flow x { flow y { push ~> m.a @edge ~> output } }",
            "error[E0218]: a flow cannot begin inside of another\n"
            " --> t.flow:1:10\n"
            "  |\n"
            "1 | flow x { flow y { push ~> m.a @edge ~> output } }\n"
            "  |          ^^^^\n"
            "  = help: one file holds one flow; `flow NAME {` stands at its beginning\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F10_no_chain)
{
    static const struct kit_case cases[] = {
        {
            "a = m.a @edge",
            "error[E0229]: this flow has no chain\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | a = m.a @edge\n"
            "  | ^\n"
            "  = help: for example: push climate.temp @each:device ~> climate.store @cloud\n",
        },
        {
            "",
            "error[E0229]: this flow has no chain\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | \n"
            "  | ^\n"
            "  = help: for example: push climate.temp @each:device ~> climate.store @cloud\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F10_uses)
{
    static const struct kit_case cases[] = {
        {
            "use climate >= x",
            "error[E0206]: expected a version, found `x`\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | use climate >= x\n"
            "  |                ^\n"
            "  = help: for example: use climate >= 1.2\n",
        },
        {
            "use climate >= 1b",
            "error[E0205]: a version is numbers with points between them\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | use climate >= 1b\n"
            "  |                ^^\n"
            "  = help: for example: use climate >= 1.2\n",
        },
        {
            "use Climate",
            "error[E0219]: `Climate` cannot be the name of a module\n"
            " --> t.flow:1:5\n"
            "  |\n"
            "1 | use Climate\n"
            "  |     ^^^^^^^\n"
            "  = help: names are lower case: write `climate`\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}
