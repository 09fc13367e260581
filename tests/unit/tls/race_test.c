/*
 * race_test.c - several threads, each with engines of its own, over two contexts that all share;
 * for the thread sanitizer, and for the leak checker, which does not see criterion's children.
 *
 * The identities come from the real CA and its bundles. The exit code is the verdict.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certs/ca.h"
#include "net/tls.h"

#define THREADS    4
#define HANDSHAKES 12
#define ROUNDS     8

static struct wtl_tls_context *sides[2];

static void demand(bool held, const char *what)
{
    if (!held) {
        (void)fprintf(stderr, "race_test: %s\n", what);
        exit(1);
    }
}

static struct wtl_tls_context *issue(const char *folder, const char *name)
{
    struct wtl_id_request request = {.name = name, .layer = WTL_LAYER_EDGE};
    struct wtl_bundle bundle = {0};
    struct wtl_tls_context *context;
    struct wtl_error error = {0};
    bool clamped;
    demand(wtl_ca_issue(folder, &request, time(NULL), &bundle, &clamped, &error) == WTL_OK,
           error.text);
    demand(wtl_tls_context_create(&bundle, &context, &error) == WTL_OK, error.text);
    wtl_bundle_deinit(&bundle);
    return context;
}

static void move(struct wtl_tls *from, struct wtl_tls *to)
{
    const uint8_t *bytes;
    size_t size = wtl_tls_output(from, &bytes);
    demand(wtl_tls_feed(to, bytes, size) == WTL_OK, "feed");
    wtl_tls_output_taken(from, size);
}

static void link_once(void)
{
    struct wtl_tls *dial, *accept;
    uint8_t got[512], sent[512] = "over a link";
    size_t size = 0;
    demand(wtl_tls_create(sides[0], WTL_TLS_DIAL, "edge-2", &dial) == WTL_OK, "create");
    demand(wtl_tls_create(sides[1], WTL_TLS_ACCEPT, NULL, &accept) == WTL_OK, "create");
    for (int i = 0; i < ROUNDS && !wtl_tls_is_ready(accept); i++) {
        demand(wtl_tls_read(dial, got, sizeof got, &size) == WTL_LATER, wtl_tls_error(dial));
        move(dial, accept);
        demand(wtl_tls_read(accept, got, sizeof got, &size) == WTL_LATER, wtl_tls_error(accept));
        move(accept, dial);
    }
    demand(wtl_tls_is_ready(dial) && wtl_tls_is_ready(accept), "no handshake");
    demand(strcmp(wtl_tls_peer(accept)->name, "edge-1") == 0, "another name");
    demand(wtl_tls_write(dial, sent, sizeof sent) == WTL_OK, "write");
    move(dial, accept);
    demand(wtl_tls_read(accept, got, sizeof got, &size) == WTL_OK, wtl_tls_error(accept));
    demand(size == sizeof sent && memcmp(got, sent, size) == 0, "other bytes");
    wtl_tls_destroy(dial);
    wtl_tls_destroy(accept);
}

static void *run(void *unused)
{
    (void)unused;
    for (int i = 0; i < HANDSHAKES; i++) {
        link_once();
    }
    wtl_tls_thread_end();
    return NULL;
}

int main(void)
{
    char folder[] = "/tmp/wtl-race-XXXXXX";
    char ca[64], command[100];
    struct wtl_error error = {0};
    pthread_t threads[THREADS];
    demand(mkdtemp(folder) != NULL, "mkdtemp");
    (void)snprintf(ca, sizeof ca, "%s/ca", folder);
    demand(wtl_ca_create(ca, "climate", time(NULL), &error) == WTL_OK, error.text);
    sides[0] = issue(ca, "edge-1");
    sides[1] = issue(ca, "edge-2");
    for (int i = 0; i < THREADS; i++) {
        demand(pthread_create(&threads[i], NULL, run, NULL) == 0, "pthread_create");
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    wtl_tls_context_destroy(sides[0]);
    wtl_tls_context_destroy(sides[1]);
    wtl_tls_thread_end();
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
