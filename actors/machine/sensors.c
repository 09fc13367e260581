/* sensors.c - reads /proc and /sys. See sensors.h. */
#include "sensors.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Folders of thermal zones or of hwmon that are looked at, and sensors of one hwmon. */
#define FOLDERS_MAX 32u
#define INPUTS_MAX  16u

static void add(struct sensors *sensors, const char *kind, double value, const char *unit)
{
    if (sensors->count == MACHINE_READINGS_MAX) {
        return;
    }
    struct sensor *sensor = &sensors->list[sensors->count++];
    (void)snprintf(sensor->kind, sizeof sensor->kind, "%s", kind);
    (void)snprintf(sensor->unit, sizeof sensor->unit, "%s", unit);
    sensor->value = value;
}

/* The first line of a file, without its end; false when there is none. */
static bool read_line(const char *path, char *line_out, int size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool some = fgets(line_out, size, file) != NULL;
    (void)fclose(file);
    if (some) {
        line_out[strcspn(line_out, "\n")] = '\0';
    }
    return some && line_out[0] != '\0';
}

static void look_at_load(const char *root, struct sensors *sensors)
{
    static const char *const kinds[] = {"load.1m", "load.5m", "load.15m"};
    char path[PATH_MAX];
    char line[128];
    (void)snprintf(path, sizeof path, "%s/proc/loadavg", root);
    if (!read_line(path, line, sizeof line)) {
        return;
    }
    const char *at = line;
    for (size_t i = 0; i < 3; i++) {
        char *end;
        double value = strtod(at, &end);
        if (end == at) {
            return;
        }
        add(sensors, kinds[i], value, "");
        at = end;
    }
}

static void look_at_memory(const char *root, struct sensors *sensors)
{
    static const struct {
        const char *key;
        const char *kind;
    } wanted[] = {{"MemTotal:", "memory.total"},
                  {"MemAvailable:", "memory.available"},
                  {"SwapFree:", "memory.swap_free"}};
    char path[PATH_MAX];
    char line[128];
    (void)snprintf(path, sizeof path, "%s/proc/meminfo", root);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            size_t size = strlen(wanted[i].key);
            if (strncmp(line, wanted[i].key, size) == 0) {
                add(sensors, wanted[i].kind, 1024 * strtod(line + size, NULL), "bytes");
            }
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

/* Seconds of all processors together since the machine has started. */
static void look_at_processors(const char *root, struct sensors *sensors)
{
    static const char *const kinds[] = {"cpu.user", "cpu.nice", "cpu.system", "cpu.idle",
                                        "cpu.iowait"};
    char path[PATH_MAX];
    char line[256];
    long per_second = sysconf(_SC_CLK_TCK);
    (void)snprintf(path, sizeof path, "%s/proc/stat", root);
    if (per_second <= 0 || !read_line(path, line, sizeof line) || strncmp(line, "cpu ", 4) != 0) {
        return;
    }
    const char *at = line + 4;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *end;
        double ticks = strtod(at, &end);
        if (end == at) {
            return;
        }
        add(sensors, kinds[i], ticks / (double)per_second, "s");
        at = end;
    }
}

/* "temp." and the name, in lower case, with _ for what is no letter or digit. */
static void add_temperature(struct sensors *sensors, const char *name, const char *millidegrees)
{
    char kind[MACHINE_KIND_MAX + 1] = "temp.";
    char *end;
    double value = strtod(millidegrees, &end) / 1000;
    size_t used = strlen(kind);
    if (end == millidegrees) {
        return;
    }
    for (; *name != '\0' && used < MACHINE_KIND_MAX; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        kind[used++] = plain ? c : '_';
    }
    add(sensors, kind, value, "celsius");
}

static void look_at_zone(const char *folder, struct sensors *sensors)
{
    char path[PATH_MAX + 16];
    char name[64];
    char value[32];
    (void)snprintf(path, sizeof path, "%s/type", folder);
    if (!read_line(path, name, sizeof name)) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/temp", folder);
    if (read_line(path, value, sizeof value)) {
        add_temperature(sensors, name, value);
    }
}

static void look_at_hwmon(const char *folder, struct sensors *sensors)
{
    char path[PATH_MAX + 32];
    char chip[32];
    char label[64];
    char name[128];
    char value[32];
    (void)snprintf(path, sizeof path, "%s/name", folder);
    if (!read_line(path, chip, sizeof chip)) {
        return;
    }
    for (unsigned i = 1; i <= INPUTS_MAX; i++) {
        (void)snprintf(path, sizeof path, "%s/temp%u_label", folder, i);
        if (!read_line(path, label, sizeof label)) {
            (void)snprintf(label, sizeof label, "%u", i);
        }
        (void)snprintf(name, sizeof name, "%s_%s", chip, label);
        (void)snprintf(path, sizeof path, "%s/temp%u_input", folder, i);
        if (read_line(path, value, sizeof value)) {
            add_temperature(sensors, name, value);
        }
    }
}

/* Calls `look` for each folder whose name begins so. */
static void each_folder(const char *root, const char *parent, const char *begin,
                        void (*look)(const char *folder, struct sensors *sensors),
                        struct sensors *sensors)
{
    char path[PATH_MAX];
    unsigned count = 0;
    (void)snprintf(path, sizeof path, "%s%s", root, parent);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < FOLDERS_MAX;) {
        if (strncmp(entry->d_name, begin, strlen(begin)) == 0) {
            int size = snprintf(path, sizeof path, "%s%s/%s", root, parent, entry->d_name);
            if (size > 0 && (size_t)size < sizeof path) {
                look(path, sensors);
                count++;
            }
        }
    }
    (void)closedir(folder);
}

void sensors_look(const char *root, struct sensors *sensors_out)
{
    struct timespec now;
    *sensors_out = (struct sensors){0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    sensors_out->at_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (gethostname(sensors_out->host, sizeof sensors_out->host - 1) != 0) {
        (void)snprintf(sensors_out->host, sizeof sensors_out->host, "unknown");
    }
    look_at_load(root, sensors_out);
    look_at_memory(root, sensors_out);
    look_at_processors(root, sensors_out);
    each_folder(root, "/sys/class/thermal", "thermal_zone", look_at_zone, sensors_out);
    each_folder(root, "/sys/class/hwmon", "hwmon", look_at_hwmon, sensors_out);
}
