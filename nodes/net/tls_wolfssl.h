/*
 * tls_wolfssl.h - the headers of wolfSSL, with the settings that the library was built with.
 *
 * The settings come first and from one place, because sizes of structures depend on them: those of
 * our own build from user_settings.h, those of a packaged library from its options.h. Included by
 * tls_*.c only.
 */
#ifndef WTL_NET_TLS_WOLFSSL_H
#define WTL_NET_TLS_WOLFSSL_H

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#endif
