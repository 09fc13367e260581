#!/usr/bin/env -S python3 -B
"""lint.py - clang-format over every C file, and clang-tidy over those of a build.

usage: lint.py format
       lint.py tidy [--jobs N] [--analyze] BUILD_FOLDER

Prints one line of TAP. BUILD_FOLDER was configured for clang; its compile_commands.json says what
to look at and how. --analyze adds the path-following analyzer outside of tests: ten times the time.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

from source import list_files

PLACES_SHOWN_MAX = 25
# Added to the checks of .clang-tidy. What is left out wants memcpy_s and its like, which glibc has
# not; and takes a va_list for unset right behind its va_start.
ANALYZER = (
    "clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,"
    "-clang-analyzer-valist.Uninitialized"
)
FINDING = re.compile(r": (warning|error): ")


def report(title, places):
    print(f"{'not ok' if places else 'ok'} - style: {title}")
    for place in places[:PLACES_SHOWN_MAX]:
        print(f"# {place}")
    if len(places) > PLACES_SHOWN_MAX:
        print(f"# and {len(places) - PLACES_SHOWN_MAX} more")


def check_format(root, paths):
    """One line for each file that clang-format would change."""
    places = {}
    for start in range(0, len(paths), 100):
        done = subprocess.run(
            ["clang-format", "--dry-run", "-Werror", *paths[start : start + 100]],
            cwd=root, capture_output=True, text=True,
        )
        for line in done.stderr.splitlines():
            found = re.match(r"(.+?):(\d+):\d+: error: (.*)", line)
            if found:
                path = os.path.relpath(os.path.join(root, found.group(1)), root)
                text = found.group(3).replace("code should be clang-formatted", "not formatted")
                places.setdefault(path, f"{path}:{found.group(2)}: {text}")
        if done.returncode != 0 and not places:
            return [f"clang-format failed: {done.stderr.strip()[:200]}"]
    return list(places.values())


def tree_path(root, line):
    """A finding with its place as a path of the tree: headers are reached by links."""
    path, rest = line.split(":", 1)
    return os.path.relpath(os.path.realpath(os.path.join(root, path)), root) + ":" + rest


def check_tidy(root, build, analyze, jobs):
    """The number of files, and one line for each finding."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        known = {os.path.realpath(entry["file"]) for entry in json.load(file)}
    # A library that the build folder holds is compiled with it, and is not ours to check.
    paths = [path for path in list_files(root) if os.path.join(root, path) in known]

    def tidy(path):
        command = ["clang-tidy", "--quiet", "-p", build]
        if analyze and not path.startswith("tests/"):
            command.append(f"--checks={ANALYZER}")
        done = subprocess.run(command + [path], cwd=root, capture_output=True, text=True)
        found = [line for line in done.stdout.splitlines() if FINDING.search(line)]
        if done.returncode != 0 and not found:
            found = [f"{path}: clang-tidy failed: {done.stderr.strip()[-200:]}"]
        return [tree_path(root, line) for line in found]

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        findings = [line for lines in pool.map(tidy, paths) for line in lines]
    return len(paths), sorted(set(findings))


def main():
    parser = argparse.ArgumentParser(description="clang-format and clang-tidy")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("format")
    tidy = commands.add_parser("tidy")
    tidy.add_argument("--jobs", type=int, default=2)
    tidy.add_argument("--analyze", action="store_true")
    tidy.add_argument("build")
    options = parser.parse_args()
    root = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
    if options.command == "format":
        paths = [path for path in list_files(root) if path.endswith((".c", ".h"))]
        report(f"clang-format over {len(paths)} files", check_format(root, paths))
    elif os.path.exists(os.path.join(options.build, "compile_commands.json")):
        count, findings = check_tidy(root, options.build, options.analyze, options.jobs)
        report(f"clang-tidy over {count} files", findings)
    else:
        report("clang-tidy", [f"{options.build} has no compile_commands.json; was it configured?"])


if __name__ == "__main__":
    sys.exit(main())
