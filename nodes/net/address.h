/*
 * address.h - "host:port" as text: 10.0.0.7:4600, edge-1.example:4600, [::1]:4600.
 *
 * Thread: any. Owns: plain values.
 */
#ifndef WTL_NET_ADDRESS_H
#define WTL_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <wattle/types.h>

/* Where nodes listen unless told otherwise. */
#define WTL__PORT_DEFAULT 4600u

/* An address as text, with its end: what fits a roster entry. */
#define WTL__ADDRESS_TEXT (WTL_NAME_MAX + 1)

struct wtl__address {
    char host[WTL__ADDRESS_TEXT]; /* without brackets; empty: any address of this machine */
    uint16_t port;
};

/* Reads host:port; without a port it is WTL__PORT_DEFAULT. `for_listening` allows ":4600" and port
 * 0 (any free one). Fails: WTL_CONFIG, saying what was expected and what came. */
enum wtl_status wtl__address_parse(const char *text, bool for_listening,
                                   struct wtl__address *address_out,
                                   struct wtl_error *error) WTL_MUST_USE;

/* The socket address, when the host is a number: no name is looked up. False: it is a name. */
bool wtl__address_is_numeric(const struct wtl__address *address,
                             struct sockaddr_storage *socket_address_out, socklen_t *size_out);

/* "host:port" of a socket address. Returns `text_out`; "" for what is no internet address. */
char *wtl__address_text(const struct sockaddr *socket_address, char text_out[WTL__ADDRESS_TEXT]);

#endif
