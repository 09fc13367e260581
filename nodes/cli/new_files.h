/*
 * new_files.h - the files of new/, put into the command when it is built: what `wattle new` makes.
 *
 * They are a module whose name is `newmodule`; that word, in their names and their text, stands for
 * the name of the module that is made.
 */
#ifndef WTL_CLI_NEW_FILES_H
#define WTL_CLI_NEW_FILES_H

#include <stddef.h>
#include <stdint.h>

struct wtl__new_file {
    const char *name; /* a name that has to begin with a dot is here without it */
    const unsigned char *text;
    size_t size;
};

extern const struct wtl__new_file wtl__new_files[];
extern const uint32_t wtl__new_files_count;

#endif
