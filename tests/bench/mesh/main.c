/*
 * main.c - bench_mesh [-w WORKERS] [-p] BENCH SIZE...: one bench between two nodes in two
 * processes, over loopback with mutual TLS. Prints
 * dist_BENCH/SIZE<TAB>LABEL<TAB>metric<TAB>value<TAB>unit, with the label of the variable PEER.
 */
#include "mesh.h"

#include <string.h>
#include <unistd.h>

struct entry {
    const char *name;
    void (*run)(const uint64_t *arguments);
    unsigned arguments;
    const char *usage;
};

static const struct entry entries[] = {
    {"oneway", bench_oneway, 2, "BYTES MESSAGES"},
    {"rtt", bench_rtt, 3, "BYTES OUTSTANDING ROUND_TRIPS"},
    {"hol", bench_hol, 3, "BYTES OUTSTANDING MILLISECONDS"},
};

static int usage(void)
{
    (void)fprintf(stderr, "usage: bench_mesh [-w WORKERS] [-p] BENCH SIZE...\n"
                          "  -w WORKERS  of each of the two nodes (2)\n"
                          "  -p          one node pinned to processor 0, the other one to 1\n");
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        (void)fprintf(stderr, "  %-8s %s\n", entries[i].name, entries[i].usage);
    }
    return 2;
}

static uint64_t read_number(const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || number == 0) {
        (void)fprintf(stderr, "bench_mesh: expected a number above 0, got \"%s\"\n", text);
        exit(2);
    }
    return number;
}

static const struct entry *find(const char *name)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (strcmp(name, entries[i].name) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct bench_options options = {.workers = 2};
    int option;
    while ((option = getopt(argc, argv, "w:p")) != -1) {
        if (option == 'w') {
            options.workers = (unsigned)read_number(optarg);
        } else if (option == 'p') {
            options.is_pinned = true;
        } else {
            return usage();
        }
    }
    char **words = argv + optind;
    unsigned count = (unsigned)(argc - optind);
    if (count == 2 && strcmp(words[0], "serve") == 0) { /* what pair.c runs */
        return bench_serve(words[1], &options);
    }
    const struct entry *entry = count > 0 ? find(words[0]) : NULL;
    if (entry == NULL || count != 1 + entry->arguments) {
        return usage();
    }
    uint64_t arguments[BENCH_ARGUMENTS_MAX];
    for (unsigned i = 0; i < entry->arguments; i++) {
        arguments[i] = read_number(words[1 + i]);
    }
    bench_pair_start(&options);
    entry->run(arguments);
    bench_pair_stop();
    return 0;
}
