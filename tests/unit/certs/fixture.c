/* fixture.c - see fixture.h. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs/key.h"

#define GOOD_URI "spiffe://climate/default/device/sensor-1"

struct fixture fixture;

void fixture_init(void)
{
    struct wtl_error error = {0};
    const char *base = getenv("TMPDIR");
    (void)snprintf(fixture.folder, sizeof fixture.folder, "%s/wattle-certs-XXXXXX",
                   base != NULL && strlen(base) < 32 ? base : "/tmp");
    cr_assert_not_null(mkdtemp(fixture.folder));
    cr_assert_eq(wtl__authority_make_root("climate", NOW_S, &fixture.root, &error), WTL_OK, "%s",
                 error.text);
    cr_assert_eq(wtl__authority_make_issuing(&fixture.root, NOW_S, &fixture.issuing, &error),
                 WTL_OK, "%s", error.text);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void fixture_deinit(void)
{
    wtl__authority_deinit(&fixture.root);
    wtl__authority_deinit(&fixture.issuing);
    (void)nftw(fixture.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fixture_path(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, PATH_MAX, "%s/%s", fixture.folder, name);
    return path;
}

void fixture_write(const char *path, const void *bytes, size_t size, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    cr_assert_eq(fchmod(fd, mode), 0);
    cr_assert_eq(close(fd), 0);
}

/* The child: a shell in the temporary folder, with both outputs in the pipe. */
static void run_shell(const char *command, int output)
{
    if (chdir(fixture.folder) == 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0) {
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    _exit(127);
}

int fixture_run(char *output, size_t capacity, const char *format, ...)
{
    char command[4 * PATH_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    cr_assert(length > 0 && (size_t)length < sizeof command);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        run_shell(command, ends[1]);
    }
    cr_assert_eq(close(ends[1]), 0);
    size_t size = 0;
    char rest[512];
    for (;;) {
        bool full = size + 1 >= capacity;
        ssize_t got = full ? read(ends[0], rest, sizeof rest)
                           : read(ends[0], output + size, capacity - 1 - size);
        if (got <= 0) {
            break;
        }
        size += full ? 0 : (size_t)got;
    }
    output[size] = '\0';
    (void)close(ends[0]);
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct wtl_id_request fixture_request(void)
{
    return (struct wtl_id_request){.name = "sensor-1", .layer = WTL_LAYER_DEVICE};
}

struct wtl_bundle fixture_bundle(void)
{
    struct wtl_id_request request = fixture_request();
    struct wtl_bundle bundle;
    struct wtl_error error = {0};
    bool clamped;
    cr_assert_eq(wtl__authority_issue(&fixture.root, &fixture.issuing, &request, NOW_S, &bundle,
                                      &clamped, &error),
                 WTL_OK, "%s", error.text);
    return bundle;
}

void leaf_init(struct leaf *leaf)
{
    struct wtl_error error = {0};
    *leaf = (struct leaf){0};
    cr_assert_eq(wtl__key_create(&leaf->key, leaf->point, &error), WTL_OK, "%s", error.text);
    leaf_uri(leaf, 0, GOOD_URI, strlen(GOOD_URI));
    wtl__cert_serial(leaf->spec.serial);
    leaf->spec.organisation = "climate";
    leaf->spec.common_name = "sensor-1";
    leaf->spec.not_before_s = NOW_S;
    leaf->spec.not_after_s = NOW_S + 90 * DAY_S;
    leaf->spec.point = leaf->point;
    leaf->spec.has_constraints = true;
    leaf->spec.path_len = -1;
    leaf->spec.usage = WTL__USAGE_SIGN;
    leaf->spec.purposes = WTL__PURPOSE_SERVER | WTL__PURPOSE_CLIENT;
    leaf->spec.sans = leaf->sans;
    leaf->spec.san_count = 1;
}

void leaf_deinit(struct leaf *leaf)
{
    wtl__der_wipe(&leaf->key);
}

void leaf_uri(struct leaf *leaf, size_t index, const void *bytes, size_t size)
{
    leaf->sans[index] = (struct wtl__san){.tag = WTL__SAN_URI, .bytes = bytes, .size = size};
}

struct wtl_der leaf_sign(struct leaf *leaf, const struct wtl__authority *signer)
{
    struct wtl__cert view;
    struct wtl_der der;
    struct wtl_error error = {0};
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    cr_assert_eq(wtl__cert_read(wtl__der_view_of(&signer->cert), &view, &error), WTL_OK, "%s",
                 error.text);
    leaf->spec.issuer = view.subject;
    leaf->spec.authority_key_id = view.subject_key_id;
    cr_assert_eq(wtl__key_open(&signer->key, &scalar, point, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(wtl__cert_make(&leaf->spec, scalar, &der, &error), WTL_OK, "%s", error.text);
    return der;
}
