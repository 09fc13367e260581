/*
 * plain.c - one actor that does nothing; what CMakeLists.txt defines decides what is wrong with the
 * module around it.
 */
#include <wattle/module.h>
#include <wattle/wattle.h>

#ifndef PLAIN_MAJOR
#define PLAIN_MAJOR WTL_ABI_MAJOR
#endif
#ifndef PLAIN_MINOR
#define PLAIN_MINOR WTL_ABI_MINOR
#endif
#ifndef PLAIN_NAME
#define PLAIN_NAME "plain"
#endif
#ifndef PLAIN_FLAGS
#define PLAIN_FLAGS 0
#endif
#ifndef PLAIN_MAGIC
#define PLAIN_MAGIC WTL_MODULE_MAGIC
#endif

#ifdef PLAIN_UNDEFINED
void nobody_defines_this(void);
#endif
#ifdef PLAIN_LIBRARY
const char *uv_version_string(void);
#endif

#ifdef PLAIN_CALLS
/* The header's own declaration would be another one for each of them. */
long called(void) __asm__(PLAIN_CALLS);
#endif
#ifdef PLAIN_TEXTREL
/* An address that the loader would have to write between instructions. */
__asm__(".text\n.balign 8\n.quad wtl_module_entry\n");
#endif

#ifdef PLAIN_STATICS
static int counter;
static uint64_t table[4] = {1, 2, 3, 4};
static _Thread_local int own;
#endif

static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
#ifdef PLAIN_UNDEFINED
    nobody_defines_this();
#endif
#ifdef PLAIN_CALLS
    (void)called();
#endif
#ifdef PLAIN_LIBRARY
    return uv_version_string() != NULL ? WTL_OK : WTL_SYSTEM;
#endif
#ifdef PLAIN_IMPORTS
    struct wtl_reader reader = wtl_read(message);
    wtl_skip(&reader);
#endif
#ifdef PLAIN_STATICS
    counter++;
    own++;
    table[counter % 4] += (uint64_t)own;
    return table[0] == 0 ? WTL_SYSTEM : WTL_OK;
#endif
    return WTL_OK;
}

static WTL_ACTOR(nothing, char, .handle = handle);

static const struct wtl_actor *const actors[] = {&nothing};
static const struct wtl_module module = {
    .magic = PLAIN_MAGIC,
    .size = sizeof(struct wtl_module),
    .abi_major = PLAIN_MAJOR,
    .abi_minor = PLAIN_MINOR,
    .pointer_size = sizeof(void *),
    .flags = PLAIN_FLAGS,
    .name = PLAIN_NAME,
    .version = "0.1.0",
    .summary = "Does nothing.",
    .compiler = "a compiler",
    .actors = actors,
    .actors_count = 1,
};

#ifdef PLAIN_NO_ENTRY
#define ENTRY another_entry
#else
#define ENTRY wtl_module_entry
#endif
__attribute__((visibility("default"))) const struct wtl_module *ENTRY(void);
const struct wtl_module *ENTRY(void)
{
    return &module;
}
