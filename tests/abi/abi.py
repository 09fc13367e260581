#!/usr/bin/env -S python3 -B
"""abi.py - does the ABI between modules and nodes hold what the last release has promised?

usage: abi.py check|record|show [--cc CC] [--include FOLDER] [--record FILE]
  check   compares the public headers with the record of the last release; exit 1 and one line for
          each promise that is broken
  record  writes the record: what a release does, once
  show    prints the description of the headers

A module of the last release runs on every later node of the same major number. So of all types that
cross the border between the two:
  - a struct that says its own size grows at its end only, behind what it was in the release, its
    padding included; every other struct stays as it is
  - a value of an enum, and a flag, stays and is never used again for something else
  - a function keeps its type
and WTL_ABI_MINOR is above the release's as soon as anything was added, because a module that uses
it needs a node that has it. A higher WTL_ABI_MAJOR breaks with all of it.

Sizes and offsets are asked of the compiler; a record that was made for pointers of another size is
compared without them.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import declared

HERE = os.path.dirname(os.path.realpath(__file__))
HEADERS = ["wattle.h", "flow.h", "module.h"]
# What both sides see first; all else is reached from here. The enums travel as plain numbers.
ROOTS = ["struct wtl_module", "struct wtl_ctx", "struct wtl_stage", "enum wtl_log_level",
         "enum wtl_supervisor_verb"]
# Structs that begin with, or hold, their own size.
GROW = {"struct wtl_module", "struct wtl_actor", "struct wtl_api", "struct wtl_stage_api",
        "struct wtl_table_api"}
# Bounds and defaults may change; flags and values that stand for something may not.
BOUND = re.compile(r"_(MAX|MIN|LIMIT|DEFAULT|MS|EVERY|ROW|BYTES|MESSAGES|AHEAD|ONCE|DEPTH)$")
OURS = re.compile(r"^WTL_(ABI|SHAPE|STATES|POOL)")
# Names that a module's file holds.
NAME = re.compile(r'"\w+"|wtl_\w+')


def reach(found):
    """The names of all types that are reached from the roots, in the order in which they are."""
    names, at = list(ROOTS), 0
    while at < len(names):
        entry = found.get(names[at], "")
        texts = [entry] if isinstance(entry, str) else [
            field[1] for field in entry if not isinstance(field, str)]
        for word in re.findall(r"(?:struct|enum) \w+|wtl_\w+", " ".join(texts)):
            if word in found and word not in names:
                names.append(word)
        at += 1
    return [name for name in names if name in found]


def probe(cc, include, lines):
    """What the compiler says to each line: a program that prints one number for each."""
    source = "".join(f"#include <wattle/{header}>\n" for header in HEADERS)
    source += "#include <stdio.h>\nint main(void)\n{\n"
    source += "".join(f'    printf("%lld\\n", (long long)({line}));\n' for line in lines) + "}\n"
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "probe")
        command = [cc, "-std=gnu17", "-w", "-I", include, "-o", program, "-xc", "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"abi: the headers cannot be compiled:\n{done.stderr}")
        said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in said.split()]


def is_number(text):
    return re.fullmatch(r"[\s()0-9a-fA-FxXuUlL<+*-]+|\(?U?INT(8|16|32|64)_(MAX|C\(\w+\)).*", text)


def describe(cc, include):
    """The description, as a list of lines; a line that is indented belongs to the one above."""
    found = declared.declarations(declared.preprocess(cc, include, HEADERS))
    macros = declared.preprocess(cc, include, HEADERS, macros=True)
    constants = sorted(name for name, text in macros.items()
                       if is_number(text) and not BOUND.search(name) and not OURS.search(name))
    rows = [("abi", "WTL_ABI_MAJOR"), (".", "WTL_ABI_MINOR"), ("pointer", "sizeof(void *)")]
    for name in reach(found):
        if name.startswith("struct"):
            rows.append((name + (" grows" if name in GROW else " is fixed"), f"sizeof({name})"))
            for field, text in found[name]:
                rows.append((f"    {field} : {text}", f"__builtin_offsetof({name}, {field})"))
                rows.append((".", f"sizeof((({name} *)0)->{field})"))
        elif name.startswith("enum"):
            rows.append((name, None))
            rows += [(f"    {value}", value) for value in found[name]]
        else:
            rows.append((f"function {name} : {found[name]}", None))
    rows += [(f"constant {name}", name) for name in constants]
    rows += [(f"constant {name} : {text}", None) for name, text in sorted(macros.items())
             if NAME.fullmatch(text) and not OURS.search(name)]
    numbers = iter(probe(cc, include, [asked for _, asked in rows if asked is not None]))
    lines = []
    for text, asked in rows:
        if text == ".":
            lines[-1] += f" {next(numbers)}"
        else:
            lines.append(text + (f" = {next(numbers)}" if asked is not None else ""))
    return lines


def parse(lines):
    """{head: (numbers, {item: (type, numbers)})} of a description."""
    parts, items = {}, {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        text, _, numbers = line.partition(" = ")
        name, _, kind = text.strip().partition(" : ")
        numbers = [int(number) for number in numbers.split()]
        if line.startswith(" "):
            items[name] = (kind, numbers)
        else:
            items = {}
            head = re.sub(r" (grows|is fixed)$", "", name)
            parts[head] = (kind or name[len(head):].strip(), numbers, items)
    return parts


class Comparison:
    """What is broken of `old` in `new`, and what was added to it."""

    def __init__(self, old, new):
        self.broken, self.added = [], []
        self.same_machine = old["pointer"][1] == new["pointer"][1]
        for head, (kind, numbers, items) in old.items():
            if head in ("abi", "pointer"):
                continue
            if head not in new:
                self.broken.append(f"{head}: is gone")
            elif head.startswith("struct"):
                self.struct(head, kind == "grows", numbers[0], items, new[head])
            elif head.startswith("enum"):
                self.enum(head, items, new[head][2])
            else:
                self.single(head, (kind, numbers), new[head][:2])
        self.added += [head for head in new if head not in old]
        if self.added and new["abi"][1] <= old["abi"][1]:
            self.broken.append(
                f"WTL_ABI_MINOR: {self.added[0]} was added (and {len(self.added) - 1} more), so it "
                f"has to be above {old['abi'][1][1]}, that of the last release"
            )
        if new["abi"][1][0] > old["abi"][1][0]:
            self.broken = []

    def single(self, head, old, new):
        if old[0] != new[0]:
            self.broken.append(f"{head}: was {old[0]}, is {new[0]}")
        elif old[1] != new[1]:
            self.broken.append(f"{head}: was {old[1][0]}, is {new[1][0]}")

    def struct(self, head, grows, size, items, new):
        for name, (kind, numbers) in items.items():
            if name not in new[2]:
                self.broken.append(f"{head}: {name} is gone")
                continue
            new_kind, new_numbers = new[2][name]
            if kind != new_kind:
                self.broken.append(f"{head}: {name} was {kind}, is {new_kind}")
            elif self.same_machine and numbers != new_numbers:
                self.broken.append(
                    f"{head}: {name} was {numbers[1]} bytes at {numbers[0]}, is {new_numbers[1]} "
                    f"at {new_numbers[0]}"
                )
        if list(items) != [name for name in new[2] if name in items]:
            self.broken.append(f"{head}: the order of its fields has changed")
        for name in list(new[2])[: len(items)]:
            if name not in items:
                self.broken.append(f"{head}: {name} stands before what was there, not at the end")
        more = [name for name in new[2] if name not in items]
        self.added += [f"{head}.{name}" for name in more]
        if not grows and more:
            self.broken.append(
                f"{head}: {more[0]} was added, but it does not say its size, so that nobody can "
                "know whether it is there"
            )
        elif more and self.same_machine and new[2][more[0]][1][0] < size:
            self.broken.append(
                f"{head}: {more[0]} lies at {new[2][more[0]][1][0]}, in the padding of the "
                f"{size} bytes that it had: older modules seem to have it; put it behind them"
            )

    def enum(self, head, items, new):
        for name, (_, numbers) in items.items():
            if name not in new:
                self.broken.append(f"{head}: {name} is gone")
            elif numbers != new[name][1]:
                self.broken.append(f"{head}: {name} was {numbers[0]}, is {new[name][1][0]}")
        taken = {numbers[0]: name for name, (_, numbers) in items.items()}
        for name, (_, numbers) in new.items():
            if name not in items:
                self.added.append(f"{head} {name}")
                if numbers[0] in taken:
                    was = taken[numbers[0]]
                    self.broken.append(f"{head}: {name} is {numbers[0]}, as {was} was")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("verb", choices=["check", "record", "show"])
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--include", default=os.path.join(HERE, "..", "..", "runtime", "include"))
    parser.add_argument("--record", default=os.path.join(HERE, "released.abi"))
    options = parser.parse_args()
    lines = describe(options.cc, options.include)
    if options.verb == "show":
        print("\n".join(lines))
        return 0
    if options.verb == "record":
        with open(options.record, "w", encoding="utf-8") as file:
            file.write("# The ABI between modules and nodes as of the last release; see abi.py.\n")
            file.write("\n".join(lines) + "\n")
        return 0
    with open(options.record, encoding="utf-8") as file:
        old = parse(file.read().split("\n"))
    comparison = Comparison(old, parse(lines))
    for text in comparison.broken:
        print(f"abi: {text}")
    if comparison.broken:
        print("abi: modules of the last release would not run: see the head of tests/abi/abi.py. "
              "Until there is a first release, `tests/abi/abi.py record` settles it as well.")
        return 1
    print(f"the ABI holds, with {len(comparison.added)} additions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
