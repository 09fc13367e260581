/* stories.c - the same module, in the node and in a process of its own: what its actors see is the
 * same, call by call. */
#include <stdio.h>
#include <stdlib.h>

#include "process_kit.h"

/* Looks at a report, at most: each is a round trip. */
#define LOOKS_MAX 20000u

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The words in order of the alphabet: what comes from several actors has no order of its own. */
static void sort_words(char text[512])
{
    char copy[512];
    char *words[64];
    size_t count = 0;
    char *rest = copy;
    memcpy(copy, text, sizeof copy);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < 64;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    qsort(words, count, sizeof words[0], compare);
    size_t used = 0;
    for (size_t at = 0; at < count; at++) {
        used += (size_t)snprintf(text + used, 512 - used, "%s ", words[at]);
    }
}

/* Does the teller come to that report? */
static void comes_to(const char *expected, bool in_order)
{
    char want[512] = "";
    struct answer answer = {0};
    (void)snprintf(want, sizeof want, "%s", expected);
    if (!in_order) {
        sort_words(want);
    }
    for (unsigned i = 0; i < LOOKS_MAX && strcmp(answer.text, want) != 0; i++) {
        answer = kit_ask_living("story", "report", 0);
        if (!in_order) {
            sort_words(answer.text);
        }
    }
    cr_assert_str_eq(answer.text, want);
}

static void open_teller(bool isolated)
{
    kit_open(2);
    const struct wtl_actor *type = NULL;
    if (isolated) {
        (void)kit_isolate(SO("story"), NULL);
        type = kit_type_of("teller");
    } else {
        type = kit_load_here(SO("story"), "story.teller");
    }
    (void)kit_supervise("story", type, NULL);
    (void)kit_ask_living("story", "report", 0);
}

static void tells(bool isolated, const char *story, const char *expected, bool in_order)
{
    open_teller(isolated);
    kit_tell("story", story, 3);
    comes_to(expected, in_order);
    kit_close();
}

/* A table ends with the actor that made it, wherever that one's code runs. */
static void tells_of_ends(bool isolated)
{
    open_teller(isolated);
    kit_tell("story", "ends", 0);
    comes_to("0 ok ", true);
    (void)kit_ask("story", "end", 0);
    (void)kit_ask_living("story", "report", 0);
    kit_tell("story", "ends", 0);
    comes_to("0 ok ", true);
    kit_close();
}

Test(here, tables_end)
{
    tells_of_ends(false);
}

Test(there, tables_end)
{
    tells_of_ends(true);
}

Test(here, looking)
{
    tells(false, "looking", "a1:unsupported=0 a2:ok=0", false);
}

Test(there, looking)
{
    tells(true, "looking", "a1:unsupported=0 a2:unsupported=0", false);
}

static void tells_of_trees(bool isolated)
{
    open_teller(isolated);
    kit_tell("story", "trees", 0);
    comes_to("s a1:ok=0 a2:already_started=0 a3:ok=0", false);
    kit_tell("story", "up", 0);
    comes_to("s a1:ok=0 a2:already_started=0 a3:ok=0 1 a4:ok=0 a5:ok=4", false);
    kit_tell("story", "fell", 0);
    comes_to("s a1:ok=0 a2:already_started=0 a3:ok=0 1 a4:ok=0 a5:ok=4 d1:shutdown", false);
    kit_close();
}

Test(here, trees)
{
    tells_of_trees(false);
}

Test(there, trees)
{
    tells_of_trees(true);
}

#define STORY(name, tag, in_order, expected)                                                       \
    Test(here, name)                                                                               \
    {                                                                                              \
        tells(false, tag, expected, in_order);                                                     \
    }                                                                                              \
    Test(there, name)                                                                              \
    {                                                                                              \
        tells(true, tag, expected, in_order);                                                      \
    }

STORY(calls, "calls", false, "c1 c0 a4:not_found=0 s a1:ok=41 a2:denied=0 a3:timeout=0")
STORY(gathering, "gather", true, "g0:ok=40 g1:denied=0 g2:timeout=0 g3:not_found=0 ")
STORY(bounds, "bounds", false, "none some ok some none timeout 0 none some ok none")
STORY(holding, "holding", true, "a1:ok=8 m7 ")
STORY(time, "time", true, "1 1 -1 m2 m1 t1 m3 ")
STORY(watching, "watching", false, "1 0 d:noproc s d1:error:timeout d2:error:timeout")
STORY(links, "links", false, "x:normal x:killed")
STORY(births, "births", false, "200 d1:error:storage_full d:error:exists m0 m199")
STORY(names, "names", true, "1 1 a1:ok=0 a2:exists=0 a3:ok=0 a4:not_found=0 ")
STORY(work, "work", false, "a1:ok=7 a2:storage_full=9")
STORY(memory, "memory", true, "1 1 0 too_large ")
STORY(hunger, "hunger", false, "m0 d1:killed:memory_max")
STORY(known, "known", false, "1 d1:error:timeout d2:noproc d:noproc")
STORY(tasks, "tasks", true, "1 0:ok=0 1:ok=2 2:ok=4 3:ok=6 all:4 ")
STORY(keeping, "keep", true, "k1 3 m3 ")
STORY(tables, "tables", true,
      "ok exists 1 ok exists invalid ok 6 not_found exists ok ok ok 70000 69999 too_large ok "
      "not_found ok closed ")
STORY(walks, "walks", true, "ok 100 ok 100 4950 more ok 50 3225 ok 99 ok 100 1 1 ok not_found ")
STORY(owners, "owners", false, "ok ok ok denied not_found ok d1:normal")
