#!/usr/bin/env bash
# canary.sh PROGRAM: whether the leak of a criterion test is reported under the options that the
# other tests run with. The report comes here, not to the file where it would count as a failure.
set -uo pipefail
report=$(ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=1:log_path=stderr \
    UBSAN_OPTIONS=log_path=stderr "$1" 2>&1) # UBSAN's path would win
if ! grep -q 'leak of 777 byte' <<<"$report"; then
    printf '%s\n' "expected a report of the 777 bytes that the test leaks, and there is none:" \
        "$report" "see whose.c, and LSAN_OPTIONS"
    exit 1
fi
