# What the cross toolchains share. They compile the libraries and link no program, so the headers of
# libuv, liburcu, msgpack-c, libsodium, SQLite and libseccomp are enough; those are the same on
# every processor (liburcu's ask the compiler which one it is) and are borrowed from this machine
# through links in a folder of their own, because /usr/include as a whole would put this machine's
# libc in front of the target's.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${WTL_CROSS_TRIPLE}-gcc)
set(CMAKE_ASM_COMPILER ${WTL_CROSS_TRIPLE}-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_FIND_ROOT_PATH /usr/${WTL_CROSS_TRIPLE})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

# CMake reads this file again for each of its trial compilations, in the same process.
get_property(trial GLOBAL PROPERTY IN_TRY_COMPILE)
if(trial)
    return()
endif()
set(borrowed ${CMAKE_BINARY_DIR}/borrowed)
file(MAKE_DIRECTORY ${borrowed}/include ${borrowed}/pkgconfig)
# Debian has liburcu's in a folder of the processor's.
file(GLOB folders LIST_DIRECTORIES true /usr/include /usr/include/*-linux-gnu*)
foreach(header uv uv.h urcu urcu-bp.h msgpack msgpack.h sodium sodium.h sqlite3.h seccomp.h
    seccomp-syscalls.h wolfssl)
    foreach(folder ${folders})
        if(EXISTS ${folder}/${header} AND NOT EXISTS ${borrowed}/include/${header})
            file(CREATE_LINK ${folder}/${header} ${borrowed}/include/${header} SYMBOLIC)
        endif()
    endforeach()
endforeach()
foreach(module libuv liburcu-bp liburcu-cds msgpack msgpack-c libsodium sqlite3 libseccomp
    wolfssl)
    file(WRITE ${borrowed}/pkgconfig/${module}.pc
        "Name: ${module}\nDescription: borrowed headers\nVersion: 99\n"
        "Cflags: -I${borrowed}/include\n")
endforeach()
set(ENV{PKG_CONFIG_LIBDIR} ${borrowed}/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")
