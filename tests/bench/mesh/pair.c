/*
 * pair.c - two nodes in two processes: identities, the other process, this node. See mesh.h.
 *
 * The other process is this program again, with `serve`. It tells its address on standard output,
 * and ends when its standard input does: with the parent, however that ends.
 */
#include "mesh.h"

#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certs/ca.h"
#include "node/node.h"

#define PROCESSOR_SERVER 0u
#define PROCESSOR_BENCH  1u
#define ADDRESS_MAX      128u
#define LOOK_AGAIN_MS    20u
#define LOOKS_MAX        500u

struct pair {
    char folder[64]; /* "": there is none */
    pid_t process;   /* of the other node; 0: there is none */
    int input;       /* of that process */
    struct wtl__node *node;
    struct wtl_pid sink;
    struct wtl_pid echo;
};

static struct pair pair = {.input = -1};

struct wtl_pid bench_sink(void)
{
    return pair.sink;
}

struct wtl_pid bench_echo(void)
{
    return pair.echo;
}

/* ---- identities ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_folder(void)
{
    if (pair.folder[0] != '\0') {
        (void)nftw(pair.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        pair.folder[0] = '\0';
    }
}

static void make_folder(char ca_out[96])
{
    struct wtl_error error = {0};
    char folder[] = "/tmp/wattle-bench-XXXXXX";
    if (mkdtemp(folder) == NULL) {
        bench_fail("cannot make a temporary folder in /tmp");
    }
    memcpy(pair.folder, folder, sizeof folder);
    (void)snprintf(ca_out, 96, "%s/ca", pair.folder);
    if (wtl_ca_create(ca_out, "bench", time(NULL), &error) != WTL_OK) {
        bench_fail("%s", error.text);
    }
}

static void issue(const char *ca, const char *name, enum wtl_layer layer, char path_out[96])
{
    struct wtl_id_request request = {.name = name, .layer = layer};
    struct wtl_bundle bundle = {0};
    struct wtl_error error = {0};
    bool clamped;
    (void)snprintf(path_out, 96, "%s/%s.id", pair.folder, name);
    if (wtl_ca_issue(ca, &request, time(NULL), &bundle, &clamped, &error) != WTL_OK ||
        wtl_bundle_write(path_out, &bundle, &error) != WTL_OK) {
        bench_fail("%s", error.text);
    }
    wtl_bundle_deinit(&bundle);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void pin_to(unsigned processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        bench_fail("expected to be allowed to run on processor %u, which was refused: try without "
                   "-p",
                   processor);
    }
}

static struct wtl__node *create_node(struct wtl__node_config *config)
{
    struct wtl_error error = {0};
    struct wtl__node *node;
    config->listen = "127.0.0.1:0";
    config->link_class = WTL__CLASS_LAN;
    if (wtl__node_create(config, &node, &error) != WTL_OK) {
        bench_fail("%s", error.text);
    }
    bench_use_runtime(wtl__node_runtime(node));
    return node;
}

static void start_node(struct wtl__node *node)
{
    struct wtl_error error = {0};
    if (wtl__node_start(node, &error) != WTL_OK) {
        bench_fail("%s", error.text);
    }
}

int bench_serve(const char *bundle, const struct bench_options *options)
{
    char byte;
    struct wtl__node_config config = {.bundle = bundle, .workers = options->workers};
    struct wtl__node *node = create_node(&config);
    start_node(node);
    bench_server_spawn(wtl__node_runtime(node));
    (void)printf("%s\n", wtl__node_address(node));
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    wtl__node_destroy(node);
    return 0;
}

/* ---- the other process ----------------------------------------------------------------------- */

static void stop_server(void)
{
    if (pair.process != 0) {
        (void)close(pair.input);
        (void)waitpid(pair.process, NULL, 0);
        pair.process = 0;
    }
}

static void fail_cleanly(void)
{
    remove_folder();
    stop_server();
}

static void read_address(int output, char address_out[ADDRESS_MAX])
{
    FILE *file = fdopen(output, "r");
    if (file == NULL || fgets(address_out, ADDRESS_MAX, file) == NULL) {
        bench_fail("the other process has told no address");
    }
    address_out[strcspn(address_out, "\n")] = '\0';
    (void)fclose(file);
}

/* Starts this program again; its standard input and output are pipes to here. */
static void start_server(const char *bundle, const struct bench_options *options,
                         char address_out[ADDRESS_MAX])
{
    extern char **environ;
    int input[2];
    int output[2];
    char workers[16];
    posix_spawn_file_actions_t actions;
    (void)snprintf(workers, sizeof workers, "-w%u", options->workers);
    const char *words[] = {"bench_mesh", workers, "serve", bundle, NULL};
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        bench_fail("no pipes");
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    int failed = posix_spawn(&pair.process, "/proc/self/exe", &actions, NULL,
                             (char *const *)(uintptr_t)words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        pair.process = 0;
        bench_fail("the other process was not started: %s", strerror(failed));
    }
    pair.input = input[1];
    (void)close(input[0]);
    (void)close(output[1]);
    read_address(output[0], address_out);
}

/* ---- finding the other node's actors --------------------------------------------------------- */

struct search {
    const char *name;
    struct wtl_pid found;
    sem_t done;
};

struct seeker {
    struct search *search;
    unsigned looks;
};

static enum wtl_status on_found(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    struct seeker *seeker = self;
    (void)context;
    if (answer->status == WTL_OK) {
        seeker->search->found = answer->pid;
        (void)wtl_monitor(x, answer->pid);
        (void)sem_post(&seeker->search->done);
        return WTL_OK;
    }
    if (++seeker->looks == LOOKS_MAX) {
        bench_fail("%s was not found: %s", seeker->search->name, wtl_status_word(answer->status));
    }
    (void)wtl_after(x, LOOK_AGAIN_MS, WTL_TAG("look"), NULL);
    return WTL_OK;
}

static void look(struct wtl_ctx *x, struct seeker *seeker)
{
    const struct wtl_call_options options = {.on_answer = on_found};
    wtl_whereis(x, seeker->search->name, &options);
}

static enum wtl_status seeker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct seeker *seeker = self;
    (void)args;
    seeker->search = *(struct search *const *)settings;
    look(x, seeker);
    return WTL_OK;
}

static enum wtl_status seeker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)message;
    look(x, self);
    return WTL_OK;
}

static enum wtl_status seeker_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    char reason[40];
    (void)x;
    (void)self;
    bench_fail("the other node's actor has ended: %s", wtl_reason_text(down->reason, reason));
}

static WTL_ACTOR(seeker, struct seeker, .settings_size = sizeof(struct search *),
                 .init = seeker_init, .handle = seeker_handle, .down = seeker_down);

static struct wtl_pid search_for(const char *name)
{
    static struct search searches[2]; /* their actors stay, and watch what they have found */
    static unsigned count;
    struct search *search = &searches[count++];
    search->name = name;
    (void)sem_init(&search->done, 0, 0);
    (void)bench_spawn(&seeker, search);
    bench_wait(&search->done);
    return search->found;
}

/* ---- both ------------------------------------------------------------------------------------ */

void bench_pair_start(const struct bench_options *options)
{
    char ca[96];
    char server[96];
    char bench[96];
    char address[ADDRESS_MAX];
    bench_fail_is_followed_by(fail_cleanly);
    make_folder(ca);
    issue(ca, "bench-server", WTL_LAYER_CLOUD, server);
    issue(ca, "bench-client", WTL_LAYER_EDGE, bench);
    if (options->is_pinned) {
        pin_to(PROCESSOR_SERVER); /* what is started now inherits that */
    }
    start_server(server, options, address);
    if (options->is_pinned) {
        pin_to(PROCESSOR_BENCH);
    }
    const char *joins[] = {address};
    struct wtl__node_config config = {
        .bundle = bench, .workers = options->workers, .joins = joins, .joins_count = 1};
    pair.node = create_node(&config);
    start_node(pair.node);
    remove_folder();
    pair.sink = search_for(BENCH_SINK);
    pair.echo = search_for(BENCH_ECHO);
}

void bench_pair_stop(void)
{
    wtl__node_destroy(pair.node);
    pair.node = NULL;
    stop_server();
}
