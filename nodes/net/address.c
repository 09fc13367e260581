/* address.c - see address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static enum wtl_status malformed(const char *text, struct wtl_error *error)
{
    return wtl_fail(error, WTL_CONFIG,
                    "expected an address like 10.0.0.7:%u, edge-1.example:%u or [::1]:%u, got "
                    "\"%.80s\"",
                    WTL__PORT_DEFAULT, WTL__PORT_DEFAULT, WTL__PORT_DEFAULT, text);
}

/* Splits off the host; what is left begins with ':' or is empty. NULL: malformed. */
static const char *take_host(const char *text, struct wtl__address *address)
{
    const char *begin = text;
    const char *end;
    const char *rest;
    if (*text == '[') {
        begin = text + 1;
        end = strchr(begin, ']');
        rest = end != NULL ? end + 1 : NULL;
    } else {
        end = strrchr(text, ':');
        end = end != NULL ? end : text + strlen(text);
        rest = end;
        if (memchr(text, ':', (size_t)(end - text)) != NULL) {
            return NULL; /* an IPv6 address needs its brackets */
        }
    }
    if (end == NULL || (size_t)(end - begin) >= sizeof address->host) {
        return NULL;
    }
    for (const char *c = begin; c < end; c++) {
        if (!isalnum((unsigned char)*c) && strchr(".-_:%", *c) == NULL) {
            return NULL;
        }
    }
    memcpy(address->host, begin, (size_t)(end - begin));
    address->host[end - begin] = '\0';
    return rest;
}

enum wtl_status wtl__address_parse(const char *text, bool for_listening,
                                   struct wtl__address *address_out, struct wtl_error *error)
{
    *address_out = (struct wtl__address){.port = WTL__PORT_DEFAULT};
    if (*text == '\0') {
        return malformed(text, error);
    }
    const char *rest = take_host(text, address_out);
    if (rest == NULL || (address_out->host[0] == '\0' && !for_listening)) {
        return malformed(text, error);
    }
    if (*rest == '\0') {
        return WTL_OK;
    }
    char *end = NULL;
    unsigned long port =
        *rest == ':' && isdigit((unsigned char)rest[1]) ? strtoul(rest + 1, &end, 10) : 65536;
    if (end == NULL || *end != '\0' || port > 65535 || (port == 0 && !for_listening)) {
        return malformed(text, error);
    }
    address_out->port = (uint16_t)port;
    return WTL_OK;
}

bool wtl__address_is_numeric(const struct wtl__address *address,
                             struct sockaddr_storage *socket_address_out, socklen_t *size_out)
{
    memset(socket_address_out, 0, sizeof *socket_address_out);
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)socket_address_out;
    if (inet_pton(AF_INET, address->host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(address->port);
        *size_out = sizeof *four;
        return true;
    }
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)socket_address_out;
    if (inet_pton(AF_INET6, address->host, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(address->port);
        *size_out = sizeof *six;
        return true;
    }
    return false;
}

char *wtl__address_text(const struct sockaddr *socket_address, char text_out[WTL__ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN];
    text_out[0] = '\0';
    if (socket_address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, socket_address, sizeof four);
        (void)inet_ntop(AF_INET, &four.sin_addr, host, sizeof host);
        (void)snprintf(text_out, WTL__ADDRESS_TEXT, "%s:%u", host, ntohs(four.sin_port));
    } else if (socket_address->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, socket_address, sizeof six);
        (void)inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof host);
        (void)snprintf(text_out, WTL__ADDRESS_TEXT, "[%s]:%u", host, ntohs(six.sin6_port));
    }
    return text_out;
}
