/*
 * main.c - bench_local THREADS BENCH PAYLOAD SIZE...: one local bench, warmed up at a tenth of its
 * size. Prints bench/payload<TAB>wattle-THREADS<TAB>metric<TAB>value<TAB>unit.
 */
#include "common.h"

#include <string.h>

struct entry {
    const char *name;
    void (*run)(void);
    unsigned sizes;
    unsigned warm; /* which size is cut to a tenth */
    bool is_cold;  /* no warm-up: fresh memory is what it measures */
    const char *usage;
};

static const struct entry entries[] = {
    {"pingpong", bench_pingpong, 1, 0, false, "ROUND_TRIPS"},
    {"counting", bench_counting, 1, 0, false, "MESSAGES"},
    {"ring", bench_ring, 2, 1, false, "ACTORS HOPS"},
    {"fj_create", bench_fj_create, 1, 0, false, "ACTORS"},
    {"fj_throughput", bench_fj_throughput, 2, 1, false, "ACTORS MESSAGES"},
    {"fj_work", bench_fj_work, 2, 1, false, "ACTORS MESSAGES"},
    {"fan_in", bench_fan_in, 2, 1, false, "PRODUCERS MESSAGES"},
    {"big", bench_big, 2, 1, false, "ACTORS PINGS"},
    {"call", bench_call, 1, 0, false, "CALLS"},
    {"idle", bench_idle, 1, 0, true, "ACTORS"},
    {"pool", bench_pool, 1, 0, false, "CHILDREN"},
    {"timers", bench_timers, 1, 0, false, "TIMERS"},
    {"call_load", bench_call_load, 2, 0, false, "CALLS PERCENT"},
    {"neighbour", bench_neighbour, 1, 0, false, "CALLS"},
};

static int usage(void)
{
    (void)fprintf(stderr, "usage: bench_local THREADS BENCH int|rec64 SIZE...\n");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        (void)fprintf(stderr, "  %-14s %s\n", entries[i].name, entries[i].usage);
    }
    return 2;
}

static uint64_t read_number(const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || number == 0) {
        (void)fprintf(stderr, "bench_local: expected a number above 0, got \"%s\"\n", text);
        exit(2);
    }
    return number;
}

static void run(const struct entry *entry, unsigned threads)
{
    struct wtl_runtime_options options = {.workers = threads, .seed = 1};
    struct wtl_error error = {0};
    if (wtl_runtime_create(&options, &bench.runtime, &error) != WTL_OK) {
        bench_fail("%s", error.text);
    }
    if (!entry->is_cold) {
        uint64_t whole = bench.size[entry->warm];
        bench.size[entry->warm] = whole < 10 ? 1 : whole / 10;
        bench.is_quiet = true;
        entry->run();
        bench_wait_empty();
        bench.size[entry->warm] = whole;
        bench.is_quiet = false;
    }
    entry->run();
    wtl_runtime_destroy(bench.runtime);
}

int main(int argc, char **argv)
{
    const struct entry *entry = NULL;
    for (size_t i = 0; argc > 4 && i < sizeof entries / sizeof entries[0]; i++) {
        if (strcmp(argv[2], entries[i].name) == 0) {
            entry = &entries[i];
        }
    }
    if (entry == NULL || (unsigned)argc != 4 + entry->sizes) {
        return usage();
    }
    bench.is_record = strcmp(argv[3], "rec64") == 0;
    if (!bench.is_record && strcmp(argv[3], "int") != 0) {
        return usage();
    }
    bench.name = entry->name;
    bench.payload = argv[3];
    for (unsigned i = 0; i < entry->sizes; i++) {
        bench.size[i] = read_number(argv[4 + i]);
    }
    run(entry, (unsigned)read_number(argv[1]));
    return 0;
}
