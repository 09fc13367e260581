/* table.c - tables for people. See table.h; JSON is in json.c. */
#include "cli/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/failure.h"
#include "cli/json.h"
#include "flow/text.h"

/* Cells of a terminal that one text takes at most; the rest is cut. */
#define CELL_WIDTH_MAX 80u

enum wtl_status wtl__table_init(struct wtl__table *table, struct wtl__reply *reply)
{
    *table = (struct wtl__table){.shape = reply->shape,
                                 .columns_count = reply->columns_count,
                                 .rows = reply->rows,
                                 .total = reply->total};
    memcpy(table->columns, reply->columns, sizeof table->columns);
    size_t count = (size_t)reply->rows * reply->columns_count;
    table->cells = calloc(count > 0 ? count : 1, sizeof *table->cells);
    table->order = calloc(reply->rows > 0 ? reply->rows : 1, sizeof *table->order);
    if (table->cells == NULL || table->order == NULL) {
        wtl__table_deinit(table);
        return WTL_NO_MEMORY;
    }
    for (uint32_t row = 0; row < table->rows; row++) {
        table->order[row] = row;
        for (uint32_t i = 0; i < table->columns_count; i++) {
            table->cells[(size_t)row * table->columns_count + i] = wtl__reply_cell(reply, i == 0);
        }
    }
    return WTL_OK;
}

void wtl__table_deinit(struct wtl__table *table)
{
    free(table->cells);
    free(table->order);
    *table = (struct wtl__table){0};
}

static const struct wtl__value *cell_at(const struct wtl__table *table, uint32_t row, uint32_t i)
{
    return &table->cells[(size_t)row * table->columns_count + i];
}

/* ---- sorting ------------------------------------------------------------------------------- */

struct sort {
    const struct wtl__table *table;
    uint32_t column;
};

static int compare(const void *left, const void *right, void *context)
{
    const struct sort *sort = context;
    uint32_t rows[2] = {*(const uint32_t *)left, *(const uint32_t *)right};
    const struct wtl__value *a = cell_at(sort->table, rows[0], sort->column);
    const struct wtl__value *b = cell_at(sort->table, rows[1], sort->column);
    int order = 0;
    if (a->kind != b->kind) {
        order = (a->kind == WTL__VALUE_NONE) - (b->kind == WTL__VALUE_NONE);
        order = order != 0 ? order : (int)a->kind - (int)b->kind;
    } else if (a->kind == WTL__VALUE_NUMBER) {
        order = (a->number < b->number) - (a->number > b->number);
    } else if (a->kind == WTL__VALUE_TEXT) {
        size_t size = a->size < b->size ? a->size : b->size;
        order = memcmp(a->text, b->text, size);
        order = order != 0 ? order : (a->size > b->size) - (a->size < b->size);
    }
    /* equal ones stay as they came */
    return order != 0 ? order : (rows[0] > rows[1]) - (rows[0] < rows[1]);
}

enum wtl_status wtl__table_sort(struct wtl__table *table, const char *column)
{
    size_t size = strlen(column);
    for (uint32_t i = 0; i < table->columns_count; i++) {
        if (table->columns[i].size == size &&
            strncasecmp(table->columns[i].name, column, size) == 0) {
            struct sort sort = {.table = table, .column = i};
            qsort_r(table->order, table->rows, sizeof *table->order, compare, &sort);
            return WTL_OK;
        }
    }
    return WTL_NOT_FOUND;
}

/* ---- cells --------------------------------------------------------------------------------- */

static bool is_number(enum wtl__column_kind kind)
{
    return kind != WTL__COLUMN_TEXT && kind != WTL__COLUMN_DEPTH && kind != WTL__COLUMN_VALUE;
}

/* What a cell shows: harmless, cut, and how many cells of the terminal it takes. */
struct shown {
    char text[CELL_WIDTH_MAX * 4 + 4];
    size_t size;
    size_t width;
};

static void show_text(struct shown *shown, const char *text, size_t size)
{
    /* both are bounded: a character may take four bytes, and none of the width */
    for (size_t at = 0;
         at < size && shown->width < CELL_WIDTH_MAX && shown->size + 4 <= sizeof shown->text;) {
        uint32_t point = 0;
        unsigned length = wtl__utf8_next(text + at, size - at, &point);
        if (length > 0 && wtl__utf8_printable(point)) {
            memcpy(shown->text + shown->size, text + at, length);
            shown->size += length;
            shown->width += wtl__utf8_cells(point);
        } else {
            shown->text[shown->size++] = '?';
            shown->width++;
        }
        at += length == 0 ? 1 : length;
    }
}

/* A value of msgpack as text; NULL when it is none, or there is no memory. To be freed. */
static char *value_text(const struct wtl__value *value, size_t *size_out)
{
    char *text = NULL;
    FILE *memory = open_memstream(&text, size_out);
    bool is_one = memory != NULL && wtl__json_value(memory, value->text, value->size);
    if (memory != NULL) {
        (void)fclose(memory);
    }
    if (!is_one) {
        free(text);
        text = NULL;
    }
    return text;
}

static void show_cell(struct shown *shown, enum wtl__column_kind kind,
                      const struct wtl__value *value, int64_t indent)
{
    char number[WTL__CELL_TEXT];
    shown->size = 0;
    shown->width = 0;
    for (int64_t i = 0; i < indent && shown->width + 2 < CELL_WIDTH_MAX; i++) {
        shown->text[shown->size++] = ' ';
        shown->text[shown->size++] = ' ';
        shown->width += 2;
    }
    if (value->kind == WTL__VALUE_NUMBER) {
        const char *text = wtl__number_text(kind, value->number, number);
        show_text(shown, text, strlen(text));
    } else if (value->kind == WTL__VALUE_TEXT && value->size > 0) {
        show_text(shown, value->text, value->size);
    } else if (value->kind == WTL__VALUE_BYTES) {
        size_t size = 0;
        char *text = value_text(value, &size);
        show_text(shown, text != NULL ? text : "?", text != NULL ? size : 1);
        free(text);
    } else {
        show_text(shown, "-", 1);
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct layout {
    const struct wtl__table *table;
    FILE *file;
    size_t widths[WTL__CONTROL_COLUMNS_MAX];
    int64_t sums[WTL__CONTROL_COLUMNS_MAX];
    bool is_hidden[WTL__CONTROL_COLUMNS_MAX];
    uint32_t last; /* that is not hidden */
    bool has_sums;
};

/* Depths are seen as indents, and processes where a module has one. */
static bool is_hidden(const struct wtl__table *table, uint32_t i)
{
    if (table->columns[i].kind != WTL__COLUMN_PROCESS) {
        return table->columns[i].kind == WTL__COLUMN_DEPTH;
    }
    for (uint32_t row = 0; row < table->rows; row++) {
        if (cell_at(table, row, i)->kind != WTL__VALUE_NONE) {
            return false;
        }
    }
    return true;
}

/* How far column `i` of that row is indented: by the depth in front of it. */
static int64_t indent_of(const struct wtl__table *table, uint32_t row, uint32_t i)
{
    if (i == 0 || table->columns[i - 1].kind != WTL__COLUMN_DEPTH) {
        return 0;
    }
    return cell_at(table, row, i - 1)->number;
}

static void measure(struct layout *layout)
{
    const struct wtl__table *table = layout->table;
    struct shown shown;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        struct wtl__value head = {.kind = WTL__VALUE_TEXT,
                                  .text = table->columns[i].name,
                                  .size = table->columns[i].size};
        show_cell(&shown, WTL__COLUMN_TEXT, &head, 0);
        layout->widths[i] = shown.width;
        layout->is_hidden[i] = is_hidden(table, i);
        layout->last = layout->is_hidden[i] ? layout->last : i;
        for (uint32_t row = 0; row < table->rows; row++) {
            const struct wtl__value *value = cell_at(table, row, i);
            show_cell(&shown, table->columns[i].kind, value, indent_of(table, row, i));
            layout->widths[i] = shown.width > layout->widths[i] ? shown.width : layout->widths[i];
            if (table->columns[i].has_sum && value->kind == WTL__VALUE_NUMBER) {
                (void)__builtin_add_overflow(layout->sums[i], value->number, &layout->sums[i]);
            }
        }
        layout->has_sums = layout->has_sums || table->columns[i].has_sum;
        struct wtl__value sum = {.kind = WTL__VALUE_NUMBER, .number = layout->sums[i]};
        show_cell(&shown, table->columns[i].kind, &sum, 0);
        if (table->columns[i].has_sum && shown.width > layout->widths[i]) {
            layout->widths[i] = shown.width;
        }
    }
}

static void put_cell(struct layout *layout, uint32_t i, const struct shown *shown)
{
    const struct wtl__table *table = layout->table;
    size_t pad = layout->widths[i] > shown->width ? layout->widths[i] - shown->width : 0;
    bool is_last = i == layout->last;
    bool right = is_number(table->columns[i].kind);
    bool is_first = i == 0 || (i == 1 && table->columns[0].kind == WTL__COLUMN_DEPTH);
    (void)fprintf(layout->file, "%s%*s%.*s", is_first ? "" : "  ", right ? (int)pad : 0, "",
                  (int)shown->size, shown->text);
    if (!right && !is_last) {
        (void)fprintf(layout->file, "%*s", (int)pad, "");
    }
}

static void put_head(struct layout *layout, bool color)
{
    struct shown shown;
    (void)fputs(color ? "\033[1m" : "", layout->file);
    for (uint32_t i = 0; i < layout->table->columns_count; i++) {
        const struct wtl__reply_column *column = &layout->table->columns[i];
        if (!layout->is_hidden[i]) {
            struct wtl__value head = {
                .kind = WTL__VALUE_TEXT, .text = column->name, .size = column->size};
            show_cell(&shown, WTL__COLUMN_TEXT, &head, 0);
            put_cell(layout, i, &shown);
        }
    }
    (void)fputs(color ? "\033[0m\n" : "\n", layout->file);
}

/* Rows of what is gone are dimmed: a cell of a column STATE that says so. */
static bool is_down(const struct wtl__table *table, uint32_t row)
{
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const struct wtl__value *value = cell_at(table, row, i);
        if (table->columns[i].size == 5 && memcmp(table->columns[i].name, "STATE", 5) == 0) {
            return value->kind == WTL__VALUE_TEXT && value->size == 4 &&
                   memcmp(value->text, "down", 4) == 0;
        }
    }
    return false;
}

static void put_row(struct layout *layout, uint32_t row, bool color)
{
    const struct wtl__table *table = layout->table;
    struct shown shown;
    bool dim = color && is_down(table, row);
    (void)fputs(dim ? "\033[2m" : "", layout->file);
    for (uint32_t i = 0; i < table->columns_count; i++) {
        if (!layout->is_hidden[i]) {
            show_cell(&shown, table->columns[i].kind, cell_at(table, row, i),
                      indent_of(table, row, i));
            put_cell(layout, i, &shown);
        }
    }
    (void)fputs(dim ? "\033[0m\n" : "\n", layout->file);
}

#define TOTALS_LABEL 32

static const char *totals_label(const struct wtl__table *table, char out[TOTALS_LABEL])
{
    (void)snprintf(out, TOTALS_LABEL, "%" PRIu64 " in all", table->total);
    return out;
}

static void put_totals(struct layout *layout)
{
    const struct wtl__table *table = layout->table;
    char label[TOTALS_LABEL];
    struct shown shown;
    uint32_t end = 0; /* behind the last sum: nothing follows that could be seen */
    for (uint32_t i = 0; i < table->columns_count; i++) {
        end = table->columns[i].has_sum ? i + 1 : end;
    }
    (void)totals_label(table, label);
    for (uint32_t i = 0; i < end; i++) {
        struct wtl__value sum = {.kind = WTL__VALUE_NUMBER, .number = layout->sums[i]};
        struct wtl__value text = {.kind = WTL__VALUE_TEXT,
                                  .text = i == 0 ? label : " ",
                                  .size = i == 0 ? strlen(label) : 1};
        show_cell(&shown, table->columns[i].kind, table->columns[i].has_sum ? &sum : &text, 0);
        put_cell(layout, i, &shown);
    }
    (void)fputc('\n', layout->file);
}

/* One line for each column: the name, and what it holds. */
static void put_record(struct layout *layout, uint32_t row)
{
    const struct wtl__table *table = layout->table;
    size_t width = 0;
    for (uint32_t i = 0; i < table->columns_count; i++) {
        width = table->columns[i].size > width ? table->columns[i].size : width;
    }
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const struct wtl__reply_column *column = &table->columns[i];
        const struct wtl__value *value = cell_at(table, row, i);
        wtl__print_clean(layout->file, column->name, column->size);
        (void)fprintf(layout->file, "%*s  ", (int)(width - column->size), "");
        if (value->kind == WTL__VALUE_TEXT && value->size > 0) {
            wtl__print_clean(layout->file, value->text, value->size);
        } else if (value->kind == WTL__VALUE_BYTES) {
            size_t size = 0;
            char *text = value_text(value, &size);
            wtl__print_clean(layout->file, text != NULL ? text : "?", text != NULL ? size : 1);
            free(text);
        } else {
            struct shown shown;
            show_cell(&shown, column->kind, value, 0);
            (void)fwrite(shown.text, 1, shown.size, layout->file);
        }
        (void)fputc('\n', layout->file);
    }
}

void wtl__table_print(const struct wtl__table *table, struct wtl__table_style style, FILE *file)
{
    struct layout layout = {.table = table, .file = file};
    if (table->shape == WTL__SHAPE_RECORD) {
        for (uint32_t row = 0; row < table->rows; row++) {
            put_record(&layout, table->order[row]);
        }
        return;
    }
    measure(&layout);
    char label[TOTALS_LABEL];
    size_t wide = strlen(totals_label(table, label));
    if (layout.has_sums && !style.quiet && table->rows > 1 && layout.widths[0] < wide) {
        layout.widths[0] = wide;
    }
    if (!style.quiet) {
        put_head(&layout, style.color);
    }
    for (uint32_t row = 0; row < table->rows; row++) {
        put_row(&layout, table->order[row], style.color);
    }
    if (layout.has_sums && !style.quiet && table->rows > 1) {
        put_totals(&layout);
    }
    if (table->total > table->rows && !style.quiet) {
        (void)fprintf(file, "%u of %" PRIu64 " are shown\n", (unsigned)table->rows, table->total);
    }
}
