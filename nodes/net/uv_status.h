/*
 * uv_status.h - what libuv and the system report, as statuses of wattle: the one place that maps
 * them.
 *
 * Thread: any. Owns: static strings.
 */
#ifndef WTL_NET_UV_STATUS_H
#define WTL_NET_UV_STATUS_H

#include <wattle/status.h>

/* The status of a libuv code, which is a negative errno, or of an errno itself. 0 is WTL_OK. */
enum wtl_status wtl__uv_status(int code);

/* What it means, for people; "" for 0. */
const char *wtl__uv_text(int code);

#endif
