# wattle_add_node(NAME MODULES module ...): a program that is a node with those modules linked in,
# for devices that cannot load any: `NAME node start --id FILE`, and every other command of wattle.
# The modules are targets of wattle_add_module(); what is linked in is their very object files.
function(wattle_add_node name)
    cmake_parse_arguments(PARSE_ARGV 1 NODE "" "" "MODULES")
    if(NOT NODE_MODULES OR NODE_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "expected wattle_add_node(NAME MODULES module ...), "
            "got wattle_add_node(${ARGV})")
    endif()
    if(NOT TARGET wattle::node)
        message(FATAL_ERROR "wattle_add_node(${name}): this wattle has no node to link with, "
            "because it was built without one (WTL_BUILD_NODES)")
    endif()
    if(wattle_NODE_MISSING)
        message(FATAL_ERROR "wattle_add_node(${name}): a node needs the pkg-config modules "
            "${wattle_NODE_MISSING}; install their development packages")
    endif()
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.dir)
    set(WATTLE_ENTRIES "")
    set(WATTLE_ENTRY_NAMES "")
    set(objects "")
    foreach(module ${NODE_MODULES})
        if(NOT TARGET ${module})
            message(FATAL_ERROR "wattle_add_node(${name}): there is no module ${module}; expected "
                "the name of a target that wattle_add_module() has made before")
        endif()
        get_target_property(optimised ${module} INTERPROCEDURAL_OPTIMIZATION)
        if(optimised AND NOT CMAKE_C_COMPILER_ID STREQUAL GNU)
            message(FATAL_ERROR "wattle_add_node(${name}): the objects of ${module} hold no code "
                "to link, because of INTERPROCEDURAL_OPTIMIZATION; switch that off for the module")
        endif()
        string(MAKE_C_IDENTIFIER wtl_module_entry_${module} entry)
        string(APPEND WATTLE_ENTRIES "extern const struct wtl_module *${entry}(void);\n")
        string(APPEND WATTLE_ENTRY_NAMES " ${entry},")
        list(APPEND objects ${folder}/${module}.o)
        wattle_join_module_(${module} ${entry} ${folder}/${module}.o)
    endforeach()
    file(CONFIGURE OUTPUT ${folder}/main.c CONTENT [[
/* main.c - made by wattle_add_node(). */
#include <wattle/node.h>

@WATTLE_ENTRIES@
int main(int argc, char *argv[])
{
    static const wtl_module_entry_fn modules[] = {@WATTLE_ENTRY_NAMES@};
    return wtl_node_main(argc, argv, modules, sizeof modules / sizeof modules[0]);
}
]] @ONLY)
    add_executable(${name} ${folder}/main.c ${objects})
    target_link_libraries(${name} PRIVATE wattle::node)
    foreach(module ${NODE_MODULES})
        # what the module was linked with, but for what only modules have
        target_link_libraries(${name} PRIVATE
            $<FILTER:$<TARGET_PROPERTY:${module},LINK_LIBRARIES>,EXCLUDE,^wattle::module_support$>)
    endforeach()
endfunction()

# One object of all of a module's, in which nothing but its entry, under a name of its own, is seen
# from outside: modules do not know each other's names.
function(wattle_join_module_ module entry object)
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
    list(FILTER flags EXCLUDE REGEX "^-fsanitize")
    if(CMAKE_C_COMPILER_ID STREQUAL GNU)
        list(APPEND flags -flinker-output=nolto-rel) # code, also of objects that are none yet
    endif()
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    add_custom_command(OUTPUT ${object}
        COMMAND ${CMAKE_C_COMPILER} ${flags} -r -nostdlib -o ${object} $<TARGET_OBJECTS:${module}>
        COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=wtl_module_entry ${object}
        COMMAND ${CMAKE_OBJCOPY} --redefine-sym wtl_module_entry=${entry} ${object}
        DEPENDS ${module}
        COMMENT "Joining the objects of module ${module}"
        COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
endfunction()
