# plant.cmake - copies a source with a bug planted in it; run at build time, so that it follows the
# source:  cmake -DCANARY=ack.txt -DROOT=<source tree> -DOUT=<file> -P plant.cmake
#
# A canary file says what the bug is, which source it is in, the line as it is (-) and as it would
# be with the bug (+); in tests/sim also which invariant it must break. A line that is not there
# just once (the source has changed) is no reason to stop a build: nothing is planted, and the test
# of the canary fails with these words.
file(READ ${CANARY} canary)
string(REGEX MATCH "\nsource ([^\n]+)" found "${canary}")
file(READ ${ROOT}/${CMAKE_MATCH_1} source)
string(REGEX MATCH "\n-([^\n]+)" found "${canary}")
set(line "\n${CMAKE_MATCH_1}\n")
string(REGEX MATCH "\n\\+([^\n]+)" found "${canary}")
set(bug "\n${CMAKE_MATCH_1}\n")
string(FIND "${source}" "${line}" first)
string(FIND "${source}" "${line}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
    message(WARNING "${CANARY}: its line is not in the source just once any more, so nothing is "
        "planted and the test will say so. Look for the line that it means, and write that.")
else()
    string(REPLACE "${line}" "${bug}" source "${source}")
endif()
file(WRITE ${OUT} "${source}")
