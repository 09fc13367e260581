/*
 * refused_steps.c - output, groups and what is no stage, with the whole text that a user gets.
 */
#include "kit.h"

#include <criterion/criterion.h>

Test(flow, F12_output_first)
{
    static const struct kit_case cases[] = {
        {
            "push output ~> m.a @edge",
            "error[E0211]: a chain cannot begin with output\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | push output ~> m.a @edge\n"
            "  |      ^^^^^^\n"
            "  = help: output ends a chain: push producer ~> ... ~> output\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_nothing_behind_output)
{
    static const struct kit_case cases[] = {
        {
            "push ~> output ~> m.a @edge",
            "error[E0212]: nothing can stand behind output\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | push ~> output ~> m.a @edge\n"
            "  |                ^^\n"
            "  = help: end the chain at output, and write a second one for the rest\n",
        },
        {
            "push ~> m.a @edge ~> output ~> m.b @edge",
            "error[E0212]: nothing can stand behind output\n"
            " --> t.flow:1:29\n"
            "  |\n"
            "1 | push ~> m.a @edge ~> output ~> m.b @edge\n"
            "  |                             ^^\n"
            "  = help: end the chain at output, and write a second one for the rest\n",
        },
        {
            "push ~> m.a @edge ~> output ~> output",
            "error[E0212]: nothing can stand behind output\n"
            " --> t.flow:1:29\n"
            "  |\n"
            "1 | push ~> m.a @edge ~> output ~> output\n"
            "  |                             ^^\n"
            "  = help: end the chain at output, and write a second one for the rest\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_output_is_no_stage)
{
    static const struct kit_case cases[] = {
        {
            "push ~> output @edge",
            "error[E0228]: output has no place, copies or settings: it is not a stage\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | push ~> output @edge\n"
            "  |                ^\n"
            "  = help: end the chain with the plain word `output`\n",
        },
        {
            "push ~> {m.a @edge, output}",
            "error[E0228]: output cannot be a member of a group\n"
            " --> t.flow:1:21\n"
            "  |\n"
            "1 | push ~> {m.a @edge, output}\n"
            "  |                     ^^^^^^\n"
            "  = help: end the chain with it: ... ~> output\n",
        },
        {
            "output = m.a @edge",
            "error[E0218]: `output` is a reserved word and cannot be a stage\n"
            " --> t.flow:1:1\n"
            "  |\n"
            "1 | output = m.a @edge\n"
            "  | ^^^^^^\n"
            "  = help: `output` is only the end of a chain\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_reserved_words)
{
    static const struct kit_case cases[] = {
        {
            "push ~> demand ~> output",
            "error[E0218]: `demand` is a reserved word and cannot be a stage\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> demand ~> output\n"
            "  |         ^^^^^^\n"
            "  = help: an input word begins a chain; inside of one stand only stages\n",
        },
        {
            "push input ~> m.a @edge",
            "error[E0218]: `input` is a reserved word and cannot be a stage\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | push input ~> m.a @edge\n"
            "  |      ^^^^^\n"
            "  = help: leave it out: `push ~> ...` takes its messages from clients\n",
        },
        {
            "flow flow { push ~> m.a @edge ~> output }",
            "error[E0218]: `flow` is a reserved word and cannot be a flow\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | flow flow { push ~> m.a @edge ~> output }\n"
            "  |      ^^^^\n"
            "  = help: choose another name\n",
        },
        {
            "push ~> link.a @edge",
            "error[E0218]: `link` is a reserved word and cannot be a stage\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> link.a @edge\n"
            "  |         ^^^^\n"
            "  = help: choose another name\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_not_a_stage)
{
    static const struct kit_case cases[] = {
        {
            "push ~> \"s\"",
            "error[E0206]: expected a stage behind the arrow, found `\"s\"`\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> \"s\"\n"
            "  |         ^^^\n"
            "  = help: a stage is a declared name, MODULE.ACTOR, a group or `output`\n",
        },
        {
            "push ~> 42",
            "error[E0206]: expected a stage behind the arrow, found `42`\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> 42\n"
            "  |         ^^\n"
            "  = help: a stage is a declared name, MODULE.ACTOR, a group or `output`\n",
        },
        {
            "push ~> (m.a @edge)",
            "error[E0202]: the notation has no character `(`\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> (m.a @edge)\n"
            "  |         ^\n"
            "  = help: text of any kind can stand between double quotes, as a setting\n"
            "error[E0202]: the notation has no character `)`\n"
            " --> t.flow:1:19\n"
            "  |\n"
            "1 | push ~> (m.a @edge)\n"
            "  |                   ^\n"
            "  = help: text of any kind can stand between double quotes, as a setting\n",
        },
        {
            "push m.a @edge ~>",
            "error[E0206]: expected a stage behind the arrow, found the end of the file\n"
            " --> t.flow:1:18\n"
            "  |\n"
            "1 | push m.a @edge ~>\n"
            "  |                  ^\n"
            "  = help: a stage is a declared name, MODULE.ACTOR, a group or `output`\n",
        },
        {
            "push m.a @edge m.b @edge",
            "error[E0206]: expected `~>` or `<~>`, found `m`\n"
            " --> t.flow:1:16\n"
            "  |\n"
            "1 | push m.a @edge m.b @edge\n"
            "  |                ^\n"
            "  = help: stages are joined by arrows\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_nested_groups)
{
    static const struct kit_case cases[] = {
        {
            "push ~> [m.a, {m.b, m.c}] @edge",
            "error[E0215]: groups cannot be nested\n"
            " --> t.flow:1:15\n"
            "  |\n"
            "1 | push ~> [m.a, {m.b, m.c}] @edge\n"
            "  |               ^\n"
            "  = help: write the inner group as a step of its own: [a] ~> {b, c}\n",
        },
        {
            "push ~> {[m.a, m.b], m.c} @edge",
            "error[E0215]: groups cannot be nested\n"
            " --> t.flow:1:10\n"
            "  |\n"
            "1 | push ~> {[m.a, m.b], m.c} @edge\n"
            "  |          ^\n"
            "  = help: write the inner group as a step of its own: [a] ~> {b, c}\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_empty_groups)
{
    static const struct kit_case cases[] = {
        {
            "push ~> [] ~> output",
            "error[E0216]: this group has no members\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> [] ~> output\n"
            "  |         ^^\n"
            "  = help: name at least one stage in it, or leave it out\n",
        },
        {
            "push ~> {} ~> output",
            "error[E0216]: this group has no members\n"
            " --> t.flow:1:9\n"
            "  |\n"
            "1 | push ~> {} ~> output\n"
            "  |         ^^\n"
            "  = help: name at least one stage in it, or leave it out\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}

Test(flow, F12_a_group_first)
{
    static const struct kit_case cases[] = {
        {
            "push [m.a, m.b] @edge ~> output",
            "error[E0217]: a chain cannot begin with a group\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | push [m.a, m.b] @edge ~> output\n"
            "  |      ^^^^^^^^^^\n"
            "  = help: begin with one producer, or write one chain for each of them\n",
        },
        {
            "push {m.a, m.b} @edge ~> output",
            "error[E0217]: a chain cannot begin with a group\n"
            " --> t.flow:1:6\n"
            "  |\n"
            "1 | push {m.a, m.b} @edge ~> output\n"
            "  |      ^^^^^^^^^^\n"
            "  = help: begin with one producer, or write one chain for each of them\n",
        },
    };
    KIT_REFUSE_ALL(cases)
}
