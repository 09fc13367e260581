/*
 * explore.c - who runs when, from seeds: mailboxes, run queues and parking on several threads of
 * which one runs at a time (turns.h).
 *
 *   explore [--only SCENE] [--way walk|ranks] [--tell] [FIRST [COUNT]]
 *
 *   --only SCENE  that one, of the list below; otherwise each seed plays one after the other
 *   --way WAY     how who is next is drawn; otherwise one seed of RANKS_ONE_IN ranks, others walk
 *   --tell        one line for each seed: points and a hash of all turns
 *
 * A seed that finds something prints it, and how to see it again, and ends with 1. Under a debugger
 * a breakpoint on turns_fail has all threads where they are. A part of the seeds runs twice, and
 * must do the same both times.
 *
 * The explore_canary_* programs are this one, with one bug planted (canaries/).
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "scene.h"

enum {
    TWICE = 16,       /* each so many seeds are run twice */
    RANKS_ONE_IN = 4, /* to walk finds more here: on average the canaries take it a third of the
                       * seeds; but not all, and not always */
};

static const struct scene *const scenes[] = {
    &scene_wakes, &scene_mail,   &scene_rings, &scene_ends,  &scene_links,
    &scene_tree,  &scene_timers, &scene_names, &scene_calls, &scene_upgrades};

static uint64_t run(const struct scene *scene, uint64_t seed, enum turns_way way)
{
    turns_begin(seed, way, scene->name);
    scene->run();
    return turns_end();
}

static void play(const struct scene *scene, uint64_t seed, enum turns_way way, bool tell)
{
    uint64_t hash = run(scene, seed, way);
    if (tell) {
        (void)printf("%s %lu: %lu points, %016lx\n", scene->name, (unsigned long)seed,
                     (unsigned long)turns_points(), (unsigned long)hash);
    }
    if (seed % TWICE == 0 && run(scene, seed, way) != hash) {
        (void)printf("found: %s, seed %lu, is another the second time\n", scene->name,
                     (unsigned long)seed);
        exit(1);
    }
}

/* Assertions of the runtime end a run as well; the seed must be said. */
static void on_abort(int number)
{
    turns_fail("signal %d", number); /* NOLINT: nothing else runs, and nothing will */
}

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

static int usage(void)
{
    (void)fprintf(stderr, "explore [--only SCENE] [--way walk|ranks] [--tell] [FIRST [COUNT]]\n");
    return 64;
}

int main(int count, char **words)
{
    const char *only = NULL;
    const char *way = NULL;
    bool tell = false;
    uint64_t numbers[2] = {1, 100};
    unsigned given = 0;
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--tell") == 0) {
            tell = true;
        } else if (strcmp(words[i], "--only") == 0 && i + 1 < count) {
            only = words[++i];
        } else if (strcmp(words[i], "--way") == 0 && i + 1 < count) {
            way = words[++i];
        } else if (words[i][0] != '-' && given < 2) {
            numbers[given++] = strtoull(words[i], NULL, 10);
        } else {
            return usage();
        }
    }
    /* all on one processor: to hand the turn on is then one switch of the system */
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu() > 0 ? (unsigned)sched_getcpu() : 0, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    (void)signal(SIGABRT, on_abort);
    (void)signal(SIGSEGV, on_abort);
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    uint64_t played = 0;
    for (uint64_t seed = numbers[0]; seed < numbers[0] + numbers[1]; seed++) {
        for (size_t i = 0; i < WTL_COUNT(scenes); i++) {
            if (only == NULL || strcmp(only, scenes[i]->name) == 0) {
                bool ranks = way != NULL ? strcmp(way, "ranks") == 0 : seed % RANKS_ONE_IN == 0;
                play(scenes[i], seed, ranks ? TURNS_RANKS : TURNS_WALK, tell);
                played++;
            }
        }
    }
    (void)printf("%lu runs, nothing found\n", (unsigned long)played);
    return played > 0 ? 0 : usage();
}
