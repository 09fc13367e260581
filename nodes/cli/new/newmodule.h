/*
 * newmodule.h - what the files of the module share: its actors, and the messages between them.
 *
 *     push sensor <~> convert <~> report
 *
 * A reading is {seq, celsius}; `convert` adds kelvin.
 */
#ifndef NEWMODULE_H
#define NEWMODULE_H

#include <wattle/flow.h>
#include <wattle/wattle.h>

extern const struct wtl_actor sensor;
extern const struct wtl_actor convert;
extern const struct wtl_actor report;

#endif
