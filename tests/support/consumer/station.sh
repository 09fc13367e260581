#!/bin/sh
# station.sh - a node that has modules linked in, made by wattle_add_node() with the installed
# package: two modules whose functions and actors have the same names, each with its own.
# usage: station.sh WATTLE, the command of the installed package. Prints TAP.
# shellcheck source=tests/scenario/kit.sh
. "$(dirname "$0")/../../scenario/kit.sh"
here=$(cd "$OLDPWD" && cd "$(dirname "$0")" && pwd)
CMAKE_PREFIX_PATH=$(dirname "$(dirname "$wattle")")
export CMAKE_PREFIX_PATH

"$wattle" new rain -q && "$wattle" new snow -q
result $? "two modules"
sed -i 's/"1s", "ms"/"50ms", "ms"/' snow/sensor.c
expect 0 "a node with both of them is configured" \
    cmake -S "$here/station" -B build -G Ninja "-DMODULES=$work"
expect 0 "and built" cmake --build build
has_not "warning:" "without a warning"
wattle=$work/build/station
expect 0 "it is the command" "$wattle" version
has "^with the module rain 0.1.0$" "and says that it has rain"
has "^with the module snow 0.1.0$" "and snow"
expect 0 "as JSON" "$wattle" version --json
json "too" '[m["name"] for m in it["modules"]] == ["rain", "snow"]'
[ "$(nm "$wattle" | grep -c ' [Dd] sensor$\| [Rr] sensor$')" -eq 2 ]
result $? "each has a sensor of its own, which nobody else sees"

cat >both.flow <<END
flow both {
  rain      = rain.sensor  @edge { period_ms = 50ms, celsius = 5 }
  rain_out  = rain.report  @edge
  snow      = snow.sensor  @edge { celsius = -5 }
  snow_conv = snow.convert @edge
  snow_out  = snow.report  @edge

  push rain <~> rain_out
  push snow <~> snow_conv <~> snow_out
}
END
ca
identity edge-1 edge
start edge-1 --listen 127.0.0.1:0 --flow both.flow
edge=$pid
WTL_CONTROL=$work/edge-1.sock
export WTL_CONTROL
flows() { # flows STAGE: whether messages have come to it
    "$wattle" flow show both --json | python3 -c 'import json, sys
print(any(row["stage"] == sys.argv[1] and row["in"] > 3 for row in json.load(sys.stdin)))' "$1"
}
await True flows rain_out
result $? "readings of the one module flow, without --module and without --dev"
await True flows snow_out
result $? "and those of the other"
expect 0 "its actors" "$wattle" actor ls
for stage in rain rain_out snow snow_conv snow_out; do
    has "$stage" "are there: $stage"
done
stop edge-1 "$edge"

# ---- what is wrong

refuse_build() { # refuse_build WORDS TITLE LINE: CMake refuses a project with that line
    mkdir -p wrong
    {
        sed '/^wattle_add_node/d' "$here/station/CMakeLists.txt"
        echo "$3"
    } >wrong/CMakeLists.txt
    cmake -S wrong -B wrong/build -G Ninja "-DMODULES=$work" >out 2>err
    [ $? -ne 0 ] && tr -s ' \n' '  ' <err | grep -q -e "$1"
    refused_it=$?
    result $refused_it "$2"
    [ $refused_it -eq 0 ] || show_output
}
refuse_build "there is no module hail; expected the name of a target" "a module that is not there" \
    "wattle_add_node(station MODULES rain hail)"
refuse_build "expected wattle_add_node(NAME MODULES module" "no modules" \
    "wattle_add_node(station rain)"
expect 65 "the same module, linked in and loaded" "$wattle" node start --id edge-1.bundle \
    --listen 127.0.0.1:0 --dev --module "$work/build/rain/rain.so"
has "as one that is loaded already" "is said to be there twice"
end
