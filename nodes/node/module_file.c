/* module_file.c - see module_file.h. */
#include "node/module_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/file.h"
#include "module/module.h"

#define DAY_S INT64_C(86400)

/* What the file says of itself; without it nothing can be signed. */
static enum wtl_status read_about(const struct wtl__image *image, struct wtl__module_file *file,
                                  struct wtl_error *error)
{
    file->size = wtl_release_module_size(image->bytes, image->size);
    enum wtl_status status =
        wtl__about_demand(image->bytes, (size_t)file->size, &file->about, error);
    file->is_native = status == WTL_OK && wtl__about_is_native(&file->about);
    return status;
}

/* The checks of the loader, for what could be loaded on this machine. */
static enum wtl_status check_native(const struct wtl__image *image,
                                    const struct wtl__module_file *file, struct wtl_error *error)
{
    struct wtl__elf elf;
    return file->is_native ? wtl__elf_check(image->bytes, (size_t)file->size, &elf, error) : WTL_OK;
}

static enum wtl_status write_signed(const struct wtl__image *image, const char *path,
                                    const struct wtl__module_file *file, const uint8_t *tail,
                                    size_t tail_size, struct wtl_error *error)
{
    size_t size = (size_t)file->size;
    uint8_t *bytes = malloc(size + tail_size);
    if (bytes == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "%s: no memory for the signed module", path);
    }
    memcpy(bytes, image->bytes, size);
    memcpy(bytes + size, tail, tail_size);
    enum wtl_status status =
        wtl__file_replace_as(path, image->mode & 0777, bytes, size + tail_size, error);
    free(bytes);
    return status;
}

static enum wtl_status sign(const struct wtl__image *image,
                            const struct wtl__module_signing *signing, int64_t now_s,
                            struct wtl__module_file *file, struct wtl_error *error)
{
    struct wtl_signer signer;
    uint8_t tail[WTL_RELEASE_TAIL_MAX];
    size_t tail_size = 0;
    const struct wtl__about *about = &file->about;
    struct wtl_release *release = &file->release;
    *release = (struct wtl_release){
        .abi_major = about->abi_major,
        .abi_minor = about->abi_minor,
        .number = signing->number != 0 ? signing->number : (uint64_t)now_s,
        .signed_s = now_s,
        .expires_s = now_s + (signing->days != 0 ? signing->days : WTL_RELEASE_DAYS) * DAY_S,
    };
    (void)snprintf(release->name, sizeof release->name, "%s", about->name);
    (void)snprintf(release->version, sizeof release->version, "%s", about->version);
    enum wtl_status status = wtl_signer_read(signing->key, &signer, error);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl_release_sign(&signer, release, image->bytes, (size_t)file->size, tail, &tail_size,
                              error);
    wtl_signer_deinit(&signer);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, image->path);
    }
    file->is_signed = true;
    return write_signed(image, signing->out != NULL ? signing->out : image->path, file, tail,
                        tail_size, error);
}

enum wtl_status wtl__module_file_sign(const char *path, const struct wtl__module_signing *signing,
                                      int64_t now_s, struct wtl__module_file *file_out,
                                      struct wtl_error *error)
{
    struct wtl__image image;
    *file_out = (struct wtl__module_file){0};
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, path);
    }
    status = read_about(&image, file_out, error);
    if (status == WTL_OK) {
        status = check_native(&image, file_out, error);
    }
    if (status != WTL_OK) {
        status = wtl__module_about(error, status, path);
    } else {
        status = sign(&image, signing, now_s, file_out, error);
    }
    wtl__image_close(&image, false);
    return status;
}

enum wtl_status wtl__module_file_verify(const char *path, const struct wtl_trusted *trusted,
                                        int64_t now_s, struct wtl__module_file *file_out,
                                        struct wtl_error *error)
{
    struct wtl__image image;
    const char *word = NULL;
    *file_out = (struct wtl__module_file){0};
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status != WTL_OK) {
        return wtl__module_about(error, status, path);
    }
    status = wtl_release_check(image.bytes, image.size, trusted, now_s, &file_out->release, &word,
                               error);
    if (status == WTL_OK) {
        file_out->is_signed = true;
        status = read_about(&image, file_out, error);
    }
    if (status == WTL_OK) {
        status = check_native(&image, file_out, error);
    }
    wtl__image_close(&image, false);
    return wtl__module_about(error, status, path);
}

enum wtl_status wtl__module_file_inspect(const char *path, struct wtl__module_file *file_out,
                                         struct wtl_error *error)
{
    struct wtl__image image;
    *file_out = (struct wtl__module_file){0};
    enum wtl_status status = wtl__image_open(path, &image, error);
    if (status == WTL_OK) {
        status = read_about(&image, file_out, error);
    }
    if (status != WTL_OK) {
        wtl__image_close(&image, false);
        return wtl__module_about(error, status, path);
    }
    file_out->is_signed =
        wtl_release_read(image.bytes, image.size, &file_out->release, NULL) == WTL_OK;
    status = check_native(&image, file_out, &file_out->refused);
    wtl__image_close(&image, false);
    return status == file_out->refused.status ? WTL_OK : status;
}
