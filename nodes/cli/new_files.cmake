# new_files.cmake - files as a table in C, see new_files.h: cmake -DFOLDER=... -DNAMES=a,b -DOUT=...
# -P new_files.cmake
string(REPLACE "," ";" names "${NAMES}")
set(arrays "")
set(rows "")
set(count 0)
foreach(name ${names})
    file(READ ${FOLDER}/${name} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const unsigned char file_${count}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${name}\", file_${count}, sizeof file_${count}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT}.new "/* new_files.c - made by new_files.cmake. */
#include \"cli/new_files.h\"

${arrays}
const struct wtl__new_file wtl__new_files[] = {
${rows}};
const uint32_t wtl__new_files_count = ${count};
")
file(RENAME ${OUT}.new ${OUT})
