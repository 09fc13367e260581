/*
 * replay.c - runs a fuzz target over every file of its committed corpus, once each.
 *
 * The same LLVMFuzzerTestOneInput that libFuzzer drives; usage: TARGET FOLDER. Exit 1 when the
 * folder holds nothing, because an empty replay proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        return -1;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    /* exactly as large as the input, so that a sanitizer sees a read past the end */
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    int result = -1;
    if (data != NULL && size >= 0 && fread(data, 1, (size_t)size, file) == (size_t)size) {
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
        result = 0;
    }
    free(data);
    (void)fclose(file);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 64;
    }
    DIR *folder = opendir(argv[1]);
    if (folder == NULL) {
        perror(argv[1]);
        return 1;
    }
    int files = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            if (replay_file(argv[1], entry->d_name) != 0) {
                (void)closedir(folder);
                return 1;
            }
            files++;
        }
    }
    (void)closedir(folder);
    (void)printf("%d inputs replayed\n", files);
    return files > 0 ? 0 : 1;
}
