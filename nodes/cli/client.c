/* client.c - see client.h. */
#include "cli/client.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

/* A connected socket that never blocks, or -1 with errno set. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, size + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int failed = errno;
        (void)close(fd);
        errno = failed;
        return -1;
    }
    return fd;
}

static enum wtl_status status_of(int failed)
{
    switch (failed) {
    case EACCES:
    case EPERM:
        return WTL_DENIED;
    case ENOENT:
    case ENOTDIR:
    case ENOTSOCK:
    case ECONNREFUSED:
    case EPROTOTYPE:
        return WTL_NOT_FOUND;
    case EAGAIN: /* its backlog is full */
        return WTL_TIMEOUT;
    case ENAMETOOLONG:
        return WTL_INVALID;
    default:
        return WTL_SYSTEM;
    }
}

enum wtl_status wtl__client_probe(const char *path)
{
    int fd = connect_to(path);
    if (fd < 0) {
        return errno == EAGAIN ? WTL_OK : status_of(errno);
    }
    (void)close(fd);
    return WTL_OK;
}

uint32_t wtl__client_sockets(char paths_out[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX])
{
    char folder[WTL__CONTROL_PATH_MAX];
    uint32_t count = 0;
    for (unsigned i = 0; wtl__control_folder(i, folder); i++) {
        DIR *open = opendir(folder);
        const struct dirent *entry = NULL;
        while (open != NULL && count < WTL__SOCKETS_MAX && (entry = readdir(open)) != NULL) {
            size_t size = strlen(entry->d_name);
            int written =
                snprintf(paths_out[count], WTL__CONTROL_PATH_MAX, "%s/%s", folder, entry->d_name);
            if (size > 5 && strcmp(entry->d_name + size - 5, ".sock") == 0 && written > 0 &&
                (unsigned)written < WTL__CONTROL_PATH_MAX &&
                wtl__client_probe(paths_out[count]) == WTL_OK) {
                count++;
            }
        }
        if (open != NULL) {
            (void)closedir(open);
        }
    }
    return count;
}

/* ---- asking --------------------------------------------------------------------------------- */

struct client {
    int fd;
    uint64_t deadline_ns;
    struct wtl_error *error;
};

/* Waits until the socket is ready. */
static enum wtl_status await(const struct client *client, short events, const char *doing)
{
    for (;;) {
        uint64_t now_ns = wtl__clock_now_ns(wtl__clock_system());
        if (now_ns >= client->deadline_ns) {
            return wtl_fail(client->error, WTL_TIMEOUT, "%s: no answer in time", doing);
        }
        int wait_ms = (int)((client->deadline_ns - now_ns) / WTL__NS_PER_MS) + 1;
        struct pollfd ready = {.fd = client->fd, .events = events};
        int found = poll(&ready, 1, wait_ms);
        if (found > 0) {
            return WTL_OK;
        }
        if (found < 0 && errno != EINTR) {
            return wtl_fail(client->error, WTL_SYSTEM, "%s: %s", doing, strerror(errno));
        }
    }
}

static enum wtl_status failed_io(const struct client *client, const char *doing)
{
    return wtl_fail(client->error, errno == EPIPE || errno == ECONNRESET ? WTL_CLOSED : WTL_SYSTEM,
                    "%s: %s", doing, strerror(errno));
}

static enum wtl_status send_all(const struct client *client, const uint8_t *bytes, size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t now = send(client->fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (now >= 0) {
            sent += (size_t)now;
        } else if (errno == EAGAIN) {
            enum wtl_status status = await(client, POLLOUT, "sending the question");
            if (status != WTL_OK) {
                return status;
            }
        } else if (errno != EINTR) {
            return failed_io(client, "sending the question");
        }
    }
    return WTL_OK;
}

static enum wtl_status receive_all(const struct client *client, uint8_t *bytes, size_t size)
{
    size_t got = 0;
    while (got < size) {
        ssize_t now = recv(client->fd, bytes + got, size - got, 0);
        if (now > 0) {
            got += (size_t)now;
        } else if (now == 0) {
            return wtl_fail(client->error, WTL_CLOSED,
                            "waiting for the answer: the node has closed the connection");
        } else if (errno == EAGAIN) {
            enum wtl_status status = await(client, POLLIN, "waiting for the answer");
            if (status != WTL_OK) {
                return status;
            }
        } else if (errno != EINTR) {
            return failed_io(client, "waiting for the answer");
        }
    }
    return WTL_OK;
}

static enum wtl_status send_request(const struct client *client, const struct wtl__request *request)
{
    uint8_t bytes[4 + WTL__CONTROL_REQUEST_MAX];
    struct wtl_writer writer = wtl_writer_over(bytes + 4, WTL__CONTROL_REQUEST_MAX);
    wtl__request_put(&writer, request);
    if (writer.failed) {
        return wtl_fail(client->error, WTL_TOO_LARGE, "the question is larger than %u bytes",
                        WTL__CONTROL_REQUEST_MAX);
    }
    size_t size = wtl_written(&writer);
    bytes[0] = (uint8_t)(size >> 24);
    bytes[1] = (uint8_t)(size >> 16);
    bytes[2] = (uint8_t)(size >> 8);
    bytes[3] = (uint8_t)size;
    return send_all(client, bytes, 4 + size);
}

static enum wtl_status receive_reply(const struct client *client, uint8_t **bytes_out,
                                     size_t *size_out)
{
    uint8_t head[4];
    enum wtl_status status = receive_all(client, head, sizeof head);
    if (status != WTL_OK) {
        return status;
    }
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (size == 0 || size > WTL__CONTROL_REPLY_MAX) {
        return wtl_fail(client->error, WTL_TOO_LARGE,
                        "the answer claims to have %zu bytes; %u are allowed", size,
                        WTL__CONTROL_REPLY_MAX);
    }
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) {
        return wtl_fail(client->error, WTL_NO_MEMORY, "no memory for an answer of %zu bytes", size);
    }
    status = receive_all(client, bytes, size);
    if (status != WTL_OK) {
        free(bytes);
        return status;
    }
    *bytes_out = bytes;
    *size_out = size;
    return WTL_OK;
}

enum wtl_status wtl__client_ask(const char *path, const struct wtl__request *request,
                                int64_t timeout_ms, uint8_t **bytes_out, size_t *size_out,
                                struct wtl_error *error)
{
    struct client client = {
        .error = error,
        .deadline_ns =
            wtl__clock_now_ns(wtl__clock_system()) + (uint64_t)timeout_ms * WTL__NS_PER_MS,
    };
    client.fd = connect_to(path);
    if (client.fd < 0) {
        int code = errno;
        struct stat found;
        bool is_other = stat(path, &found) == 0 && !S_ISSOCK(found.st_mode);
        return wtl_fail(error, status_of(code), "connecting: %s",
                        is_other ? "expected a socket, came another kind of file" : strerror(code));
    }
    enum wtl_status status = send_request(&client, request);
    if (status == WTL_OK || status == WTL_CLOSED) {
        /* a node that refuses may answer before it has read everything, and close */
        struct wtl_error first = error != NULL ? *error : (struct wtl_error){0};
        enum wtl_status received = receive_reply(&client, bytes_out, size_out);
        if (status == WTL_CLOSED && received != WTL_OK && error != NULL) {
            *error = first;
        }
        status = received;
    }
    (void)close(client.fd);
    return status;
}
