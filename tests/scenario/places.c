/* places.c - see places.h. */
#include "places.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

char places_folder[64];
static char ca[96];
static struct place places[4];
static uint32_t places_count;

void places_open(void)
{
    kit_folder(places_folder);
    (void)snprintf(ca, sizeof ca, "%s/ca", places_folder);
    kit_now_s = (int64_t)time(NULL); /* TLS judges by the machine's clock */
    struct run run = run_wattle("ca", "init", ca, "--mesh", "demo", NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
    places_count = 0;
}

void place_close(struct place *place)
{
    if (place->node != NULL) {
        cr_expect_eq(wtl__node_stop(place->node), WTL_OK);
        wtl__control_close(place->control);
        wtl__node_destroy(place->node);
        wtl__control_free(place->control);
        cr_expect_neq(access(place->socket, F_OK), 0, "the socket's file has gone");
        *place = (struct place){0};
    }
}

void places_close(void)
{
    for (uint32_t i = 0; i < places_count; i++) {
        place_close(&places[i]);
    }
    kit_folder_remove(places_folder);
}

void place_issue(const char *name, const char *layer, char path_out[96])
{
    (void)snprintf(path_out, 96, "%s/%s.bundle", places_folder, name);
    struct run run =
        run_wattle("id", "new", name, "--layer", layer, "--ca", ca, "--out", path_out, NULL);
    cr_assert_eq(run.end, WTL__END_OK, "%s", run.err);
    run_free(&run);
}

struct place *place_start(const char *name, const char *layer, const struct place *join)
{
    char bundle[96];
    const char *joins[1] = {NULL};
    struct wtl_error error = {0};
    struct place *place = &places[places_count++];
    place_issue(name, layer, bundle);
    struct wtl__node_config config = {.bundle = bundle, .joins = joins, .workers = 2};
    if (strcmp(layer, "device") != 0) {
        config.listen = "127.0.0.1:0";
    }
    if (join != NULL) {
        joins[0] = wtl__node_address(join->node);
        config.joins_count = 1;
    }
    (void)snprintf(place->socket, sizeof place->socket, "%s/%s.sock", places_folder, name);
    cr_assert_eq(wtl__node_create(&config, &place->node, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__control_create(place->node, place->socket, &place->control, &error), WTL_OK,
                 "%s", error.text);
    cr_assert_eq(wtl__node_start(place->node, &error), WTL_OK, "%s", error.text);
    return place;
}

struct run place_ask_until(const struct place *place, const char *noun, const char *verb,
                           const char *part)
{
    struct run run = {0};
    for (int waited = 0; waited < PLACE_WAIT_MS; waited += 20) {
        run = run_wattle(noun, verb, "--json", "--control", place->socket, NULL);
        if (run.end == WTL__END_OK && strstr(run.out, part) != NULL) {
            return run;
        }
        run_free(&run);
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("no answer of %s %s has ever had %s", noun, verb, part);
    return run;
}

void place_wait_up(const struct place *place, const char *name)
{
    char part[128];
    (void)snprintf(part, sizeof part, "{\"node\":\"%s\"", name);
    for (int waited = 0; waited < PLACE_WAIT_MS; waited += 20) {
        struct run run = run_wattle("mesh", "nodes", "--json", "--control", place->socket, NULL);
        const char *found = strstr(run.out, part);
        const char *state = found != NULL ? strstr(found, "\"state\":\"") : NULL;
        bool is_up = state != NULL && strncmp(state, "\"state\":\"up\"", 12) == 0;
        run_free(&run);
        if (is_up) {
            return;
        }
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("%s was never up", name);
}

void expect_run(struct run run, enum wtl__end end, const char *says)
{
    cr_expect_eq(run.end, end, "ended with %d: %s%s", (int)run.end, run.out, run.err);
    EXPECT_HAS(end == WTL__END_OK ? run.out : run.err, says);
    run_free(&run);
}
