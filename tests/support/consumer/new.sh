#!/bin/sh
# new.sh - what `wattle new` makes, as its user has it: built and tested with one command against an
# installed package, run by a node, and built by hand with pkg-config.
# usage: new.sh WATTLE, the command of the installed package. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/../../scenario/kit.sh"
prefix=$(dirname "$(dirname "$wattle")")
CMAKE_PREFIX_PATH=$prefix
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name wattle.pc)")
export CMAKE_PREFIX_PATH PKG_CONFIG_PATH

# ---- one command to make it, one to build and to test it

expect 0 "U01: wattle new" "$wattle" new rain
has "^next: cd rain && cmake --workflow --preset test$" "and what to do next"
cd rain || exit 1
expect 0 "U01: it builds and tests itself with one command" cmake --workflow --preset test
has "100% tests passed, 0 tests failed out of 2" "its actors and its flow are tested"
has_not "warning:" "without a warning"
expect 0 "its actors in turn, with one seed alone" env WTL_TEST_SEED=7 build/rain_test
has "^ok - convert is restarted (1 seed" "the one that was asked for"
cmake --install build --prefix "$work/installed" >out 2>err &&
    [ -e "$work/installed/lib/wattle/rain.so" ]
result $? "it can be installed"
sed -i 's/kelvin=%lf", seq, celsius, celsius + 273.15/kelvin=%lf", seq, celsius, celsius/' convert.c
cmake --workflow --preset test >out 2>err
[ $? -ne 0 ]
result $? "a mistake in it is found"
has "^not ok - convert adds kelvin$" "by the test of that actor"
has "WTL_TEST_SEED=1" "which says how to repeat it"
cd "$work" || exit 1

# ---- as its README has it: a mesh of one node that runs its flow

expect 0 "once more, in a folder of another name" "$wattle" new rain --dir again
(cd again && cmake --workflow --preset test >"$work/again.log" 2>&1)
result $? "built and tested"
ca
identity edge-1 edge
start edge-1 --listen 127.0.0.1:0 --dev --module again/build/rain.so --flow again/rain.flow
edge=$pid
WTL_CONTROL=$work/edge-1.sock
export WTL_CONTROL
await '"stage":"report","node":"edge-1".*"in":[1-9]' "$wattle" flow show rain --json
result $? "a node loads it, and readings arrive at its consumer"
expect 0 "wattle actor ls" "$wattle" actor ls
for actor in sensor convert report; do
    has "rain\.$actor\|rain/$actor\| $actor " "with its $actor"
done
stop edge-1 "$edge"

# ---- by hand

# shellcheck disable=SC2046 # the flags are words
cc -std=gnu17 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden \
    $(pkg-config --cflags wattle-module) \
    again/rain.c again/sensor.c again/convert.c again/report.c \
    $(pkg-config --libs wattle-module) -o rain.so 2>err
result $? "pkg-config: a module is built without CMake"
[ "$(nm -D --defined-only rain.so | awk '{print $3}')" = wtl_module_entry ]
result $? "it exports its entry alone"
# shellcheck disable=SC2046
cc -std=gnu17 -Wall -Wextra -Werror "-DMODULE=\"$work/rain.so\"" \
    $(pkg-config --cflags wattle-test) again/rain_test.c $(pkg-config --libs wattle-test) \
    -o rain_test 2>err
result $? "pkg-config: its tests are built without CMake"
expect 0 "they pass" ./rain_test
start edge-1 --listen 127.0.0.1:0 --dev --module rain.so --flow again/rain.flow
edge=$pid
await '"stage":"report","node":"edge-1".*"in":[1-9]' "$wattle" flow show rain --json
result $? "and a node runs it"
stop edge-1 "$edge"
end
