#!/usr/bin/env bash
#
# package.sh - installs a build and uses it as a stranger would, with CMake and with pkg-config.
#
# usage: package.sh BUILD_FOLDER WORK_FOLDER
# Prints TAP. The tree is installed in one place and moved to another before it is used, because a
# package that only works where it was built is no package.
set -u
here=$(cd "$(dirname "$0")" && pwd)
source_root=$(cd "$here/../../.." && pwd)
build=${1:?usage: package.sh BUILD_FOLDER WORK_FOLDER}
work=${2:?usage: package.sh BUILD_FOLDER WORK_FOLDER}
tested=$source_root/tests/unit/testkit/example.c
failed=0

check()
{
    local title=$1
    shift
    if "$@"; then
        echo "ok - package: $title"
    else
        echo "not ok - package: $title"
        failed=1
    fi
}

install_and_move()
{
    rm -rf "$work" && mkdir -p "$work" &&
        cmake --install "$build" --prefix "$work/first" >"$work/install.log" &&
        mv "$work/first" "$work/moved"
}

# Every public header is there, and no private one.
headers_complete()
{
    diff <(cd "$source_root/runtime/include" && find . -name '*.h' | sort) \
        <(cd "$work/moved/include" && find . -name '*.h' | sort)
}

# A name of ours that does not begin with wtl_ could clash with one of the user's. wolfSSL has names
# of its own, which only a program sees that links a node.
symbols_prefixed()
{
    local archive bad seen=no
    for archive in "$work"/moved/lib*/libwtl_*.a "$work"/moved/lib/*/libwtl_*.a; do
        [ -e "$archive" ] || continue
        [ "$(basename "$archive")" != libwtl_wolfssl.a ] || continue
        seen=yes
        bad=$(nm -g --defined-only "$archive" 2>/dev/null |
            awk 'NF == 3 && $3 !~ /^(__wrap_)?wtl_/ {print $3}')
        if [ -n "$bad" ]; then
            echo "# $(basename "$archive"): $bad"
            return 1
        fi
    done
    [ $seen = yes ]
}

no_build_paths()
{
    ! grep -rnI -F -e "$source_root" -e "$build" --include='*.cmake' --include='*.pc' \
        --include='*.h' "$work/moved"
}

with_cmake()
{
    cmake -S "$here" -B "$work/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$work/moved" &&
        cmake --build "$work/cmake" && "$work/cmake/consumer"
}

with_pkg_config()
{
    local pc flags
    pc=$(dirname "$(find "$work/moved" -name wattle.pc)") &&
        flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs wattle) &&
        # shellcheck disable=SC2086 # the flags are words
        cc -std=c17 -Wall -Wextra -Werror -o "$work/consumer-pc" "$here/consumer.c" $flags &&
        "$work/consumer-pc"
}

# The test kit, by both ways: a program of tests of somebody else.
tests_with_cmake()
{
    cmake --build "$work/cmake" && "$work/cmake/tested"
}

tests_with_pkg_config()
{
    local pc flags
    pc=$(dirname "$(find "$work/moved" -name wattle-test.pc)") &&
        flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs wattle-test) &&
        # shellcheck disable=SC2086 # the flags are words
        cc -std=gnu17 -Wall -Wextra -Wpedantic -Werror -o "$work/tested-pc" "$tested" $flags &&
        "$work/tested-pc"
}

check "installs, and can be moved" install_and_move
# With nothing installed, the checks below would say nothing.
[ $failed -eq 0 ] || exit 1
check "has the public headers and no others" headers_complete
check "exports no name without the prefix" symbols_prefixed
check "mentions no folder of the build" no_build_paths
check "is found and linked by CMake" with_cmake
check "is found and linked by pkg-config" with_pkg_config
check "tests actors with the kit, linked by CMake" tests_with_cmake
check "tests actors with the kit, linked by pkg-config" tests_with_pkg_config
exit $failed
