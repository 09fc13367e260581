/* lists.c - see lists.h. */
#include "lists.h"

#include <stdlib.h>
#include <string.h>

#include "certs/key.h"

struct wtl_bundle lists_node;
struct wtl_error lists_error;

void lists_init(void)
{
    fixture_init();
    lists_node = fixture_bundle();
    lists_error = (struct wtl_error){0};
}

void lists_deinit(void)
{
    wtl_bundle_deinit(&lists_node);
    fixture_deinit();
}

struct wtl__crl_entry lists_entry(const struct wtl_identity *identity, int64_t at_s)
{
    struct wtl__crl_entry entry = {.at_s = at_s};
    wtl__crl_serial((struct wtl__der_view){identity->serial, identity->serial_size}, entry.serial);
    return entry;
}

struct wtl_der lists_sign(const struct wtl__authority *signer, uint64_t number,
                          const struct wtl__crl_entry *entries, size_t count)
{
    struct wtl__crl_spec spec = {.number = number,
                                 .this_update_s = NOW_S,
                                 .next_update_s = NOW_S + 30 * DAY_S,
                                 .entries = entries,
                                 .count = count};
    struct wtl_der der;
    cr_assert_eq(wtl__authority_sign_list(signer, &spec, &der, &lists_error), WTL_OK, "%s",
                 lists_error.text);
    return der;
}

struct lists_file lists_open(void)
{
    struct lists_file file = {
        .text = {.bytes = malloc(WTL_REVOKED_FILE_MAX + 1), .capacity = WTL_REVOKED_FILE_MAX + 1}};
    cr_assert_not_null(file.text.bytes);
    return file;
}

void lists_parse(struct lists_file *file)
{
    cr_assert_not(file->text.overflow);
    lists_error = (struct wtl_error){0};
    file->status = wtl_revoked_parse(file->text.bytes, file->text.size, "list", &lists_node,
                                     &file->revoked, &lists_error);
    cr_assert_eq(file->status == WTL_OK, file->revoked != NULL);
    cr_assert_eq(file->status == WTL_OK, lists_error.text[0] == '\0');
}

void lists_close(struct lists_file *file)
{
    wtl_revoked_destroy(file->revoked);
    free(file->text.bytes);
}

struct lists_file lists_file_of(struct wtl_der list)
{
    struct lists_file file = lists_open();
    wtl__pem_put(&file.text, WTL__PEM_CRL, &list);
    wtl__der_free(&list);
    lists_parse(&file);
    return file;
}

struct lists_file lists_signed(uint64_t number, const struct wtl__crl_entry *entries, size_t count)
{
    struct lists_file file = lists_file_of(lists_sign(&fixture.issuing, number, entries, count));
    cr_assert_eq(file.status, WTL_OK, "%s", lists_error.text);
    return file;
}

void lists_expect_refused(struct lists_file *file, const char *text)
{
    cr_expect_eq(file->status, WTL_IDENTITY, "%s", lists_error.text);
    cr_expect_not_null(strstr(lists_error.text, text), "\"%s\" is not in: %s", text,
                       lists_error.text);
    lists_close(file);
}
