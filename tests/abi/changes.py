#!/usr/bin/env -S python3 -B
"""changes.py - what abi.py makes of changes to the public headers: each is made in a copy of them.

usage: changes.py [--cc CC]
Prints TAP.
"""
import argparse
import os
import shutil
import sys
import tempfile

import abi

INCLUDE = os.path.join(abi.HERE, "..", "..", "runtime", "include")
MINOR = ("actor.h", "#define WTL_ABI_MINOR ", "#define WTL_ABI_MINOR 9")
MAJOR = ("actor.h", "#define WTL_ABI_MAJOR ", "#define WTL_ABI_MAJOR 9")
# how the table of functions ends
LAST_CALL = "    void (*deadline_set_ms)(struct wtl_ctx *x, uint32_t ms);\n"
STATUS = "X(STORAGE, 35,"

# (title, edits as (header, text, text instead), what is said about it; None: it holds)
CHANGES = [
    ("nothing", [], None),
    ("a function at the end of the table",
     [MINOR, ("actor.h", LAST_CALL + "};", LAST_CALL + "    void (*more)(struct wtl_ctx *x);\n};")],
     None),
    ("the same without a higher minor number",
     [("actor.h", LAST_CALL + "};", LAST_CALL + "    void (*more)(struct wtl_ctx *x);\n};")],
     "WTL_ABI_MINOR: struct wtl_api.more was added"),
    ("a function in the middle of the table",
     [MINOR, ("actor.h", "    void (*trap_exits)(",
              "    void (*more)(struct wtl_ctx *x);\n    void (*trap_exits)(")],
     "struct wtl_api: more stands before what was there"),
    ("a field that is gone", [MINOR, ("supervisor.h", "    uint32_t start_ms; ", "    //")],
     "struct wtl_child: start_ms is gone"),
    ("two functions that have changed places",
     [MINOR, ("actor.h", "    void (*link)(", "    void (*swapped)("),
      ("actor.h", "    void (*unlink)(", "    void (*link)("),
      ("actor.h", "    void (*swapped)(", "    void (*unlink)(")],
     "struct wtl_api: the order of its fields has changed"),
    ("another type of a parameter",
     [MINOR, ("actor.h", "(*demonitor)(struct wtl_ctx *x, uint64_t ref)",
              "(*demonitor)(struct wtl_ctx *x, uint32_t ref)")],
     "struct wtl_api: demonitor was _Bool (*)(struct wtl_ctx *, uint64_t), is"),
    ("another name of a parameter",
     [("actor.h", "(*demonitor)(struct wtl_ctx *x, uint64_t ref)",
       "(*demonitor)(struct wtl_ctx *x, uint64_t number)")],
     None),
    ("another type of what answers",
     [MINOR, ("actor.h", "typedef enum wtl_status (*wtl_work_fn)(void *argument,",
              "typedef enum wtl_status (*wtl_work_fn)(const void *argument,")],
     "function wtl_work_fn: was enum wtl_status (*)(void *, struct wtl_writer *), is"),
    ("a field that is moved",
     [MINOR, ("types.h", "    enum wtl_exit_class class_;\n    struct wtl_tag word;\n",
              "    struct wtl_tag word;\n    enum wtl_exit_class class_;\n")],
     "struct wtl_reason: class_ was 4 bytes at 0, is 4 at 16"),
    ("a field that is wider",
     [MINOR, ("actor.h", "    uint32_t mailbox_max; /*", "    uint64_t mailbox_max; /*")],
     "struct wtl_actor: mailbox_max was uint32_t, is uint64_t"),
    ("a field more in a struct that does not say its size",
     [MINOR, ("actor.h", "    uint64_t *ref_out; /* of the monitor */\n",
              "    uint64_t *ref_out; /* of the monitor */\n    bool more;\n")],
     "struct wtl_spawn_options: more was added, but it does not say its size"),
    ("a field more at the end of a description",
     [MINOR, ("module.h", "    uint32_t actors_count;\n};",
              "    uint32_t actors_count;\n    uint32_t pad_;\n    const char *more;\n};")],
     "struct wtl_module: pad_ lies at 60, in the padding of the 64 bytes"),
    ("the same behind the padding",
     [MINOR, ("actor.h", "around.h */\n};",
              "around.h */\n    const char *more;\n};")],
     None),
    ("a value of an enum that is changed",
     [MINOR, ("actor.h", "WTL_FIELD_I64 = 1,", "WTL_FIELD_I64 = 7,")],
     "enum wtl_field_type: WTL_FIELD_I64 was 1, is 7"),
    ("a value in the middle of an enum",
     [MINOR, ("supervisor.h", "    WTL_ONE_FOR_ALL,", "    WTL_MORE_,\n    WTL_ONE_FOR_ALL,")],
     "enum wtl_strategy: WTL_ONE_FOR_ALL was 1, is 2"),
    ("a value that is used again",
     [MINOR, ("status.h", STATUS, 'X(MORE_YET, 7, "a", "b") ' + STATUS)],
     "enum wtl_status: WTL_MORE_YET is 7, as WTL_INVALID was"),
    ("a value at the end of an enum",
     [MINOR, ("status.h", STATUS, 'X(MORE_YET, 99, "a", "b") ' + STATUS)],
     None),
    ("a flag that is changed", [("actor.h", "#define WTL_FD_READ  1u", "#define WTL_FD_READ  4u")],
     "constant WTL_FD_READ: was 1, is 4"),
    ("another name for a section of a module's file",
     [("module.h", '_ABOUT_SECTION    "wtl_about"', '_ABOUT_SECTION    "wtl_what"')],
     'constant WTL_MODULE_ABOUT_SECTION: was "wtl_about", is "wtl_what"'),
    ("a bound that is changed",
     [("types.h", "#define WTL_BODY_MAX (16u", "#define WTL_BODY_MAX (17u")], None),
    ("everything, with a higher major number",
     [MAJOR, ("actor.h", "WTL_FIELD_I64 = 1,", "WTL_FIELD_I64 = 7,")], None),
]


def edit(folder, header, text, instead):
    path = os.path.join(folder, "wattle", header)
    with open(path, encoding="utf-8") as file:
        old = file.read()
    if text not in old:
        raise SystemExit(f"changes.py: {header} has no {text!r} any more: say the change anew")
    if instead.startswith("#define WTL_ABI_M"):
        begin = old.index(text)
        text = old[begin : old.index("\n", begin)]
    with open(path, "w", encoding="utf-8") as file:
        file.write(old.replace(text, instead, 1))


def broken_by(cc, old, edits):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(INCLUDE, "wattle"), os.path.join(folder, "wattle"))
        for header, text, instead in edits:
            edit(folder, header, text, instead)
        return abi.Comparison(old, abi.parse(abi.describe(cc, folder))).broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cc", default="cc")
    options = parser.parse_args()
    old = abi.parse(abi.describe(options.cc, INCLUDE))
    failed = 0
    for title, edits, expected in CHANGES:
        broken = broken_by(options.cc, old, edits)
        good = any(expected in text for text in broken) if expected else not broken
        failed += not good
        print(f"{'ok' if good else 'not ok'} - abi: {title}")
        for text in broken if not good else []:
            print(f"# {text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
