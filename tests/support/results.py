#!/usr/bin/env -S python3 -B
"""results.py - counts the single tests of one ctest run.

usage: results.py JUNIT [SANITIZER_LOG_PREFIX]

Reads the JUnit file that ctest wrote. A criterion program prints TAP, so each of its tests counts;
any other program is one test. What criterion lets pass does not pass here: a sanitizer report or a
leak, in the output or in a file that starts with the given prefix, is one more failure, and a
program that failed without naming a test is one as well. Skipped tests count for neither side.

The first line printed is "PASSED FAILED"; every further line says what failed.
"""
import glob
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

TAP = re.compile(r"^(ok|not ok)\s+-\s*(.*)((?:\n[ \t]+(?!ok|not ok)\S.*)*)", re.M)
FRAME = re.compile(r"^ +#\d+ (?:0x\w+ in )?(\w+) (\S+?:\d+)", re.M)
REPORT = re.compile(
    r"^.*(?:ERROR: (?:Address|Leak)Sanitizer|LeakSanitizer: detected|runtime error: "
    r"|WARNING: ThreadSanitizer|LeakSanitizer has encountered|ThreadSanitizer: ).*$",
    re.M,
)
REPORTS_SHOWN_MAX = 20
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def count_program(case):
    """The (passed, failures) of one ctest entry."""
    name = case.get("name", "?")
    output = case.findtext("system-out") or ""
    status = case.get("status", "")
    if status == "disabled":
        return 0, []
    if status == "notrun":
        if case.find("skipped") is not None and "SKIP_RETURN_CODE" in ElementTree.tostring(
            case, encoding="unicode"
        ):
            return 0, []
        return 0, [f"{name}: was not run (not built?)"]
    results = TAP.findall(output)
    passed = 0
    failures = []
    for verdict, title, why in results:
        if verdict == "not ok":
            failures.append(f"{name}: {title.strip()}: {' '.join(why.split())}"[:300])
        elif "# SKIP" not in title.upper():
            passed += 1
    if status != "run" and not failures:
        why = case.find("failure")
        message = why.get("message", "") if why is not None else ""
        tail = " | ".join(line.strip() for line in output.strip().splitlines()[-3:])
        failures.append(f"{name}: program failed ({message or status}): {tail[:300]}")
    if not results and not failures:
        passed = 1
    for report in REPORT.findall(output)[:REPORTS_SHOWN_MAX]:
        failures.append(f"{name}: {report.strip()[:200]}")
    return passed, failures


def sanitizer_files(prefix):
    """One failure for each report file that a sanitizer wrote."""
    failures = []
    for path in sorted(glob.glob(glob.escape(prefix) + "*")):
        if "_canary_" in os.path.basename(path):
            continue  # a planted bug: its test wants the report
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        found = REPORT.search(text)
        if found:
            report = found.group(0).strip()[:200]
            failures.append(f"{os.path.basename(path)}: {report}{where(text)}")
    return failures


def where(text):
    """The first frame of a stack that is in this tree."""
    for function, place in FRAME.findall(text):
        if place.startswith(ROOT + os.sep):
            return f", in {function} at {os.path.relpath(place, ROOT)}"
    return ""


def main():
    if len(sys.argv) not in (2, 3):
        print("usage: results.py JUNIT [SANITIZER_LOG_PREFIX]", file=sys.stderr)
        return 64
    passed = 0
    failures = []
    try:
        cases = ElementTree.parse(sys.argv[1]).getroot().iter("testcase")
        for case in cases:
            more, wrong = count_program(case)
            passed += more
            failures += wrong
    except (OSError, ElementTree.ParseError) as error:
        failures.append(f"no result of ctest can be read: {error}")
    if len(sys.argv) == 3:
        failures += sanitizer_files(sys.argv[2])
    print(passed, len(failures))
    for failure in failures:
        print(failure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
