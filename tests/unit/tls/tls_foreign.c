/*
 * tls_foreign.c - see tls_foreign.h.
 */
#include "tls_foreign.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/ssl.h>

#include "certs/key.h"

#define QUEUE_MAX 65536

struct queue {
    uint8_t bytes[QUEUE_MAX];
    size_t size;
};

struct foreign {
    WOLFSSL_CTX *context;
    WOLFSSL *ssl;
    struct queue in;
    struct queue out;
};

static int receive(WOLFSSL *ssl, char *bytes, int capacity, void *user)
{
    (void)ssl;
    struct queue *in = &((struct foreign *)user)->in;
    size_t size = in->size < (size_t)capacity ? in->size : (size_t)capacity;
    if (size == 0) {
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    memcpy(bytes, in->bytes, size);
    memmove(in->bytes, in->bytes + size, in->size - size);
    in->size -= size;
    return (int)size;
}

static int send_out(WOLFSSL *ssl, char *bytes, int size, void *user)
{
    (void)ssl;
    struct queue *out = &((struct foreign *)user)->out;
    cr_assert_leq(out->size + (size_t)size, sizeof out->bytes);
    memcpy(out->bytes + out->size, bytes, (size_t)size);
    out->size += (size_t)size;
    return size;
}

static void load_identity(WOLFSSL_CTX *context, const struct wtl_der *key,
                          const struct wtl_der *const *chain)
{
    uint8_t *bytes = malloc(QUEUE_MAX);
    size_t size = 0;
    for (; *chain != NULL; chain++) {
        cr_assert_leq(size + (*chain)->size, QUEUE_MAX);
        memcpy(bytes + size, (*chain)->bytes, (*chain)->size);
        size += (*chain)->size;
    }
    cr_assert_eq(wolfSSL_CTX_use_certificate_chain_buffer_format(context, bytes, (long)size,
                                                                 WOLFSSL_FILETYPE_ASN1),
                 WOLFSSL_SUCCESS);
    cr_assert_eq(wolfSSL_CTX_use_PrivateKey_buffer(context, key->bytes, (long)key->size,
                                                   WOLFSSL_FILETYPE_ASN1),
                 WOLFSSL_SUCCESS);
    free(bytes);
}

struct foreign *foreign_dial(const struct wtl_der *key, const struct wtl_der *const *chain)
{
    struct foreign *foreign = calloc(1, sizeof *foreign);
    foreign->context = wolfSSL_CTX_new(wolfTLSv1_3_client_method());
    cr_assert_not_null(foreign->context);
    wolfSSL_CTX_set_verify(foreign->context, WOLFSSL_VERIFY_NONE, NULL);
    wolfSSL_CTX_SetIORecv(foreign->context, receive);
    wolfSSL_CTX_SetIOSend(foreign->context, send_out);
    if (key != NULL) {
        load_identity(foreign->context, key, chain);
    }
    foreign->ssl = wolfSSL_new(foreign->context);
    cr_assert_not_null(foreign->ssl);
    wolfSSL_SetIOReadCtx(foreign->ssl, foreign);
    wolfSSL_SetIOWriteCtx(foreign->ssl, foreign);
    return foreign;
}

void foreign_free(struct foreign *foreign)
{
    wolfSSL_free(foreign->ssl);
    wolfSSL_CTX_free(foreign->context);
    free(foreign);
}

static enum wtl_status feed(struct foreign *foreign, struct wtl_tls *tls)
{
    enum wtl_status status = wtl_tls_feed(tls, foreign->out.bytes, foreign->out.size);
    foreign->out.size = 0;
    return status == WTL_OK ? kit_step(tls) : status;
}

bool foreign_shake(struct foreign *foreign, struct wtl_tls *tls)
{
    bool done = false;
    for (int round = 0; round < 8; round++) {
        const uint8_t *output;
        done = wolfSSL_connect(foreign->ssl) == WOLFSSL_SUCCESS;
        (void)feed(foreign, tls);
        size_t size = wtl_tls_output(tls, &output);
        cr_assert_leq(foreign->in.size + size, sizeof foreign->in.bytes);
        if (size > 0) {
            memcpy(foreign->in.bytes + foreign->in.size, output, size);
        }
        foreign->in.size += size;
        wtl_tls_output_taken(tls, size);
    }
    return done;
}

enum wtl_status foreign_update_keys(struct foreign *foreign, struct wtl_tls *tls, unsigned count)
{
    enum wtl_status status = WTL_OK;
    uint8_t byte[1];
    size_t got;
    for (unsigned i = 0; i < count; i++) {
        (void)wolfSSL_update_keys(foreign->ssl);
        status = wtl_tls_feed(tls, foreign->out.bytes, foreign->out.size);
        foreign->out.size = 0;
        if (status == WTL_OK) {
            status = wtl_tls_read(tls, byte, 1, &got);
        }
        if (status != WTL_LATER) {
            break;
        }
        /* this side forgets that it waits for the answer, as a hostile one would */
        foreign->in.size = 0;
    }
    return status;
}

static void read_file(const char *folder, const char *name, struct wtl_der *out)
{
    char path[300];
    uint8_t bytes[100 * 1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s was not made", name);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    cr_assert_eq(wtl__der_copy(bytes, size, out), WTL_OK);
}

void foreign_openssl(const char *script, const char *const *names, size_t count,
                     struct wtl_der *files_out)
{
    char folder[] = "/tmp/wtl-tls-XXXXXX";
    char command[4096];
    cr_assert_not_null(mkdtemp(folder));
    int size =
        snprintf(command, sizeof command, "cd %s && exec 2>log && set -e\n%s", folder, script);
    cr_assert_lt(size, (int)sizeof command);
    if (system(command) != 0) {
        (void)snprintf(command, sizeof command, "cat %s/log >&2", folder);
        (void)!system(command);
        cr_assert(false, "the openssl command failed");
    }
    for (size_t i = 0; i < count; i++) {
        read_file(folder, names[i], &files_out[i]);
    }
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    (void)!system(command);
}
