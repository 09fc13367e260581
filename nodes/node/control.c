/* control.c - the control socket. See control.h; control_answer.c is the way to and from the actor.
 */
#include "node/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "net/uv_status.h"
#include "node/control_private.h"
#include "wire/bytes.h"

#define BACKLOG 32

/* ---- connections ---------------------------------------------------------------------------- */

static void on_connection_closed(uv_handle_t *handle)
{
    struct wtl__connection *connection = handle->data;
    free(connection->out);
    free(connection);
}

static void connection_close(struct wtl__connection *connection)
{
    if (connection->is_closed) {
        return;
    }
    connection->is_closed = true;
    wtl__loop_timer_clear(connection->control->loop, &connection->deadline);
    wtl__link_remove(&connection->link);
    connection->control->connections_count--;
    uv_close((uv_handle_t *)&connection->pipe, on_connection_closed);
}

static void on_deadline(struct wtl__loop_timer *timer)
{
    struct wtl__connection *connection = WTL_CONTAINER(timer, struct wtl__connection, deadline);
    if (connection->is_asked && !connection->is_answered) {
        uint8_t bytes[128];
        struct wtl_writer reply = wtl_writer_over(bytes, sizeof bytes);
        wtl__reply_text(&reply, WTL_TIMEOUT, "this node has not answered itself in time");
        wtl__connection_reply(connection, bytes, wtl_written(&reply));
        return;
    }
    connection_close(connection);
}

struct wtl__connection *wtl__connection_find(struct wtl__control_socket *control, uint64_t id)
{
    WTL_LIST_EACH (link, &control->connections) {
        struct wtl__connection *connection = WTL_LIST_ITEM(link, struct wtl__connection, link);
        if (connection->id == id) {
            return connection;
        }
    }
    return NULL;
}

static void on_written(uv_write_t *write, int status)
{
    struct wtl__connection *connection = write->data;
    (void)status; /* whoever has asked is gone, or has it */
    connection_close(connection);
}

void wtl__connection_reply(struct wtl__connection *connection, const void *bytes, size_t size)
{
    if (connection->is_closed || connection->is_answered) {
        return;
    }
    connection->is_answered = true;
    (void)uv_read_stop((uv_stream_t *)&connection->pipe);
    connection->out = malloc(4 + size);
    if (connection->out == NULL) {
        connection_close(connection);
        return;
    }
    wtl__store_u32(connection->out, (uint32_t)size);
    memcpy(connection->out + 4, bytes, size);
    uv_buf_t buffer = uv_buf_init((char *)connection->out, (unsigned)(4 + size));
    connection->write.data = connection;
    wtl__loop_timer_set(connection->control->loop, &connection->deadline,
                        wtl__loop_now_ms(connection->control->loop) + WTL__CONTROL_ASK_MS);
    int failed =
        uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &buffer, 1, on_written);
    if (failed != 0) {
        connection_close(connection);
    }
}

void wtl__connection_refuse(struct wtl__connection *connection, enum wtl_status status,
                            const char *text)
{
    uint8_t bytes[640];
    struct wtl_writer reply = wtl_writer_over(bytes, sizeof bytes);
    wtl__reply_text(&reply, status, "%s", text);
    wtl__connection_reply(connection, bytes, wtl_written(&reply));
}

/* ---- a question ------------------------------------------------------------------------------ */

/* The question may have come: its length is checked before anything is waited for. */
static void try_question(struct wtl__connection *connection)
{
    if (connection->in_size < 4) {
        return;
    }
    uint32_t size = wtl__load_u32(connection->in);
    if (size == 0 || size > WTL__CONTROL_REQUEST_MAX) {
        wtl__connection_refuse(connection, WTL_PROTOCOL,
                               "a question has 1 to 16384 bytes; is this a wattle command?");
        return;
    }
    if (connection->in_size < 4 + size) {
        return;
    }
    if (connection->in_size > 4 + size) {
        wtl__connection_refuse(connection, WTL_PROTOCOL, "one question for each connection");
        return;
    }
    connection->is_asked = true;
    wtl__control_ask(connection, connection->in + 4, size);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct wtl__connection *connection = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)connection->in + connection->in_size,
                          (unsigned)(sizeof connection->in - connection->in_size));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct wtl__connection *connection = stream->data;
    (void)buffer;
    wtl__loop_awake(connection->control->loop);
    if (got < 0) {
        connection_close(connection); /* the asker has gone; whatever comes is for nobody */
        return;
    }
    connection->in_size += (size_t)got;
    if (got > 0 && connection->is_asked) {
        wtl__connection_refuse(connection, WTL_PROTOCOL, "one question for each connection");
    } else if (got > 0) {
        try_question(connection);
    }
}

/* Is it the node's own user, or root? */
static bool user_may(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    if (peer.uid == geteuid() || peer.uid == 0) {
        return true;
    }
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "control_refused", WTL__LOG_NUMBER("uid", peer.uid),
             WTL__LOG_SIGNED("pid", peer.pid));
    return false;
}

static void on_connect(void *context, int fd, const struct sockaddr *from)
{
    struct wtl__control_socket *control = context;
    struct wtl__connection *connection = calloc(1, sizeof *connection);
    (void)from;
    if (connection == NULL) {
        (void)close(fd);
        return;
    }
    connection->control = control;
    connection->id = ++control->next_id;
    connection->pipe.data = connection;
    connection->deadline.fire = on_deadline;
    (void)uv_pipe_init(wtl__loop_uv(control->loop), &connection->pipe, 0);
    wtl__list_push_last(&control->connections, &connection->link);
    control->connections_count++;
    if (uv_pipe_open(&connection->pipe, fd) != 0) {
        (void)close(fd);
        connection_close(connection);
        return;
    }
    wtl__loop_timer_set(control->loop, &connection->deadline,
                        wtl__loop_now_ms(control->loop) + WTL__CONTROL_ASK_MS);
    if (control->connections_count > WTL__CONTROL_CONNECTIONS_MAX) {
        wtl__connection_refuse(connection, WTL_BUSY, "too many questions at a time");
    } else if (!user_may(fd)) {
        wtl__connection_refuse(connection, WTL_DENIED,
                               "this socket answers the user who runs the node, and root");
    } else if (uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read) != 0) {
        connection_close(connection);
    }
}

/* ---- listening ------------------------------------------------------------------------------- */

/* Removes what a node that is no more has left. */
static enum wtl_status clear_path(const char *path, struct wtl_error *error)
{
    struct stat found;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (lstat(path, &found) != 0) {
        return WTL_OK;
    }
    if (!S_ISSOCK(found.st_mode)) {
        return wtl_fail(error, WTL_EXISTS,
                        "%s is there already, and no socket; give --control another path", path);
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot make a socket: %s", strerror(errno));
    }
    bool is_dead = connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    if (!is_dead) {
        return wtl_fail(error, WTL_EXISTS,
                        "a node answers at %s already; give this one another --control PATH", path);
    }
    if (unlink(path) != 0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot remove %s, which nobody listens at: %s", path,
                        strerror(errno));
    }
    return WTL_OK;
}

/* So that the error names what is not there. */
static enum wtl_status check_folder(const char *path, struct wtl_error *error)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    struct stat found;
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    (void)snprintf(folder, sizeof folder, "%.*s", size > 0 ? (int)size : 1, size > 0 ? path : ".");
    if (stat(folder, &found) != 0) {
        return wtl_fail(error, WTL_CONFIG, "cannot listen at %s: its folder %s: %s; make it first",
                        path, folder, strerror(errno));
    }
    if (!S_ISDIR(found.st_mode)) {
        return wtl_fail(error, WTL_CONFIG, "cannot listen at %s: %s is no folder", path, folder);
    }
    return WTL_OK;
}

/* A socket that is bound there, with its file; -1 with errno set. */
static int bind_at(struct wtl__control_socket *control, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int code = errno;
        (void)close(fd);
        errno = code;
        return -1;
    }
    if (fd >= 0) {
        (void)snprintf(control->path, sizeof control->path, "%s", path);
    }
    return fd;
}

/* Between bind and listen nobody can connect, so that the mode is right before anybody can. */
static int listen_on(struct wtl__control_socket *control, const char *path)
{
    int fd = bind_at(control, path);
    if (fd < 0) {
        return errno;
    }
    if (chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
        int code = errno;
        (void)close(fd);
        return code;
    }
    return wtl__acceptor_open(&control->acceptor, control->loop, fd, on_connect, control,
                              &control->no_fds);
}

static enum wtl_status listen_at(struct wtl__control_socket *control, const char *path,
                                 struct wtl_error *error)
{
    enum wtl_status status = check_folder(path, error);
    if (status == WTL_OK) {
        status = clear_path(path, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    int failed = listen_on(control, path);
    if (failed != 0) {
        return wtl_fail(error, wtl__uv_status(failed), "cannot listen at %s: %s", path,
                        wtl__uv_text(failed));
    }
    return WTL_OK;
}

static enum wtl_status create(struct wtl__control_socket *control, const char *path,
                              struct wtl_error *error)
{
    const struct wtl_identity *identity = wtl__node_identity(control->node);
    struct wtl__inspect_config config = {.source = wtl__control_source(control),
                                         .desk = wtl__node_desk(control->node),
                                         .layer = identity->layer};
    (void)snprintf(config.name, sizeof config.name, "%s", identity->name);
    control->inspect = wtl__inspect_spawn(control->runtime, &config);
    if (wtl_pid_is_none(control->inspect)) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the inspection actor");
    }
    enum wtl_status status =
        wtl__node_serve(control->node, WTL__INSPECT_TAG, wtl__inspect_hand_on, &control->inspect);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "the node answers questions already");
    }
    return listen_at(control, path, error);
}

enum wtl_status wtl__control_create(struct wtl__node *node, const char *path,
                                    struct wtl__control_socket **control_out,
                                    struct wtl_error *error)
{
    struct sockaddr_un address;
    struct wtl__control_socket *control = calloc(1, sizeof *control);
    *control_out = NULL;
    if (control == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "control socket: no memory");
    }
    if (strlen(path) >= sizeof address.sun_path) {
        free(control);
        return wtl_fail(error, WTL_CONFIG,
                        "the control socket %s has a path of more than %zu bytes; give --control "
                        "PATH",
                        path, sizeof address.sun_path - 1);
    }
    control->node = node;
    control->loop = wtl__node_loop(node);
    control->runtime = wtl__runtime_of(wtl__node_runtime(node));
    control->since_ms = wtl__loop_now_ms(control->loop);
    control->acceptor.fd = -1;
    wtl__list_init(&control->connections);
    *control_out = control; /* the caller closes and frees it, also after a failure */
    enum wtl_status status = create(control, path, error);
    return status == WTL_OK ? WTL_OK : wtl_while(error, status, "control socket");
}

static void close_all(void *argument)
{
    struct wtl__control_socket *control = argument;
    if (control->is_closed) {
        return;
    }
    control->is_closed = true;
    struct wtl__link *link = NULL;
    while ((link = wtl__list_first(&control->connections)) != NULL) {
        connection_close(WTL_LIST_ITEM(link, struct wtl__connection, link));
    }
    if (control->path[0] != '\0') {
        (void)unlink(control->path);
    }
    wtl__acceptor_close(&control->acceptor);
}

void wtl__control_close(struct wtl__control_socket *control)
{
    if (control != NULL) {
        wtl__loop_call(control->loop, close_all, control);
    }
}

void wtl__control_free(struct wtl__control_socket *control)
{
    free(control);
}
