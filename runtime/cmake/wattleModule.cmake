# wattle_add_module(NAME source.c ... [LIBRARIES library ...]): an actor module, NAME.so, that a
# node can load. It exports its entry alone, imports nothing of wattle, and has mem* and str* of its
# own, so that a fault in them is the module's. For LIBRARIES other than the C library the module
# says WTL_MODULE_NEEDS("libname.so.1").
function(wattle_add_module name)
    cmake_parse_arguments(PARSE_ARGV 1 MODULE "" "" "LIBRARIES")
    add_library(${name} MODULE ${MODULE_UNPARSED_ARGUMENTS})
    set_target_properties(${name} PROPERTIES
        PREFIX ""
        SUFFIX ".so"
        C_VISIBILITY_PRESET hidden
        POSITION_INDEPENDENT_CODE ON
        SKIP_BUILD_RPATH ON
        INSTALL_RPATH "")
    # Frames are probed page by page, so that a stack that is too small meets its guard page.
    target_compile_options(${name} PRIVATE
        -fno-omit-frame-pointer -funwind-tables -fstack-clash-protection)
    target_link_libraries(${name} PRIVATE wattle::module_support ${MODULE_LIBRARIES})
    target_link_options(${name} PRIVATE
        -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,--as-needed -Wl,--exclude-libs,ALL)
    # A sanitizer's own functions are in the program.
    get_target_property(options ${name} LINK_OPTIONS)
    if(NOT WTL_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${options}" MATCHES "fsanitize")
        target_link_options(${name} PRIVATE -Wl,-z,defs)
    endif()
endfunction()
