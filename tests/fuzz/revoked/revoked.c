/*
 * revoked.c - fuzz target: files of revocation lists, lists, and lines of a CA's log.
 *
 * The first byte of an input says what the rest is. A CA is made when the program starts, and
 * inputs are put behind a good head and signed by it: what only ever fails at the signature is
 * never asked the interesting questions. Its keys are random, so an input that fails should be
 * replayed a few times.
 *
 *   t  a file                     c  a list in DER                i  a line of issued.log
 *   b  what is signed, whole      e  what follows the times in it: entries and extensions; twenty
 *                                    letters k in it stand for the key identifier of the CA
 *   p  changes to a good file     d  changes to a good list       (3 bytes each: where, where, xor)
 */
#include <stdlib.h>
#include <string.h>

#include "../change.h"
#include "base/attr.h"
#include "certs/authority.h"
#include "certs/issued.h"
#include "certs/key.h"
#include "certs/pem.h"
#include "certs/revoked.h"
#include "certs/x509.h"

#define NOW_S   INT64_C(1768478400)
#define DAY_S   INT64_C(86400)
#define TBS_MAX 8192u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* They live as long as the program. */
static struct wtl__authority root;
static struct wtl__authority issuing;
static struct wtl_bundle good; /* of a node that is on the list */
static struct wtl_der good_list;
static struct wtl_der good_text;

static struct wtl_der text_of(const struct wtl_der *list)
{
    struct wtl__text text = {.capacity = WTL_REVOKED_FILE_MAX};
    text.bytes = malloc(text.capacity);
    WTL_ASSERT(text.bytes != NULL);
    wtl__pem_put(&text, WTL__PEM_CERT, &issuing.cert);
    wtl__pem_put(&text, WTL__PEM_CRL, list);
    WTL_ASSERT(!text.overflow);
    return (struct wtl_der){.bytes = (uint8_t *)text.bytes, .size = text.size};
}

static void make_good(void)
{
    struct wtl_id_request request = {.name = "sensor-1", .layer = WTL_LAYER_DEVICE};
    struct wtl__crl_entry entry = {.at_s = NOW_S};
    struct wtl__crl_spec spec = {.number = 7,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + DAY_S,
                                 .entries = &entry,
                                 .count = 1};
    bool clamped;
    WTL_ASSERT(wtl__authority_make_root("climate", NOW_S, &root, NULL) == WTL_OK);
    WTL_ASSERT(wtl__authority_make_issuing(&root, NOW_S, &issuing, NULL) == WTL_OK);
    WTL_ASSERT(wtl__authority_issue(&root, &issuing, &request, NOW_S, &good, &clamped, NULL) ==
               WTL_OK);
    wtl__crl_serial((struct wtl__der_view){good.identity.serial, good.identity.serial_size},
                    entry.serial);
    WTL_ASSERT(wtl__authority_sign_list(&issuing, &spec, &good_list, NULL) == WTL_OK);
    good_text = text_of(&good_list);
}

/* A refusal says why and leaves nothing; what is accepted answers, and follows itself. */
static bool check_text(const uint8_t *text, size_t size)
{
    struct wtl_revoked *revoked;
    struct wtl_error error = {0};
    const char *word = NULL;
    enum wtl_status status =
        wtl_revoked_parse((const char *)text, size, "input", &good, &revoked, &error);
    if (status != WTL_OK) {
        WTL_ASSERT(revoked == NULL && error.status == status && error.text[0] != '\0');
        return false;
    }
    struct wtl_revoked_summary sum = wtl_revoked_sum(revoked);
    WTL_ASSERT(sum.lists >= 1 && sum.lists <= WTL_REVOKED_LISTS_MAX);
    WTL_ASSERT(sum.this_update_s < sum.next_update_s);
    WTL_ASSERT(wtl_revoked_follows(revoked, revoked, NOW_S, &error) == WTL_OK);
    status = wtl_revoked_admit(revoked, &good.identity, NOW_S, &word, &error);
    WTL_ASSERT((status == WTL_OK) == (word == NULL));
    wtl_revoked_destroy(revoked);
    return true;
}

static bool check_list(const uint8_t *der, size_t size)
{
    struct wtl__crl crl;
    struct wtl__crl_entry entry;
    struct wtl_error error = {0};
    size_t count = 0;
    if (wtl__crl_read((struct wtl__der_view){der, size}, &crl, &error) != WTL_OK) {
        WTL_ASSERT(error.status == WTL_IDENTITY && error.text[0] != '\0');
        return false;
    }
    while (wtl__crl_next(&crl.entries, &entry)) {
        count++;
    }
    WTL_ASSERT(count == crl.count && crl.entries.size == 0 && count <= WTL__CRL_ENTRIES_MAX);
    return true;
}

/* Signs what the input says, behind a good head or without one. What the reader accepts of it is a
 * good list, because the signature is. */
static void check_signed(bool with_head, const uint8_t *data, size_t size)
{
    static uint8_t buffer[TBS_MAX];
    struct wtl__der_out out = {.bytes = buffer, .capacity = TBS_MAX - WTL__P256_SIGN_ROOM};
    struct wtl__cert ca;
    const uint8_t *scalar;
    uint8_t point[WTL__P256_POINT];
    size_t whole = 0;
    WTL_ASSERT(wtl__cert_read(wtl__der_view_of(&issuing.cert), &ca, NULL) == WTL_OK);
    WTL_ASSERT(wtl__key_open(&issuing.key, &scalar, point, NULL) == WTL_OK);
    size_t mark = wtl__der_open(&out, WTL__DER_SEQUENCE);
    if (with_head) {
        wtl__der_put_small(&out, 1);
        wtl__x509_put_algorithm(&out);
        wtl__der_put_raw(&out, ca.subject.bytes, ca.subject.size);
        wtl__der_put_time(&out, NOW_S);
        wtl__der_put_time(&out, NOW_S + DAY_S);
    }
    wtl__der_put_raw(&out, data, size);
    uint8_t *id = memmem(buffer, out.size, "kkkkkkkkkkkkkkkkkkkk", WTL__KEY_ID);
    if (id != NULL) {
        memcpy(id, ca.subject_key_id.bytes, WTL__KEY_ID);
    }
    wtl__der_close(&out, mark);
    if (out.overflow ||
        wtl__p256_sign_tbs(scalar, buffer, out.size, sizeof buffer, &whole) != WTL_OK) {
        return;
    }
    struct wtl_der list = {.bytes = buffer, .size = whole};
    struct wtl_der text = text_of(&list);
    bool accepted = check_text(text.bytes, text.size);
    WTL_ASSERT(check_list(list.bytes, list.size) || !accepted);
    free(text.bytes);
}

static void check_changed(bool is_text, const uint8_t *data, size_t size)
{
    const struct wtl_der *source = is_text ? &good_text : &good_list;
    struct wtl_der copy = {.bytes = malloc(source->size), .size = source->size};
    WTL_ASSERT(copy.bytes != NULL);
    bool changed = fuzz_change(copy.bytes, source->bytes, source->size, data, size);
    if (is_text) {
        (void)check_text(copy.bytes, copy.size);
    } else {
        struct wtl_der text = text_of(&copy);
        (void)check_list(copy.bytes, copy.size);
        WTL_ASSERT(check_text(text.bytes, text.size) == !changed);
        free(text.bytes);
    }
    free(copy.bytes);
}

static void check_line(const uint8_t *data, size_t size)
{
    struct wtl__issued issued;
    char *line = malloc(size + 1);
    WTL_ASSERT(line != NULL);
    memcpy(line, data, size);
    line[size] = '\0';
    WTL_ASSERT(!wtl__issued_read(line, &issued) ||
               wtl_name_is_valid(issued.name, strlen(issued.name)));
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good_text.bytes == NULL) {
        make_good();
    }
    if (size == 0) {
        return 0;
    }
    char part = (char)data[0];
    data++;
    size--;
    switch (part) {
    case 'c':
        (void)check_list(data, size);
        break;
    case 'i':
        check_line(data, size);
        break;
    case 'b':
    case 'e':
        check_signed(part == 'e', data, size);
        break;
    case 'p':
    case 'd':
        check_changed(part == 'p', data, size);
        break;
    default:
        (void)check_text(data, size);
        break;
    }
    return 0;
}
