/*
 * node.h - a program that is a node with modules linked in, for devices that cannot load any.
 *
 *     extern const struct wtl_module *rain(void);
 *
 *     int main(int argc, char *argv[])
 *     {
 *         static const wtl_module_entry_fn modules[] = {rain};
 *         return wtl_node_main(argc, argv, modules, 1);
 *     }
 *
 * In CMake, wattle_add_node(NAME MODULES ...) makes such a program of modules; it writes this, and
 * gives the entry of each module a name of its own.
 *
 * The program is the command `wattle`: `NAME node start --id FILE` runs the node, and every other
 * command works as well. Its modules are on the node from the start, beside those of --module; they
 * are checked as loaded ones are, but for what is read from a file: nobody looks for writable
 * static data. Their code is the program's, so that a fault in it ends the node.
 */
#ifndef WATTLE_NODE_H
#define WATTLE_NODE_H

#include <wattle/module.h>

/* A module's entry: what WTL_MODULE defines. */
typedef const struct wtl_module *(*wtl_module_entry_fn)(void);

/* Runs the command, with so many modules, and returns its exit code.
 * Thread: the main one, once. Bounds: as many modules as a node may have; one more is an error of
 * `node start`. */
int wtl_node_main(int argc, char *argv[], const wtl_module_entry_fn *modules, size_t count);

#endif
