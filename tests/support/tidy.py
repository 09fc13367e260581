#!/usr/bin/env -S python3 -B
"""tidy.py - the rules of the house that no compiler and no formatter holds.

usage: tidy.py [--jobs N] [--root FOLDER]

Prints TAP: one line for each rule, and below a broken rule each place that breaks it. The rules are
the functions with @rule, at the end of this file; what a rule allows stands in a table above it.
Files are those that git knows or would add.
"""
import argparse
import os
import re
import subprocess
import sys

import arrows
from source import Source, list_files

LINE_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 700
PLACES_SHOWN_MAX = 25

C_FILE = re.compile(r"\.[ch]$")
CODE_FILE = re.compile(r"(\.(c|h|py|sh|cmake|in|flow)|(^|/)CMakeLists\.txt|^\.ci/run)$")
TEXT_FILE = re.compile(r"(\.(c|h|py|sh|cmake|in|md|txt|flow|supp|1|5|7)|^\.ci/run)$")

# Where a function has a safer neighbour, the message names it.
BANNED_CALLS = {
    "strcpy": "snprintf or a length-checked copy",
    "strcat": "snprintf",
    "stpcpy": "snprintf",
    "strncpy": "snprintf: strncpy may leave no terminator",
    "strncat": "snprintf",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "strtok": "strcspn, or strtok_r",
    "rand": "the seeded generator of base, or randombytes_buf",
    "srand": "the seeded generator of base",
    "random": "the seeded generator of base, or randombytes_buf",
    "atoi": "strtol with all its checks",
    "atol": "strtol with all its checks",
    "atof": "strtod with all its checks",
    "alloca": "a named maximum, or the heap",
    "tmpnam": "mkstemp",
    "mktemp": "mkstemp",
    "system": "posix_spawn or fork and exec",
    "popen": "posix_spawn or fork and exec",
    "gmtime": "gmtime_r",
    "localtime": "localtime_r",
    "asctime": "strftime",
    "ctime": "strftime",
    "longjmp": "siglongjmp, in the one file that catches faults",
}
# A test may ask another program, openssl for one, what it thinks of what we made; and a model of
# something that blocks may leave where that would block.
ALLOWED_IN_TESTS = {"system", "popen", "longjmp"}
# The C library's own functions, made for modules that may not bring libc's along.
BANNED_ALLOWED = {"runtime/module/support/str.c"}
SLEEPS = ("sleep", "usleep", "nanosleep", "clock_nanosleep")
# A test waits on a condition; only the helper that does the waiting may pause between two looks.
SLEEP_ALLOWED = re.compile(r"^tests/support/|^tests/(bench|scenario)/")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
UNFINISHED_ALLOWED = {"tests/support/tidy.py"}

# Atomics, locks and threads live in few files; a new one is a decision, with a page in docs/adr/.
SHARED = re.compile(
    r"\b(_Atomic|stdatomic\.h|atomic_\w+|__atomic_\w+|__sync_\w+|_Thread_local|__thread"
    r"|thread_local|pthread_\w+|mtx_\w+|thrd_\w+|cnd_\w+|sem_(?:init|wait|post)"
    r"|uv_(?:mutex|rwlock|cond|sem|thread|barrier|key|once|async)_\w+)\b"
)
SHARED_ALLOWED = [
    re.compile(pattern)
    for pattern in (
        r"^runtime/base/(cap|pool\w*|large|span|shape|log|clock)\.[ch]$",
        r"^runtime/table/(ages|change|entry|holds|hashed|ordered|read|retire)\.[ch]$",
        r"^runtime/table/(store|table\w*)\.[ch]$",
        r"^runtime/actor/(mailbox|ring|message|cell|cells|names|runtime|table\w*)\.[ch]$",
        r"^runtime/actor/(upgrade|version)\.[ch]$",
        r"^runtime/sched/",
        r"^runtime/module/(fault|guard|guard_thread|module|places)\.[ch]$",
        r"^runtime/process/(board|isolated|process|process_private|host/fault|host/work)\.[ch]$",
        r"^runtime/module/(census|upgrade)\.[ch]$",
        r"^actors/flow/(counts|registry)\.[ch]$",
        r"^nodes/net/(loop|pool|work)\w*\.[ch]$",
        r"^nodes/node/(control|snapshot)\w*\.[ch]$",
        r"^nodes/node/module_desk\.[ch]$",
        r"^nodes/node/(events|known|outbox)\.[ch]$",
        r"^certs/p256\.c$",  # its curve is made once, by whoever comes first
        r"^tests/",
    )
]

# The label alone, whatever follows: nobody who scans the tree has to wonder whether a key is a real
# one. A test that needs the label puts it together from WTL__PEM_KEY.
PRIVATE_KEY = re.compile(rb"(?:BEGIN|END) [A-Z0-9 ]*PRIVATE KEY")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:root|home/[a-z]\w*)/")

# What the documentation shows as C or CMake, and where it has to stand, word for word.
EXAMPLE = re.compile(r"^```(c|cmake)\n(.*?)^```$", re.S | re.M)
EXAMPLES_BUILT = re.compile(r"^(tests|nodes/cli/new)/.*(\.[ch]|CMakeLists\.txt)$")

RULES = []


def rule(title):
    def register(check):
        RULES.append((title, check))
        return check

    return register


def each(files, pattern):
    """Files of a kind; what a fuzzer is fed is data, whatever it is called."""
    return (file for file in files if pattern.search(file.path) and "/corpus/" not in file.path)


@rule(f"lines have {LINE_MAX} columns at most")
def line_length(files):
    for file in each(files, CODE_FILE):
        for number, line in enumerate(file.lines, 1):
            if len(line) > LINE_MAX:
                yield f"{file.path}:{number}: {len(line)} columns"


@rule(f"functions have {FUNCTION_LINES_MAX} lines at most")
def function_length(files):
    for file in each(files, C_FILE):
        for name, first, last in file.functions():
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield f"{file.path}:{first}: {name} has {last - first + 1} lines"


@rule(f"files have {FILE_LINES_MAX} lines at most")
def file_length(files):
    for file in each(files, CODE_FILE):
        if len(file.lines) > FILE_LINES_MAX:
            yield f"{file.path}: {len(file.lines)} lines; what is its second idea?"


@rule("no tabs, no trailing blanks, no CR, a newline at the end")
def whitespace(files):
    for file in each(files, TEXT_FILE):
        if file.text and not file.text.endswith("\n"):
            yield f"{file.path}: no newline at the end"
        for number, line in enumerate(file.lines, 1):
            if "\t" in line or "\r" in line or line != line.rstrip():
                yield f"{file.path}:{number}: tab, CR or trailing blank"


@rule("each C file begins with what it is")
def file_head(files):
    for file in each(files, C_FILE):
        name = os.path.basename(file.path)
        head = "\n".join(file.lines[:3])
        if not head.startswith("/*") or f"{name} - " not in head:
            yield f"{file.path}:1: expected a comment that begins with '{name} - '"


@rule("headers have a guard")
def header_guard(files):
    for file in each(files, re.compile(r"\.h$")):
        if not re.search(r"^#ifndef (\w+)\n#define \1\b|^#pragma once", file.code, re.M):
            yield f"{file.path}: no include guard"


@rule("no banned function is called")
def banned_calls(files):
    words = "|".join(BANNED_CALLS)
    call = re.compile(rf"(?<![\w.>])({words})\s*\(")
    for file in each(files, C_FILE):
        for number, match in file.matches(call):
            word = match.group(1)
            in_tests = file.path.startswith("tests/") and word in ALLOWED_IN_TESTS
            if file.path not in BANNED_ALLOWED and not in_tests:
                yield f"{file.path}:{number}: {word}; use {BANNED_CALLS[word]}"


@rule("tests wait on conditions and do not sleep")
def sleeping_tests(files):
    call = re.compile(rf"(?<![\w.>])({'|'.join(SLEEPS)})\s*\(")
    for file in each(files, re.compile(r"^tests/.*\.[ch]$")):
        if not SLEEP_ALLOWED.search(file.path):
            for number, match in file.matches(call):
                yield f"{file.path}:{number}: {match.group(1)}"


@rule("no test is switched off")
def disabled_tests(files):
    for file in each(files, re.compile(r"^tests/.*\.c$")):
        for number, _ in file.matches(re.compile(r"\.disabled\s*=\s*(true|1)")):
            yield f"{file.path}:{number}: a disabled test"


@rule("nothing is left for later in a comment")
def unfinished(files):
    for file in each(files, TEXT_FILE):
        if file.path not in UNFINISHED_ALLOWED:
            for number, line in enumerate(file.lines, 1):
                if UNFINISHED.search(line):
                    yield f"{file.path}:{number}: {line.strip()[:80]}"


@rule("atomics, locks and threads stay in their files")
def shared_state(files):
    for file in each(files, C_FILE):
        if not any(allowed.search(file.path) for allowed in SHARED_ALLOWED):
            words = [(number, match.group(1)) for number, match in file.matches(SHARED)]
            if words:
                more = f" and {len(words) - 1} more" if len(words) > 1 else ""
                yield f"{file.path}:{words[0][0]}: {words[0][1]}{more}; see SHARED_ALLOWED"


@rule("includes follow the arrows of the house")
def include_arrows(files):
    return arrows.check_includes(files)


@rule("structs are named without typedef, names begin without an underscore")
def names(files):
    typedef = re.compile(r"\btypedef\s+(?:struct|enum|union)\b[^;(]*[;{]")
    underscore = re.compile(r"^\s*#\s*define\s+(_\w+)|\b(?:struct|enum|union)\s+(_\w+)", re.M)
    for file in each(files, C_FILE):
        for pattern in (typedef, underscore):
            for number, match in file.matches(pattern):
                if "_GNU_SOURCE" not in match.group(0):
                    yield f"{file.path}:{number}: {' '.join(match.group(0).split())[:60]}"


@rule("no private key is in a file, nor the label of one")
def private_keys(files):
    for file in files:
        for match in PRIVATE_KEY.finditer(file.data):
            line = file.data.count(b"\n", 0, match.start()) + 1
            yield f"{file.path}:{line}: the label of a private key"


@rule("no folder of somebody's machine is named")
def machine_paths(files):
    for file in each(files, TEXT_FILE):
        for number, line in enumerate(file.lines, 1):
            if MACHINE_PATH.search(line) and file.path != "tests/support/tidy.py":
                yield f"{file.path}:{number}: {line.strip()[:80]}"


@rule("examples in the documentation stand in a file that is built")
def examples(files):
    built = [file.text for file in files if EXAMPLES_BUILT.search(file.path)]
    for file in each(files, re.compile(r"\.md$")):
        for match in EXAMPLE.finditer(file.text):
            if not any(match.group(2) in text for text in built):
                line = file.text.count("\n", 0, match.start()) + 1
                yield f"{file.path}:{line}: a {match.group(1)} example that no test builds"


@rule("scripts can be parsed")
def scripts(files):
    for file in files:
        first = file.lines[0] if file.lines else ""
        if file.path.endswith(".py") or "python3" in first[:40]:
            try:
                compile(file.text, file.path, "exec")
            except SyntaxError as error:
                yield f"{file.path}:{error.lineno}: {error.msg}"
        elif file.path.endswith(".sh") or re.match(r"#!.*\b(ba)?sh\b", first):
            shell = "bash" if "bash" in first else "sh"
            done = subprocess.run([shell, "-n", file.full], capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{file.path}: {done.stderr.strip()[:200]}"


def main():
    parser = argparse.ArgumentParser(description="holds the rules of the house")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    options = parser.parse_args()
    root = os.path.realpath(options.root)
    files = [Source(root, path) for path in list_files(root)]

    @rule("each header compiles alone")
    def headers_alone(every):
        return arrows.check_headers(root, every, options.jobs)

    broken = 0
    for title, check in RULES:
        places = list(check(files))
        print(f"{'not ok' if places else 'ok'} - style: {title}")
        for place in places[:PLACES_SHOWN_MAX]:
            print(f"# {place}")
        if len(places) > PLACES_SHOWN_MAX:
            print(f"# and {len(places) - PLACES_SHOWN_MAX} more")
        broken += bool(places)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
