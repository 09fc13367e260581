/* listener.c - see listener.h. */
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/uv_status.h"

static void on_accept(void *context, int fd, const struct sockaddr *from)
{
    struct wtl__listener *listener = context;
    if (wtl__admission_enter(listener->admission)) {
        listener->on_accept(listener->context, fd, from);
    } else {
        (void)close(fd);
    }
}

static enum wtl_status bind_failed(const char *address, int code, struct wtl_error *error)
{
    enum wtl_status status = wtl__uv_status(code);
    const char *advice = "";
    if (code == EADDRINUSE) {
        advice = ": another program listens there; stop it, or choose another port with "
                 "--listen HOST:PORT";
    } else if (code == EADDRNOTAVAIL) {
        advice = ": this machine has no such address; `ip address` lists those it has";
    } else if (code == EDESTADDRREQ) {
        return wtl_fail(error, WTL_CONFIG,
                        "cannot listen on %s: expected an address of this machine in digits, such "
                        "as 0.0.0.0:%u for all of them",
                        address, WTL__PORT_DEFAULT);
    } else if (code == EACCES) {
        advice = ": ports below 1024 are for root; choose another port with --listen HOST:PORT";
    }
    return wtl_fail(error, status, "cannot listen on %s: %s%s", address, strerror(code), advice);
}

/* A socket that listens there, or -1 with errno set. */
static int listen_on(const struct wtl__address *address)
{
    struct sockaddr_storage where;
    socklen_t size = 0;
    int on = 1;
    int off = 0;
    if (!wtl__address_is_numeric(address, &where, &size)) {
        errno = EDESTADDRREQ;
        return -1;
    }
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, (struct sockaddr *)&where, size) != 0 || listen(fd, WTL__LISTEN_BACKLOG) != 0) {
        int code = errno;
        (void)close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

enum wtl_status wtl__listener_open(struct wtl__listener *listener, struct wtl__loop *loop,
                                   const char *address, struct wtl__admission *admission,
                                   wtl__on_accept let_in, void *context,
                                   char bound_out[WTL__ADDRESS_TEXT], struct wtl_error *error)
{
    struct wtl__address parsed;
    *listener = (struct wtl__listener){
        .acceptor.fd = -1, .admission = admission, .on_accept = let_in, .context = context};
    enum wtl_status status = wtl__address_parse(address, true, &parsed, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "listen");
    }
    if (parsed.host[0] == '\0') {
        (void)snprintf(parsed.host, sizeof parsed.host, "::");
    } else if (strcmp(parsed.host, "localhost") == 0) {
        (void)snprintf(parsed.host, sizeof parsed.host, "127.0.0.1");
    }
    int fd = listen_on(&parsed);
    if (fd < 0 && errno == EAFNOSUPPORT && strcmp(parsed.host, "::") == 0) {
        (void)snprintf(parsed.host, sizeof parsed.host, "0.0.0.0"); /* no IPv6 on this machine */
        fd = listen_on(&parsed);
    }
    if (fd < 0) {
        return bind_failed(address, errno, error);
    }
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    (void)getsockname(fd, (struct sockaddr *)&bound, &size);
    (void)wtl__address_text((struct sockaddr *)&bound, bound_out);
    int failed = wtl__acceptor_open(&listener->acceptor, loop, fd, on_accept, listener,
                                    &admission->count.no_fds);
    return failed == 0 ? WTL_OK : bind_failed(address, failed, error);
}

void wtl__listener_close(struct wtl__listener *listener)
{
    wtl__acceptor_close(&listener->acceptor);
}
