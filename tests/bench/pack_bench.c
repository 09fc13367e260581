/*
 * pack_bench.c - what writing and reading one record of 64 bytes costs, by cursors, by shape and
 * with msgpack-c: {sensor_id: str, timestamp: u64, value: f64, unit: str}.
 *
 * Usage: pack_bench [milliseconds per measurement, 300]. Prints a line per measurement, the best
 * of five: bench<TAB>wattle<TAB>metric<TAB>value<TAB>unit. One thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <msgpack.h>

#include <wattle/pack.h>

#define BATCH 1000
#define TRIES 5

struct record {
    uint64_t timestamp;
    double value;
    const char *id;
    const char *unit;
    size_t id_size;
    size_t unit_size;
};

static const struct record sample = {.timestamp = UINT64_C(1717171717171717),
                                     .value = 21.5,
                                     .id = "co2-0042",
                                     .unit = "degC",
                                     .id_size = 8,
                                     .unit_size = 4};

static uint8_t bytes[256];
static size_t size;
static msgpack_sbuffer sbuffer;
static msgpack_zone zone;

/* Keeps a value from being computed away. */
static void use(const void *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

static void put_cursor(const struct record *record)
{
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_put_map(&w, 4);
    WTL_PUT_KEY(&w, "sensor_id"), wtl_put_str(&w, record->id, record->id_size);
    WTL_PUT_KEY(&w, "timestamp"), wtl_put_u64(&w, record->timestamp);
    WTL_PUT_KEY(&w, "value"), wtl_put_f64(&w, record->value);
    WTL_PUT_KEY(&w, "unit"), wtl_put_str(&w, record->unit, record->unit_size);
    size = wtl_written(&w);
    use(bytes);
}

static void put_shape(const struct record *record)
{
    struct wtl_writer w = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&w, "sensor_id=%s timestamp=%lu value=%lf unit=%s", record->id,
             (unsigned long)record->timestamp, record->value, record->unit);
    size = wtl_written(&w);
    use(bytes);
}

static void put_key_msgpack(msgpack_packer *packer, const char *key)
{
    (void)msgpack_pack_str_with_body(packer, key, strlen(key));
}

static void put_msgpack(const struct record *record)
{
    msgpack_packer packer;
    msgpack_sbuffer_clear(&sbuffer);
    msgpack_packer_init(&packer, &sbuffer, msgpack_sbuffer_write);
    (void)msgpack_pack_map(&packer, 4);
    put_key_msgpack(&packer, "sensor_id");
    (void)msgpack_pack_str_with_body(&packer, record->id, record->id_size);
    put_key_msgpack(&packer, "timestamp");
    (void)msgpack_pack_uint64(&packer, record->timestamp);
    put_key_msgpack(&packer, "value");
    (void)msgpack_pack_double(&packer, record->value);
    put_key_msgpack(&packer, "unit");
    (void)msgpack_pack_str_with_body(&packer, record->unit, record->unit_size);
    size = sbuffer.size;
    use(sbuffer.data);
}

static void get_cursor(const struct record *expected)
{
    struct record record = {0};
    struct wtl_reader r = wtl_reader_over(bytes, size);
    for (uint32_t left = wtl_get_map(&r); left > 0; left--) {
        if (WTL_GET_KEY(&r, "sensor_id")) {
            record.id = wtl_get_str(&r, &record.id_size);
        } else if (WTL_GET_KEY(&r, "timestamp")) {
            record.timestamp = wtl_get_u64(&r);
        } else if (WTL_GET_KEY(&r, "value")) {
            record.value = wtl_get_f64(&r);
        } else if (WTL_GET_KEY(&r, "unit")) {
            record.unit = wtl_get_str(&r, &record.unit_size);
        } else {
            wtl_skip(&r), wtl_skip(&r);
        }
    }
    if (r.failed || record.timestamp != expected->timestamp) {
        abort();
    }
    use(&record);
}

static void get_shape(const struct record *expected)
{
    char id[17];
    char unit[9];
    unsigned long timestamp;
    double value;
    struct wtl_msg message = {.bytes = bytes, .size = (uint32_t)size};
    if (wtl_getf(&message, "sensor_id=%16s timestamp=%lu value=%lf unit=%8s", id, &timestamp,
                 &value, unit) != WTL_OK ||
        timestamp != expected->timestamp) {
        abort();
    }
    use(id), use(unit), use(&value);
}

static void get_msgpack(const struct record *expected)
{
    struct record record = {0};
    msgpack_object object;
    size_t offset = 0;
    if (msgpack_unpack((const char *)bytes, size, &offset, &zone, &object) !=
        MSGPACK_UNPACK_SUCCESS) {
        abort();
    }
    for (uint32_t i = 0; i < object.via.map.size; i++) {
        const msgpack_object_kv *pair = &object.via.map.ptr[i];
        const msgpack_object_str *key = &pair->key.via.str;
        if (key->size == 9 && memcmp(key->ptr, "sensor_id", 9) == 0) {
            record.id = pair->val.via.str.ptr;
            record.id_size = pair->val.via.str.size;
        } else if (key->size == 9 && memcmp(key->ptr, "timestamp", 9) == 0) {
            record.timestamp = pair->val.via.u64;
        } else if (key->size == 5 && memcmp(key->ptr, "value", 5) == 0) {
            record.value = pair->val.via.f64;
        } else if (key->size == 4 && memcmp(key->ptr, "unit", 4) == 0) {
            record.unit = pair->val.via.str.ptr;
            record.unit_size = pair->val.via.str.size;
        }
    }
    if (record.timestamp != expected->timestamp) {
        abort();
    }
    use(&record);
    msgpack_zone_clear(&zone);
}

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Runs it for `ms` in all and prints the best of TRIES parts. */
static void measure(const char *metric, void (*run)(const struct record *), double ms)
{
    double best = 0;
    for (int try = 0; try < TRIES; try++) {
        double start = now_ns();
        double spent;
        double runs = 0;
        do {
            for (int i = 0; i < BATCH; i++) {
                use(&sample);
                run(&sample);
            }
            runs += BATCH;
            spent = now_ns() - start;
        } while (spent < ms * 1e6 / TRIES);
        best = try == 0 || spent / runs < best ? spent / runs : best;
    }
    (void)printf("pack\twattle\t%s\t%.1f\tns\n", metric, best);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    double ms = argc > 1 ? strtod(argv[1], &end) : 300;
    if (argc > 2 || (end != NULL && (end == argv[1] || *end != '\0' || !(ms > 0 && ms < 1e5)))) {
        (void)fprintf(stderr, "usage: %s [MILLISECONDS, more than 0 and less than 100000]\n",
                      argv[0]);
        return 64;
    }
    msgpack_sbuffer_init(&sbuffer);
    if (!msgpack_zone_init(&zone, 2048)) {
        return 1;
    }
    measure("put_cursor_64b", put_cursor, ms);
    measure("get_cursor_64b", get_cursor, ms);
    measure("put_shape_64b", put_shape, ms);
    measure("get_shape_64b", get_shape, ms);
    measure("put_msgpack_c_64b", put_msgpack, ms);
    measure("get_msgpack_c_64b", get_msgpack, ms);
    (void)printf("pack\twattle\trecord_size\t%zu\tbytes\n", size);
    msgpack_zone_destroy(&zone);
    msgpack_sbuffer_destroy(&sbuffer);
    return size == 64 ? 0 : 1;
}
