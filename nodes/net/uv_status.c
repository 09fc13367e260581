/* uv_status.c - see uv_status.h. */
#include "net/uv_status.h"

#include <errno.h>
#include <uv.h>

enum wtl_status wtl__uv_status(int code)
{
    switch (code > 0 ? -code : code) {
    case 0:
        return WTL_OK;
    case UV_EOF:
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_EPIPE:
    case UV_ESHUTDOWN:
        return WTL_CLOSED;
    case UV_ETIMEDOUT:
    case UV_EAI_AGAIN:
        return WTL_TIMEOUT;
    case UV_ECONNREFUSED:
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_ENETDOWN:
    case UV_EHOSTDOWN:
        return WTL_NO_CONNECTION;
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_FAIL:
    case UV_ENOENT:
        return WTL_NOT_FOUND;
    case UV_EADDRINUSE:
        return WTL_EXISTS;
    case UV_EADDRNOTAVAIL:
    case UV_EINVAL:
        return WTL_INVALID;
    case UV_EACCES:
    case UV_EPERM:
        return WTL_DENIED;
    case UV_ENOMEM:
    case UV_ENOBUFS:
    case UV_EAI_MEMORY:
        return WTL_NO_MEMORY;
    case UV_EMFILE:
    case UV_ENFILE:
        return WTL_FULL;
    case UV_ECANCELED:
    case UV_EAI_CANCELED:
        return WTL_SHUTDOWN;
    default:
        return WTL_SYSTEM;
    }
}

const char *wtl__uv_text(int code)
{
    return code == 0 ? "" : uv_strerror(code > 0 ? -code : code);
}
