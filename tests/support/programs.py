#!/usr/bin/env -S python3 -B
"""programs.py - which test programs there are.

usage: programs.py label BUILD_FOLDER LABEL   the targets of the tests with that label, so that they
                                              can be built and nothing else
       programs.py fuzz                       NAME<tab>CORPUS_FOLDER of each fuzz target
"""
import glob
import json
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
FUZZ = re.compile(r"^\s*wtl_fuzz\(\s*(\w+)[^)]*?\bCORPUS\s+([\w./-]+)", re.M)


def with_label(folder, label):
    """Test names, which are target names: wtl_test and its like give both the same."""
    output = subprocess.run(
        ["ctest", "--test-dir", folder, "-L", f"^{label}$", "--show-only=json-v1"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [test["name"] for test in json.loads(output)["tests"]]


def fuzz_targets():
    """Read from the lists, because a fuzzing build knows its targets as no tests."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "fuzz", "**", "CMakeLists.txt"),
                                 recursive=True)):
        with open(path, encoding="utf-8") as file:
            for name, corpus in FUZZ.findall(file.read()):
                yield name, os.path.join(os.path.dirname(path), corpus)


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 3 and arguments[0] == "label":
        for name in with_label(arguments[1], arguments[2]):
            print(name)
    elif arguments == ["fuzz"]:
        for name, corpus in fuzz_targets():
            print(name, corpus, sep="\t")
    else:
        print(__doc__, file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())
