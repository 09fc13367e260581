/* json.c - a table as JSON. See table.h. */
#include <inttypes.h>
#include <string.h>

#include "cli/json.h"
#include "cli/table.h"

/* "FRAMES-IN" is "frames_in"; a unit goes behind. */
static void put_key(FILE *file, const struct wtl__reply_column *column)
{
    char key[WTL_NAME_MAX + 16];
    size_t size = 0;
    for (size_t i = 0; i < column->size; i++) {
        char c = column->name[i];
        bool is_big = c >= 'A' && c <= 'Z';
        bool is_word = is_big || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        key[size++] = is_big ? (char)(c - 'A' + 'a') : is_word ? c : '_';
    }
    key[size] = '\0';
    const char *unit = column->kind == WTL__COLUMN_BYTES  ? "_bytes"
                       : column->kind == WTL__COLUMN_US   ? "_us"
                       : column->kind == WTL__COLUMN_AGE  ? "_ms"
                       : column->kind == WTL__COLUMN_DAYS ? "_days"
                                                          : "";
    bool has_it = column->kind == WTL__COLUMN_BYTES && strncmp(key, "bytes_", 6) == 0;
    (void)fprintf(file, "\"%s%s\":", key, has_it ? "" : unit);
}

static void put_object(const struct wtl__table *table, uint32_t row, FILE *file)
{
    (void)fputc('{', file);
    for (uint32_t i = 0; i < table->columns_count; i++) {
        const struct wtl__value *value = &table->cells[(size_t)row * table->columns_count + i];
        (void)fputs(i > 0 ? "," : "", file);
        put_key(file, &table->columns[i]);
        if (value->kind == WTL__VALUE_NUMBER) {
            (void)fprintf(file, "%" PRId64, value->number);
        } else if (value->kind == WTL__VALUE_TEXT) {
            wtl__json_string(file, value->text, value->size);
        } else if (value->kind != WTL__VALUE_BYTES ||
                   !wtl__json_value(file, value->text, value->size)) {
            (void)fputs("null", file);
        }
    }
    (void)fputc('}', file);
}

void wtl__table_json(const struct wtl__table *table, FILE *file)
{
    if (table->shape == WTL__SHAPE_RECORD && table->rows == 1) {
        put_object(table, 0, file);
        (void)fputc('\n', file);
        return;
    }
    (void)fputc('[', file);
    for (uint32_t row = 0; row < table->rows; row++) {
        (void)fputs(row > 0 ? ",\n " : "", file);
        put_object(table, table->order[row], file);
    }
    (void)fputs("]\n", file);
}
