/* stage_show.c - "flow.show" as the tests read it; see stage_kit.h. */
#include "stage_kit.h"

#include <stdio.h>

#include "actor/names.h"

struct row {
    char name[80];
    char node[64];
    struct wtl_pid pid;
    char state[16];
    uint64_t numbers[12];
};

static void ask(const char *flow)
{
    char name[80];
    (void)snprintf(name, sizeof name, "flow.%s", flow);
    for (uint32_t i = 0; i < net.count; i++) {
        struct wtl_pid pid =
            net.nodes[i].up ? wtl__name_find(&net.nodes[i].step.runtime, name) : WTL_PID_NONE;
        for (uint32_t k = 0; k < NET_NAMES_MAX && wtl_pid_is_none(pid); k++) {
            pid = strcmp(net.names[k].name, name) == 0 ? net.names[k].pid : pid;
        }
        if (net.nodes[i].up && !wtl_pid_is_none(pid)) {
            net_call(i, pid, WTL_TAG("flow.show"), NULL, 0);
            cr_assert(net_answer.came, "flow.show is not answered");
            cr_assert_eq(net_answer.status, WTL_OK, "%s", wtl_status_word(net_answer.status));
            return;
        }
    }
    cr_assert_fail("nobody manages %s", flow);
}

static void get_text(struct wtl_reader *reader, char *out, size_t room)
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    cr_assert(text != NULL && size < room);
    memcpy(out, text, size);
    out[size] = '\0';
}

static void get_row(struct wtl_reader *reader, struct row *row)
{
    cr_assert_eq(wtl_get_array(reader), 12);
    get_text(reader, row->name, sizeof row->name);
    get_text(reader, row->node, sizeof row->node);
    cr_assert_eq(wtl_get_array(reader), 2);
    row->pid.node = wtl_get_u64(reader);
    row->pid.local = wtl_get_u64(reader);
    get_text(reader, row->state, sizeof row->state);
    for (int i = NET_IN; i <= NET_LOST; i++) {
        row->numbers[i] = wtl_get_u64(reader);
    }
}

/* Calls `fn` for each row that fits. */
static uint32_t each_row(const char *flow, const char *stage, const char *node,
                         void (*fn)(const struct row *row, void *context), void *context)
{
    ask(flow);
    struct wtl_reader reader = wtl_reader_over(net_answer.bytes, net_answer.size);
    uint32_t found = 0;
    for (uint32_t left = wtl_get_map(&reader); left > 0; left--) {
        if (!WTL_GET_KEY(&reader, "stages")) {
            wtl_skip(&reader);
            wtl_skip(&reader);
            continue;
        }
        for (uint32_t rows = wtl_get_array(&reader); rows > 0; rows--) {
            struct row row;
            get_row(&reader, &row);
            if (strcmp(row.name, stage) == 0 && (node == NULL || strcmp(row.node, node) == 0)) {
                found++;
                fn(&row, context);
            }
        }
    }
    cr_assert_not(reader.failed);
    return found;
}

struct wanted {
    enum net_column column;
    uint64_t sum;
    struct row row;
    bool any;
};

static void take(const struct row *row, void *context)
{
    struct wanted *wanted = context;
    wanted->sum += row->numbers[wanted->column];
    if (!wanted->any) {
        wanted->row = *row;
        wanted->any = true;
    }
}

uint64_t net_show(const char *flow, const char *stage, const char *node, enum net_column column)
{
    struct wanted wanted = {.column = column};
    cr_assert_gt(each_row(flow, stage, node, take, &wanted), 0, "no stage %s", stage);
    return wanted.sum;
}

const char *net_state(const char *flow, const char *stage, const char *node)
{
    static struct wanted wanted;
    wanted = (struct wanted){.column = NET_IN};
    return each_row(flow, stage, node, take, &wanted) == 0 ? "none" : wanted.row.state;
}

struct wtl_pid net_pid(const char *flow, const char *stage, const char *node)
{
    struct wanted wanted = {.column = NET_IN};
    (void)each_row(flow, stage, node, take, &wanted);
    return wanted.row.pid;
}
