/* revoke.c - `wattle ca revoke` and `wattle ca revoked`. Thread: one. */
#include <inttypes.h>
#include <string.h>

#include "certs/ca.h"
#include "certs/civil.h"
#include "cli/command.h"

#define DAY_S INT64_C(86400)

/* Is there a CA at all? Tells that apart from a certificate that there is none of. */
static enum wtl__end check_ca(const struct wtl__cli *cli, const char *folder)
{
    struct wtl_error error = {0};
    struct wtl_ca_info info;
    if (wtl_ca_inspect(folder, &info, &error) == WTL_OK) {
        return WTL__END_OK;
    }
    enum wtl__end end = wtl__fail(
        &cli->report, error.status == WTL_NOT_FOUND ? WTL__FAILURE_NO_CA : WTL__FAILURE_IDENTITY,
        folder, "%s", error.text);
    if (error.status == WTL_NOT_FOUND) {
        wtl__fail_line(&cli->report, "help", "wattle ca init DIR --mesh NAME");
    }
    return end;
}

static enum wtl__end fail(const struct wtl__cli *cli, const char *folder,
                          const struct wtl_error *error)
{
    enum wtl__failure failure = error->status == WTL_NOT_FOUND || error->status == WTL_IDENTITY ||
                                        error->status == WTL_CONFIG
                                    ? WTL__FAILURE_NOT_ISSUED
                                    : wtl__failure_of(error->status);
    enum wtl__end end = wtl__fail(&cli->report, failure, folder, "%s", error->text);
    wtl__fail_line(&cli->report, "help", "wattle explain E%04u", (unsigned)failure);
    return end;
}

/* "valid until 2026-12-20 (30d)" */
static void print_until(const struct wtl__cli *cli, const struct wtl_ca_revoked *list)
{
    char until[WTL__CIVIL_TEXT];
    int64_t left_s = list->next_update_s - cli->now_s;
    (void)wtl__civil_day_text(list->next_update_s, until);
    if (left_s < 0) {
        (void)fprintf(cli->out, "ended %s: nodes let nobody in with it", until);
    } else {
        (void)fprintf(cli->out, "valid until %s (%" PRId64 "d)", until, left_s / DAY_S);
    }
}

static void print_new(const struct wtl__cli *cli, const struct wtl_ca_revoked *list)
{
    char end[WTL__CIVIL_TEXT];
    for (size_t i = 0; i < list->count; i++) {
        const struct wtl_ca_revoked_row *row = &list->rows[i];
        if (row->is_new) {
            (void)fprintf(cli->out, "revoked %s, serial %s, which would have expired %s\n",
                          row->name[0] != '\0' ? row->name : "a certificate", row->serial,
                          wtl__civil_day_text(row->expires_s, end));
        }
    }
}

enum wtl__end wtl__run_ca_revoke(struct wtl__cli *cli)
{
    const char *folder = wtl__value(cli, "ca");
    const char *what = cli->operands_count > 0 ? cli->operands[0] : NULL;
    struct wtl_ca_revoked list;
    struct wtl_error error = {0};
    unsigned days;
    if (!wtl__value_days(cli, "days", WTL_CA_LIST_DAYS_MAX, &days)) {
        return WTL__END_USAGE;
    }
    enum wtl__end end = check_ca(cli, folder);
    if (end != WTL__END_OK) {
        return end;
    }
    if (wtl_ca_revoke(folder, what, days, cli->now_s, &list, &error) != WTL_OK) {
        return fail(cli, folder, &error);
    }
    if (!wtl__is_given(cli, "quiet")) {
        print_new(cli, &list);
        if (what != NULL && list.new_count == 0) {
            (void)fprintf(cli->out, "%s was revoked already\n", what);
        }
        (void)fprintf(cli->out, "list %" PRIu64 " of mesh %s: %zu revoked, ", list.number,
                      list.mesh, list.count);
        print_until(cli, &list);
        (void)fprintf(cli->out,
                      "\nwrote %s: copy it to every node that was started with "
                      "--revoked, over that file\n",
                      list.path);
    }
    wtl_ca_revoked_deinit(&list);
    return WTL__END_OK;
}

static void print_table(const struct wtl__cli *cli, const struct wtl_ca_revoked *list)
{
    char day[WTL__CIVIL_TEXT];
    char at[WTL__CIVIL_TEXT];
    int width = (int)strlen("NODE");
    if (list->number == 0) {
        (void)fprintf(cli->out, "mesh %s has no revocation list yet\n", list->mesh);
        return;
    }
    (void)fprintf(cli->out, "list %" PRIu64 " of mesh %s: %zu revoked, signed %s, ", list->number,
                  list->mesh, list->count, wtl__civil_day_text(list->this_update_s, day));
    print_until(cli, list);
    (void)fputc('\n', cli->out);
    for (size_t i = 0; i < list->count; i++) {
        int size = (int)strlen(list->rows[i].name);
        width = size > width ? size : width;
    }
    if (list->count > 0) {
        (void)fprintf(cli->out, "%-*s  %-20s  %-10s  %s\n", width, "NODE", "REVOKED", "EXPIRES",
                      "SERIAL");
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct wtl_ca_revoked_row *row = &list->rows[i];
        (void)fprintf(cli->out, "%-*s  %-20s  %-10s  %s\n", width,
                      row->name[0] != '\0' ? row->name : "-", wtl__civil_text(row->at_s, at),
                      row->expires_s != 0 ? wtl__civil_day_text(row->expires_s, day) : "-",
                      row->serial);
    }
}

/* Names and serial numbers hold nothing that JSON escapes, and the mesh's name neither. */
static void print_json(const struct wtl__cli *cli, const struct wtl_ca_revoked *list)
{
    char time[WTL__CIVIL_TEXT];
    (void)fprintf(cli->out, "{\"mesh\":\"%s\",\"number\":%" PRIu64, list->mesh, list->number);
    if (list->number != 0) {
        (void)fprintf(cli->out, ",\"signed\":\"%s\"", wtl__civil_text(list->this_update_s, time));
        (void)fprintf(cli->out, ",\"until\":\"%s\"", wtl__civil_text(list->next_update_s, time));
    }
    (void)fputs(",\"revoked\":[", cli->out);
    for (size_t i = 0; i < list->count; i++) {
        const struct wtl_ca_revoked_row *row = &list->rows[i];
        (void)fprintf(cli->out, "%s{\"serial\":\"%s\"", i > 0 ? "," : "", row->serial);
        if (row->name[0] != '\0') {
            (void)fprintf(cli->out, ",\"node\":\"%s\"", row->name);
        }
        if (row->expires_s != 0) {
            (void)fprintf(cli->out, ",\"expires\":\"%s\"", wtl__civil_text(row->expires_s, time));
        }
        (void)fprintf(cli->out, ",\"at\":\"%s\"}", wtl__civil_text(row->at_s, time));
    }
    (void)fputs("]}\n", cli->out);
}

enum wtl__end wtl__run_ca_revoked(struct wtl__cli *cli)
{
    const char *folder = wtl__value(cli, "ca");
    struct wtl_ca_revoked list;
    struct wtl_error error = {0};
    enum wtl__end end = check_ca(cli, folder);
    if (end != WTL__END_OK) {
        return end;
    }
    if (wtl_ca_revoked(folder, &list, &error) != WTL_OK) {
        return fail(cli, folder, &error);
    }
    if (wtl__is_given(cli, "json")) {
        print_json(cli, &list);
    } else {
        print_table(cli, &list);
    }
    wtl_ca_revoked_deinit(&list);
    return WTL__END_OK;
}
