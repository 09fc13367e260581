/* describe.c - is this description of a module sane? See describe.h. */
#include "module/describe.h"

#include <stdlib.h>

#include <wattle/settings.h>

#include "actor/version.h"
#include "base/attr.h"

/* What every module of this major number has: up to the last fields of its first release. What was
 * added since is there in newer ones alone; who reads it asks WTL_HAS first. */
#define BYTES_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
#define MODULE_BYTES_MIN          BYTES_UP_TO(struct wtl_module, actors_count)
#define ACTOR_BYTES_MIN           BYTES_UP_TO(struct wtl_actor, priority)
/* Far more than ever is added; a size above it is no size. */
#define DESCRIPTION_BYTES_MAX 4096u

/* [a-z] first, then [a-z0-9_] */
bool wtl__module_is_name(const char *name)
{
    size_t size = 0;
    for (; name != NULL && size <= WTL_NAME_MAX && name[size] != '\0'; size++) {
        char c = name[size];
        if (!((c >= 'a' && c <= 'z') || (size > 0 && ((c >= '0' && c <= '9') || c == '_')))) {
            return false;
        }
    }
    return size > 0 && size <= WTL_NAME_MAX;
}

static const char *shown(const char *text)
{
    return text != NULL ? text : "(none)";
}

enum wtl_status wtl__module_check_abi(uint16_t major, uint16_t minor, const char *compiler,
                                      struct wtl_error *error)
{
    if (major == WTL_ABI_MAJOR && minor <= WTL_ABI_MINOR) {
        return WTL_OK;
    }
    return wtl_fail(
        error, WTL_ABI, "was built for ABI %u.%u (by %.60s), this node runs %d.0 up to %d.%d; %s",
        major, minor, shown(compiler), WTL_ABI_MAJOR, WTL_ABI_MAJOR, WTL_ABI_MINOR,
        major < WTL_ABI_MAJOR ? "build it again with this node's headers"
                              : "run a newer node, or build it with this node's headers");
}

static enum wtl_status check_abi(const struct wtl_module *entry, struct wtl_error *error)
{
    if (entry == NULL) {
        return wtl_fail(error, WTL_INVALID,
                        "has an entry that returns nothing; write it with "
                        "WTL_MODULE");
    }
    if (entry->magic != WTL_MODULE_MAGIC) {
        return wtl_fail(error, WTL_ABI,
                        "begins its description with %#x, expected %#x; write it with WTL_MODULE",
                        entry->magic, WTL_MODULE_MAGIC);
    }
    const char *compiler = entry->size >= MODULE_BYTES_MIN ? entry->compiler : NULL;
    enum wtl_status status =
        wtl__module_check_abi(entry->abi_major, entry->abi_minor, compiler, error);
    if (status != WTL_OK) {
        return status;
    }
    if (entry->pointer_size != sizeof(void *)) {
        return wtl_fail(error, WTL_ABI,
                        "has pointers of %u bytes, this node's have %zu; build it "
                        "for this machine",
                        entry->pointer_size, sizeof(void *));
    }
    if (entry->size < MODULE_BYTES_MIN || entry->size > DESCRIPTION_BYTES_MAX) {
        return wtl_fail(error, WTL_ABI,
                        "has a description of %u bytes, expected %zu to %u; write it with "
                        "WTL_MODULE",
                        entry->size, MODULE_BYTES_MIN, DESCRIPTION_BYTES_MAX);
    }
    return WTL_OK;
}

static size_t field_bytes(enum wtl_field_type type)
{
    switch (type) {
    case WTL_FIELD_BOOL:
        return sizeof(bool);
    case WTL_FIELD_STR:
        return sizeof(const char *);
    case WTL_FIELD_F64:
        return sizeof(double);
    case WTL_FIELD_I64:
    case WTL_FIELD_DURATION_MS:
    case WTL_FIELD_BYTES:
        return sizeof(int64_t);
    }
    return 0;
}

static enum wtl_status check_field(const struct wtl_actor *actor, const struct wtl_field *field,
                                   void *scratch, struct wtl_error *error)
{
    size_t bytes = field_bytes(field->type);
    if (!wtl__module_is_name(field->name)) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s: setting \"%.70s\": expected a name of [a-z0-9_] with %u "
                        "characters at most",
                        actor->name, shown(field->name), WTL_NAME_MAX);
    }
    if (bytes == 0) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s: setting %s has type %d, which this node "
                        "does not know",
                        actor->name, field->name, (int)field->type);
    }
    if (field->offset % bytes != 0 || bytes > actor->settings_size ||
        field->offset > actor->settings_size - bytes) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s: setting %s lies at byte %u of settings of %u bytes; set "
                        ".settings_size = sizeof(struct ...) and use WTL_FIELD",
                        actor->name, field->name, field->offset, actor->settings_size);
    }
    for (const struct wtl_field *other = actor->fields; other < field; other++) {
        if (strcmp(other->name, field->name) == 0) {
            return wtl_fail(error, WTL_INVALID, "actor %s: the setting %s is there twice",
                            actor->name, field->name);
        }
    }
    if (field->default_ != NULL &&
        wtl_setting_read(field, field->default_, scratch, error) != WTL_OK) {
        return wtl_while(error, WTL_INVALID, "actor %s: its own default", actor->name);
    }
    return WTL_OK;
}

static enum wtl_status check_fields(const struct wtl_actor *actor, struct wtl_error *error)
{
    if (actor->settings_size > WTL__SETTINGS_BYTES_MAX) {
        return wtl_fail(error, WTL_INVALID, "actor %s: settings of %u bytes, expected %u at most",
                        actor->name, actor->settings_size, WTL__SETTINGS_BYTES_MAX);
    }
    if (actor->fields == NULL) {
        return WTL_OK;
    }
    void *scratch = calloc(1, (size_t)actor->settings_size + sizeof(int64_t));
    if (scratch == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory to check its settings");
    }
    enum wtl_status status = WTL_OK;
    uint32_t count = 0;
    while (status == WTL_OK && actor->fields[count].name != NULL) {
        if (count == WTL_FIELDS_MAX) {
            status = wtl_fail(error, WTL_INVALID,
                              "actor %s: more than %u settings; end the list with {0}", actor->name,
                              WTL_FIELDS_MAX);
            break;
        }
        status = check_field(actor, &actor->fields[count], scratch, error);
        count++;
    }
    free(scratch);
    return status;
}

static enum wtl_status check_answers(const struct wtl_actor *actor, struct wtl_error *error)
{
    const struct wtl_answerer *answers = wtl__type_answers(actor);
    for (uint32_t i = 0; answers != NULL && answers[i].name != NULL; i++) {
        if (i == WTL_ANSWERERS_MAX) {
            return wtl_fail(error, WTL_INVALID,
                            "actor %s: more than %u answers; end the list with {0}", actor->name,
                            WTL_ANSWERERS_MAX);
        }
        if (!wtl__module_is_name(answers[i].name) || answers[i].on_answer == NULL) {
            return wtl_fail(error, WTL_INVALID,
                            "actor %s: answer \"%.70s\": expected a name of [a-z0-9_] with %u "
                            "characters at most, and a function; use WTL_ANSWERER",
                            actor->name, answers[i].name, WTL_NAME_MAX);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(answers[i].name, answers[j].name) == 0) {
                return wtl_fail(error, WTL_INVALID, "actor %s: the answer %s is there twice",
                                actor->name, answers[i].name);
            }
        }
    }
    return WTL_OK;
}

static enum wtl_status check_actor(const struct wtl_actor *actor, struct wtl_error *error)
{
    if (actor == NULL || actor->size < ACTOR_BYTES_MIN || actor->size > DESCRIPTION_BYTES_MAX) {
        return wtl_fail(error, WTL_INVALID,
                        "describes an actor with %u bytes, expected %zu to %u; write it with "
                        "WTL_ACTOR",
                        actor != NULL ? actor->size : 0, ACTOR_BYTES_MIN, DESCRIPTION_BYTES_MAX);
    }
    if (!wtl__module_is_name(actor->name)) {
        return wtl_fail(error, WTL_INVALID,
                        "has an actor named \"%.70s\", expected [a-z0-9_] with %u characters at "
                        "most",
                        shown(actor->name), WTL_NAME_MAX);
    }
    if (actor->state_size > WTL__STATE_BYTES_MAX) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s: a state of %u bytes, expected %u at most; take larger blocks "
                        "with wtl_alloc",
                        actor->name, actor->state_size, WTL__STATE_BYTES_MAX);
    }
    if (actor->mailbox_max > WTL_MAILBOX_LIMIT || (unsigned)actor->kind > WTL_SUPERVISOR ||
        (unsigned)actor->mailbox_policy > WTL_MAILBOX_LATEST ||
        (unsigned)actor->priority > WTL_PRIORITY_HIGH) {
        return wtl_fail(error, WTL_INVALID,
                        "actor %s: a mailbox of %u messages (expected %u at most), kind %d, "
                        "mailbox policy %d or priority %d are none that this node knows",
                        actor->name, actor->mailbox_max, WTL_MAILBOX_LIMIT, (int)actor->kind,
                        (int)actor->mailbox_policy, (int)actor->priority);
    }
    enum wtl_status status = check_answers(actor, error);
    return status == WTL_OK ? check_fields(actor, error) : status;
}

enum wtl_status wtl__module_check(const struct wtl_module *entry, struct wtl_error *error)
{
    enum wtl_status status = check_abi(entry, error);
    if (status != WTL_OK) {
        return status;
    }
    if (!wtl__module_is_name(entry->name)) {
        return wtl_fail(error, WTL_INVALID,
                        "is named \"%.70s\", expected [a-z0-9_] with %u characters at most",
                        shown(entry->name), WTL_NAME_MAX);
    }
    if (entry->version == NULL || strnlen(entry->version, WTL__VERSION_MAX + 1) == 0 ||
        strnlen(entry->version, WTL__VERSION_MAX + 1) > WTL__VERSION_MAX) {
        return wtl_fail(error, WTL_INVALID,
                        "has the version \"%.40s\", expected one such as "
                        "1.2.3 with %u characters at most",
                        shown(entry->version), WTL__VERSION_MAX);
    }
    if (entry->actors == NULL || entry->actors_count == 0 ||
        entry->actors_count > WTL_MODULE_ACTORS_MAX) {
        return wtl_fail(error, WTL_INVALID, "has %u actors, expected 1 to %u", entry->actors_count,
                        WTL_MODULE_ACTORS_MAX);
    }
    for (uint32_t i = 0; i < entry->actors_count && status == WTL_OK; i++) {
        status = check_actor(entry->actors[i], error);
        for (uint32_t j = 0; j < i && status == WTL_OK; j++) {
            if (strcmp(entry->actors[i]->name, entry->actors[j]->name) == 0) {
                status =
                    wtl_fail(error, WTL_INVALID, "has two actors named %s", entry->actors[i]->name);
            }
        }
    }
    return status;
}
