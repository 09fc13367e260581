/*
 * refused_places.c - places that are refused, with the whole text that a user gets.
 */
#include "kit.h"

#include <criterion/criterion.h>

Test(flow, F65_missing_place)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a ~> output",
            "error[E0222]: it is not said where `a` runs\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> m.a ~> output\n"
            "  |         ^^^\n"
            "  = help: m.a @edge, or another place: @each:device, @cloud/NODE, @with:STAGE\n",
        },
        {
            "a = m.a\n"
            "push ~> a ~> output",
            "error[E0222]: it is not said where `a` runs\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | a = m.a\n"
            "  | ^\n"
            "  = help: a = m.a @edge, or another place: @each:device, @cloud/NODE, @with:STAGE\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F65_not_a_place)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @egde ~> output",
            "error[E0223]: there is no layer `egde`\n"
            " --> t.flow:1:14\n"
            "  |\n"
            "1 | push ~> m.a @egde ~> output\n"
            "  |              ^^^^\n"
            "  = help: did you mean `edge`?\n",
        },
        {
            "push ~> m.a @each:devcie ~> output",
            "error[E0223]: there is no layer `devcie`\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> m.a @each:devcie ~> output\n"
            "  |                   ^^^^^^\n"
            "  = help: did you mean `device`?\n",
        },
        {
            "push ~> m.a @eahc:device ~> output",
            "error[E0223]: there is no place `eahc:`\n"
            " --> t.flow:1:14\n"
            "  |\n"
            "1 | push ~> m.a @eahc:device ~> output\n"
            "  |              ^^^^\n"
            "  = help: did you mean `each:`?\n",
        },
        {
            "push ~> m.a @server ~> output",
            "error[E0223]: there is no layer `server`\n"
            " --> t.flow:1:14\n"
            "  |\n"
            "1 | push ~> m.a @server ~> output\n"
            "  |              ^^^^^^\n"
            "  = help: the layers are device, edge and cloud; @LAYER/NODE is one node\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F65_half_a_place)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @each ~> output",
            "error[E0206]: expected `:`, found `~>`\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> m.a @each ~> output\n"
            "  |                   ^^\n"
            "  = help: write @each:LAYER, @any:LAYER or @with:STAGE\n",
        },
        {
            "push ~> m.a @cloud/DB ~> output",
            "error[E0219]: `DB` cannot be the name of a node\n"
            " --> t.flow:1:20\n"
            "  |\n"
            "1 | push ~> m.a @cloud/DB ~> output\n"
            "  |                    ^^\n"
            "  = help: names of nodes have a-z 0-9 . _ - and at most 63 bytes\n",
        },
        {
            "push ~> m.a @cloud/ ~> output",
            "error[E0206]: expected the name of a node, found `~>`\n"
            " --> t.flow:1:21\n"
            "  |\n"
            "1 | push ~> m.a @cloud/ ~> output\n"
            "  |                     ^^\n"
            "  = help: for example: @cloud/db-1\n",
        },
        {
            "push ~> m.a @ ~> output",
            "error[E0206]: expected a layer, found `~>`\n"
            " --> t.flow:1:15\n"
            "  |\n"
            "1 | push ~> m.a @ ~> output\n"
            "  |               ^^\n"
            "  = help: the layers are device, edge and cloud\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F65_companions)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @with:nobody ~> output",
            "error[E0224]: there is no stage `nobody` to be placed beside\n"
            " --> t.flow:1:13\n"
            "  |\n"
            "1 | push ~> m.a @with:nobody ~> output\n"
            "  |             ^^^^^^^^^^^^\n"
            "  = help: @with: takes the name of a stage of this flow\n",
        },
        {
            "push ~> m.a @with:a ~> output",
            "error[E0224]: `a` cannot be placed beside itself\n"
            " --> t.flow:1:13\n"
            "  |\n"
            "1 | push ~> m.a @with:a ~> output\n"
            "  |             ^^^^^^^\n"
            "  = help: name another stage, or give it a place: @edge\n",
        },
        {
            "push ~> m.store @edge ~> m.b @with:stoer ~> output",
            "error[E0224]: there is no stage `stoer` to be placed beside\n"
            " --> t.flow:1:30\n"
            "  |\n"
            "1 | push ~> m.store @edge ~> m.b @with:stoer ~> output\n"
            "  |                              ^^^^^^^^^^^\n"
            "  = help: did you mean `store`?\n",
        },
        {
            "push ~> m.a @with:b ~> m.b @with:a ~> output",
            "error[E0224]: `a` is placed beside a stage that is placed beside it\n"
            " --> t.flow:1:13\n"
            "  |\n"
            "1 | push ~> m.a @with:b ~> m.b @with:a ~> output\n"
            "  |             ^^^^^^^\n"
            "  = help: give one of them a place of its own: @edge\n"
            "error[E0224]: `b` is placed beside a stage that is placed beside it\n"
            " --> t.flow:1:28\n"
            "  |\n"
            "1 | push ~> m.a @with:b ~> m.b @with:a ~> output\n"
            "  |                            ^^^^^^^\n"
            "  = help: give one of them a place of its own: @edge\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F65_two_places)
{
    static const struct kit_case cases[] = {
        {
            "push ~> m.a @edge @cloud ~> output",
            "error[E0225]: a second place for this stage\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> m.a @edge @cloud ~> output\n"
            "  |                   ^\n"
            "  = help: remove one of the two\n",
        },
        {
            "push ~> [m.a @cloud, m.b] @edge ~> output",
            "error[E0225]: a member of this group has a place of its own, @cloud at 1:14\n"
            " --> t.flow:1:27\n"
            "  |\n"
            "1 | push ~> [m.a @cloud, m.b] @edge ~> output\n"
            "  |                           ^^^^^\n"
            "  = help: give the place either to the group or to each member\n",
        },
        {
            "a = m.a @edge\n"
            "push ~> a @cloud ~> output",
            "error[E0225]: `a` has two places: @edge and @cloud\n"
            " --> t.flow:2:9\n"
            "  |\n"
            "2 | push ~> a @cloud ~> output\n"
            "  |         ^\n"
            "  = help: the first is at 1:9; remove one of them\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}
