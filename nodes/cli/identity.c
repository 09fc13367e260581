/* identity.c - `wattle ca init` and `wattle id`. Thread: one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "certs/ca.h"
#include "certs/civil.h"
#include "certs/show.h"
#include "cli/command.h"

/* Prints what a function of certs says went wrong, and what helps. */
static enum wtl__end fail(const struct wtl__cli *cli, const char *place,
                          const struct wtl_error *error, const char *help)
{
    enum wtl__failure failure = error->status == WTL_CONFIG      ? WTL__FAILURE_IDENTITY
                                : error->status == WTL_NOT_FOUND ? WTL__FAILURE_NO_CA
                                                                 : wtl__failure_of(error->status);
    enum wtl__end end = wtl__fail(&cli->report, failure, place, "%s", error->text);
    if (help != NULL) {
        wtl__fail_line(&cli->report, "help", "%s", help);
    }
    return end;
}

enum wtl__end wtl__run_ca_init(struct wtl__cli *cli)
{
    const char *folder = cli->operands[0];
    struct wtl_error error = {0};
    struct wtl_ca_info info;
    char root[WTL__CIVIL_TEXT];
    char issuing[WTL__CIVIL_TEXT];
    if (wtl_ca_create(folder, wtl__value(cli, "mesh"), cli->now_s, &error) != WTL_OK ||
        wtl_ca_inspect(folder, &info, &error) != WTL_OK) {
        return fail(cli, folder, &error,
                    error.status == WTL_EXISTS ? "choose another folder, or move that one away"
                                               : NULL);
    }
    if (wtl__is_given(cli, "quiet")) {
        return WTL__END_OK;
    }
    (void)fprintf(cli->out, "mesh %s\n", info.mesh);
    (void)fprintf(cli->out, "root     %s/root.pem, valid until %s\n", folder,
                  wtl__civil_day_text(info.root_not_after_s, root));
    (void)fprintf(cli->out,
                  "         %s/root.key: keep it offline, it is needed again to renew "
                  "the issuing CA\n",
                  folder);
    (void)fprintf(cli->out, "issuing  %s/issuing.pem, valid until %s\n", folder,
                  wtl__civil_day_text(info.issuing_not_after_s, issuing));
    (void)fprintf(cli->out, "         %s/issuing.key: signs the identities of nodes\n", folder);
    (void)fprintf(cli->out, "next: wattle id new NAME --layer LAYER --ca %s\n", folder);
    return WTL__END_OK;
}

static bool read_layer(const struct wtl__cli *cli, enum wtl_layer *layer_out)
{
    const char *text = wtl__value(cli, "layer");
    if (wtl_layer_parse(text, layer_out) != WTL_OK) {
        (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "--layer wants device, edge or cloud; got \"%s\"", text);
        return false;
    }
    return true;
}

enum wtl__end wtl__run_id_new(struct wtl__cli *cli)
{
    struct wtl_id_request request = {.name = cli->operands[0],
                                     .tenant = wtl__value(cli, "tenant"),
                                     .host = wtl__value(cli, "san")};
    const char *folder = wtl__value(cli, "ca");
    const char *given = wtl__value(cli, "out");
    char path[WTL_NAME_MAX + 16];
    char day[WTL__CIVIL_TEXT];
    struct wtl_error error = {0};
    struct wtl_bundle bundle = {0};
    bool clamped = false;
    if (!read_layer(cli, &request.layer) ||
        !wtl__value_days(cli, "days", WTL_ID_DAYS_MAX, &request.days)) {
        return WTL__END_USAGE;
    }
    if (wtl_ca_issue(folder, &request, cli->now_s, &bundle, &clamped, &error) != WTL_OK) {
        return fail(cli, error.status == WTL_INVALID ? NULL : folder, &error,
                    error.status == WTL_NOT_FOUND ? "wattle ca init DIR --mesh NAME" : NULL);
    }
    (void)snprintf(path, sizeof path, "%s.bundle", bundle.identity.name);
    const char *out = given != NULL ? given : path;
    enum wtl_status status = wtl_bundle_write(out, &bundle, &error);
    if (status != WTL_OK) {
        wtl_bundle_deinit(&bundle);
        return fail(cli, out, &error, status == WTL_EXISTS ? "give another --out FILE" : NULL);
    }
    if (!wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out, "%s   layer %s   mesh %s   valid until %s (%" PRId64 "d)\n",
                      bundle.identity.name, wtl_layer_name(bundle.identity.layer),
                      bundle.identity.mesh, wtl__civil_day_text(bundle.identity.not_after_s, day),
                      wtl_bundle_days_left(&bundle, cli->now_s));
        if (clamped) {
            (void)fprintf(cli->out,
                          "note: that is sooner than asked, because the issuing CA ends then\n");
        }
        (void)fprintf(cli->out, "wrote %s, mode 0600: it holds the node's key\n", out);
        (void)fprintf(cli->out, "next: wattle node start --id %s\n", out);
    }
    wtl_bundle_deinit(&bundle);
    return WTL__END_OK;
}

enum wtl__end wtl__run_id_show(struct wtl__cli *cli)
{
    struct wtl_error error = {0};
    struct wtl_show *show = calloc(1, sizeof *show);
    if (show == NULL) {
        (void)wtl_fail(&error, WTL_NO_MEMORY, "no memory");
        return fail(cli, NULL, &error, NULL);
    }
    if (wtl_show_read(cli->operands[0], show, &error) != WTL_OK) {
        free(show);
        return fail(cli, cli->operands[0], &error,
                    "give a bundle (`wattle id new` makes one) or a certificate");
    }
    enum wtl_show_format format = wtl__is_given(cli, "json")    ? WTL_SHOW_JSON
                                  : wtl__is_given(cli, "short") ? WTL_SHOW_SHORT
                                                                : WTL_SHOW_LONG;
    wtl_show_print(show, format, cli->now_s, cli->out);
    free(show);
    return WTL__END_OK;
}
