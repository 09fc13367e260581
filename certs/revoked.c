/*
 * revoked.c - what revocation lists say; revoked_read.c makes them from a file. See revoked.h.
 *
 * Thread: any; nothing changes after it was made. Owns: see revoked.h.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/civil.h"
#include "certs/revoked_private.h"

void wtl_revoked_destroy(struct wtl_revoked *revoked)
{
    if (revoked == NULL) {
        return;
    }
    for (unsigned i = 0; i < revoked->count; i++) {
        free(revoked->lists[i].entries);
    }
    free(revoked);
}

const struct wtl__list_of_ca *wtl__revoked_find(const struct wtl_revoked *revoked,
                                                const uint8_t issuer[WTL__NAME_HASH])
{
    for (unsigned i = 0; i < revoked->count; i++) {
        if (memcmp(revoked->lists[i].issuer, issuer, WTL__NAME_HASH) == 0) {
            return &revoked->lists[i];
        }
    }
    return NULL;
}

/* ---- who is on them ------------------------------------------------------------------------- */

int wtl__revoked_compare(const void *a, const void *b)
{
    const struct wtl__crl_entry *first = a;
    const struct wtl__crl_entry *second = b;
    return memcmp(first->serial, second->serial, WTL__SERIAL_MAX);
}

struct finding {
    const struct wtl__list_of_ca *list;  /* of the certificate's CA; NULL: there is none */
    const struct wtl__crl_entry *entry;  /* NULL: not revoked */
    const struct wtl__list_of_ca *first; /* of those that were asked, the one that ends first */
    bool is_ca;                          /* the entry is that of a CA above it */
};

/* Asks the list of its CA about a certificate, and then the list of that CA's CA about the CA,
 * where there is one: nobody is better than those who vouch for him. */
static struct finding find(const struct wtl_revoked *revoked, const struct wtl_identity *identity)
{
    const struct wtl__list_of_ca *list = wtl__revoked_find(revoked, identity->issuer);
    struct finding finding = {.list = list};
    struct wtl__crl_entry key = {0};
    wtl__crl_serial((struct wtl__der_view){identity->serial, identity->serial_size}, key.serial);
    for (unsigned i = 0; list != NULL && i < revoked->count; i++) {
        if (finding.first == NULL || list->next_update_s < finding.first->next_update_s) {
            finding.first = list;
        }
        if (list->count != 0) { /* bsearch wants an array even to find nothing in */
            finding.entry =
                bsearch(&key, list->entries, list->count, sizeof key, wtl__revoked_compare);
        }
        if (finding.entry != NULL) {
            finding.is_ca = i > 0;
            break;
        }
        memcpy(key.serial, list->ca_serial, sizeof key.serial);
        list = wtl__revoked_find(revoked, list->ca_issuer);
    }
    return finding;
}

static enum wtl_status judge(const struct finding *finding, const struct wtl_identity *identity,
                             const char **word_out, struct wtl_error *error)
{
    char day[WTL__CIVIL_TEXT];
    char serial[2 * WTL__SERIAL_MAX + 1];
    if (finding->list == NULL) {
        *word_out = "crl_missing";
        return wtl_fail(error, WTL_IDENTITY,
                        "there is no revocation list of the CA that issued the certificate of %s",
                        identity->name);
    }
    if (finding->entry == NULL) {
        return WTL_OK;
    }
    *word_out = "revoked";
    if (finding->is_ca) {
        return wtl_fail(error, WTL_IDENTITY, "a CA above the certificate of %s was revoked on %s",
                        identity->name, wtl__civil_text(finding->entry->at_s, day));
    }
    return wtl_fail(error, WTL_IDENTITY, "the certificate of %s was revoked on %s (serial %s)",
                    identity->name, wtl__civil_text(finding->entry->at_s, day),
                    sodium_bin2hex(serial, sizeof serial, identity->serial, identity->serial_size));
}

enum wtl_status wtl_revoked_check(const struct wtl_revoked *revoked,
                                  const struct wtl_identity *identity, const char **word_out,
                                  struct wtl_error *error)
{
    struct finding finding = find(revoked, identity);
    return judge(&finding, identity, word_out, error);
}

enum wtl_status wtl_revoked_admit(const struct wtl_revoked *revoked,
                                  const struct wtl_identity *identity, int64_t now_s,
                                  const char **word_out, struct wtl_error *error)
{
    struct finding finding = find(revoked, identity);
    char until[WTL__CIVIL_TEXT];
    enum wtl_status status = judge(&finding, identity, word_out, error);
    if (status != WTL_OK || now_s <= finding.first->next_update_s) {
        return status;
    }
    *word_out = "crl_stale";
    return wtl_fail(error, WTL_IDENTITY,
                    "this node's revocation list (number %llu) was valid until %s, and nobody is "
                    "let in until there is a newer one",
                    (unsigned long long)finding.first->number,
                    wtl__civil_text(finding.first->next_update_s, until));
}

/* ---- which are newer ------------------------------------------------------------------------ */

static enum wtl_status check_follower(const struct wtl__list_of_ca *list,
                                      const struct wtl__list_of_ca *older, int64_t now_s,
                                      struct wtl_error *error)
{
    unsigned long long have = older->number;
    if (list == NULL) {
        return older->ca_not_after_s < now_s
                   ? WTL_OK
                   : wtl_fail(error, WTL_IDENTITY,
                              "expected a list of \"%s\" again, number %llu or higher, came none",
                              older->name, have);
    }
    unsigned long long came = list->number;
    if (came < have) {
        return wtl_fail(error, WTL_IDENTITY,
                        "expected list number %llu of \"%s\" or a higher one, came number %llu, "
                        "which is older",
                        have, older->name, came);
    }
    if (came == have && memcmp(list->digest, older->digest, sizeof list->digest) != 0) {
        return wtl_fail(error, WTL_IDENTITY,
                        "expected list number %llu of \"%s\" as it was, or a higher number, came "
                        "another list of that number",
                        have, older->name);
    }
    return WTL_OK;
}

enum wtl_status wtl_revoked_follows(const struct wtl_revoked *revoked,
                                    const struct wtl_revoked *older, int64_t now_s,
                                    struct wtl_error *error)
{
    for (unsigned i = 0; i < older->count; i++) {
        const struct wtl__list_of_ca *list = wtl__revoked_find(revoked, older->lists[i].issuer);
        enum wtl_status status = check_follower(list, &older->lists[i], now_s, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    return WTL_OK;
}

/* ---- what they are -------------------------------------------------------------------------- */

struct wtl_revoked_summary wtl_revoked_sum(const struct wtl_revoked *revoked)
{
    struct wtl_revoked_summary summary = {.lists = revoked->count};
    for (unsigned i = 0; i < revoked->count; i++) {
        const struct wtl__list_of_ca *list = &revoked->lists[i];
        summary.certificates += list->count;
        if (i == 0 || list->next_update_s < summary.next_update_s) {
            summary.number = list->number;
            summary.this_update_s = list->this_update_s;
            summary.next_update_s = list->next_update_s;
        }
    }
    return summary;
}

bool wtl__revoked_list(const struct wtl_revoked *revoked, unsigned index,
                       struct wtl__revoked_list *list_out)
{
    if (index >= revoked->count) {
        return false;
    }
    const struct wtl__list_of_ca *list = &revoked->lists[index];
    *list_out = (struct wtl__revoked_list){.number = list->number,
                                           .this_update_s = list->this_update_s,
                                           .next_update_s = list->next_update_s,
                                           .entries = list->entries,
                                           .count = list->count};
    return true;
}
