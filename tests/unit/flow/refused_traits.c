/*
 * refused_traits.c - copies and settings that are refused, and several errors at once, with the
 * whole text that a user gets.
 */
#include "kit.h"

#include <criterion/criterion.h>

Test(flow, F66_copies)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge *0 ~> output",
            "error[E0226]: `0` is not a number of copies\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | push ~> m.a @edge *0 ~> output\n"
            "  |                    ^\n"
            "  = help: *N is a plain integer from 1 to 1024\n",
        },
        {
            "push ~> m.a @edge *5s ~> output",
            "error[E0226]: `5s` is not a number of copies\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | push ~> m.a @edge *5s ~> output\n"
            "  |                    ^^\n"
            "  = help: *N is a plain integer from 1 to 1024\n",
        },
        {
            "push ~> m.a @edge *1025 ~> output",
            "error[E0226]: `1025` is not a number of copies\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | push ~> m.a @edge *1025 ~> output\n"
            "  |                    ^^^^\n"
            "  = help: *N is a plain integer from 1 to 1024\n",
        },
        {
            "push ~> m.a @edge *x ~> output",
            "error[E0206]: expected a number of copies, found `x`\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | push ~> m.a @edge *x ~> output\n"
            "  |                    ^\n"
            "  = help: for example: *4\n",
        },
        {
            "a = m.a @edge *2\n"
            "push ~> a *3 ~> output",
            "error[E0225]: `a` has two numbers of copies: *2 and *3\n"
            " --> t.flow:2:9\n"
            "  |\n"
            "2 | push ~> a *3 ~> output\n"
            "  |         ^\n"
            "  = help: remove one of them\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F66_settings_that_cannot_be_read)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge { x 5 } ~> output",
            "error[E0206]: expected `=`, found `5`\n"
            " --> t.flow:1:23\n"
            "  |\n"
            "1 | push ~> m.a @edge { x 5 } ~> output\n"
            "  |                       ^\n"
            "  = help: behind a stage, { } holds settings: { KEY = VALUE, ... }; a group stands "
            "behind an arrow\n",
        },
        {
            "push ~> m.a @edge { m.b, m.c } ~> output",
            "error[E0206]: expected `=`, found `.`\n"
            " --> t.flow:1:22\n"
            "  |\n"
            "1 | push ~> m.a @edge { m.b, m.c } ~> output\n"
            "  |                      ^\n"
            "  = help: behind a stage, { } holds settings: { KEY = VALUE, ... }; a group stands "
            "behind an arrow\n",
        },
        {
            "push ~> m.a @edge { x = 5m y = } ~> output",
            "error[E0206]: expected a value, found `}`\n"
            " --> t.flow:1:32\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 5m y = } ~> output\n"
            "  |                                ^\n"
            "  = help: a number, 60s, 10MiB, true, a word or \"text\"\n",
        },
        {
            "push ~> m.a @edge { x = \"abc } ~> output",
            "error[E0204]: this string has no end on its line\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = \"abc } ~> output\n"
            "  |                         ^^^^^^^^^^^^^^^^\n"
            "  = help: close it with a double quote\n",
        },
        {
            "push ~> m.a @edge { x = \"\\q\" } ~> output",
            "error[E0204]: an unknown escape in a string\n"
            " --> t.flow:1:26\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = \"\\q\" } ~> output\n"
            "  |                          ^\n"
            "  = help: the escapes are \\\" \\\\ \\n and \\t; a backslash is \\\\\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F66_settings_given_twice)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge { x = 1, x = 2 } ~> output",
            "error[E0230]: setting `x` of `a` is given twice\n"
            " --> t.flow:1:28\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 1, x = 2 } ~> output\n"
            "  |                            ^\n"
            "  = help: the first is at 1:21; remove one of them\n",
        },
        {
            "a = m.a @edge { x = 1 }\n"
            "push ~> a { x = 1 } ~> output",
            "error[E0230]: setting `x` of `a` is given twice\n"
            " --> t.flow:2:13\n"
            "  |\n"
            "2 | push ~> a { x = 1 } ~> output\n"
            "  |             ^\n"
            "  = help: the first is at 1:17; remove one of them\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F66_values_that_do_not_fit)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge { x = 99999999999999999999 } ~> output",
            "error[E0205]: `99999999999999999999` does not fit 64 bits\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 99999999999999999999 } ~> output\n"
            "  |                         ^^^^^^^^^^^^^^^^^^^^\n"
            "  = help: numbers have 64 bits; durations are counted in ms, sizes in bytes\n",
        },
        {
            "push ~> m.a @edge { x = 999999999999999d } ~> output",
            "error[E0205]: `999999999999999d` is too large\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 999999999999999d } ~> output\n"
            "  |                         ^^^^^^^^^^^^^^^^\n"
            "  = help: numbers have 64 bits; durations are counted in ms, sizes in bytes\n",
        },
        {
            "push ~> m.a @edge { x = 1e400 } ~> output",
            "error[E0205]: `1e400` is too large\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 1e400 } ~> output\n"
            "  |                         ^^^^^\n"
            "  = help: numbers have 64 bits; durations are counted in ms, sizes in bytes\n",
        },
        {
            "push ~> m.a @edge { x = 0.5ms } ~> output",
            "error[E0205]: `0.5ms` is not a whole number of milliseconds\n"
            " --> t.flow:1:25\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = 0.5ms } ~> output\n"
            "  |                         ^^^^^\n"
            "  = help: numbers have 64 bits; durations are counted in ms, sizes in bytes\n",
        },
        {
            "push ~> m.a @edge { x = a.b } ~> output",
            "error[E0206]: expected `,` or `}`, found `.`\n"
            " --> t.flow:1:26\n"
            "  |\n"
            "1 | push ~> m.a @edge { x = a.b } ~> output\n"
            "  |                          ^\n"
            "  = help: text that is not one plain word stands between double quotes\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, U05_several_errors_at_once)
{
    static const struct kit_case cases[] = {
        {
            "flow t {\n"
            "  temp = climate.temp @each:devise\n"
            "  store = climate.store { a = = }\n"
            "  push temp ~> clean ~> store\n"
            "  pull temp ~> store\n"
            "}\n",
            "error[E0223]: there is no layer `devise`\n"
            " --> t.flow:2:29\n"
            "  |\n"
            "2 |   temp = climate.temp @each:devise\n"
            "  |                             ^^^^^^\n"
            "  = help: did you mean `device`?\n"
            "error[E0206]: expected a value, found `=`\n"
            " --> t.flow:3:31\n"
            "  |\n"
            "3 |   store = climate.store { a = = }\n"
            "  |                               ^\n"
            "  = help: a number, 60s, 10MiB, true, a word or \"text\"\n"
            "error[E0209]: pull mode can be enabled only for bidirectional dataflow\n"
            " --> t.flow:5:13\n"
            "  |\n"
            "5 |   pull temp ~> store\n"
            "  |             ^^\n"
            "  = help: write `<~>` here: the request for data travels on the backward path\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}
