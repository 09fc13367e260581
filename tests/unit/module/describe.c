/* describe.c - what a module says of itself is checked before any of its actors is made. */
#include "module/describe.h"

#include <stdio.h>

#include "module_kit.h"

struct settings {
    int64_t number;
    const char *text;
    bool flag;
};

static const struct wtl_field good_fields[] = {
    WTL_FIELD(struct settings, number, I64, "1", NULL, "A number."),
    WTL_FIELD(struct settings, text, STR, NULL, NULL, "A text that must be given."),
    WTL_FIELD(struct settings, flag, BOOL, "true", NULL, "A flag."),
    {0},
};

#define GOOD_ACTOR                                                                                 \
    {                                                                                              \
        .size = sizeof(struct wtl_actor), .name = "one", .fields = good_fields,                    \
        .settings_size = sizeof(struct settings)                                                   \
    }

static enum wtl_status check_actors(const struct wtl_actor *const *actors, uint32_t count,
                                    struct wtl_error *error)
{
    const struct wtl_module module = {.magic = WTL_MODULE_MAGIC,
                                      .size = sizeof module,
                                      .abi_major = WTL_ABI_MAJOR,
                                      .abi_minor = WTL_ABI_MINOR,
                                      .pointer_size = sizeof(void *),
                                      .name = "m",
                                      .version = "1",
                                      .actors = actors,
                                      .actors_count = count};
    return wtl__module_check(&module, error);
}

static void refused(const struct wtl_actor *actor, const char *word)
{
    struct wtl_error error = {0};
    cr_assert_eq(check_actors(&actor, 1, &error), WTL_INVALID, "%s was taken", word);
    cr_assert_not_null(strstr(error.text, word), "no \"%s\" in \"%s\"", word, error.text);
}

Test(describe, X085_a_sane_actor)
{
    const struct wtl_actor actor = GOOD_ACTOR;
    const struct wtl_actor *actors[] = {&actor, &actor};
    struct wtl_error error = {0};
    cr_assert_eq(check_actors(actors, 1, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(check_actors(actors, 2, &error), WTL_INVALID);
    cr_assert_not_null(strstr(error.text, "two actors named one"));
    cr_assert_eq(check_actors(actors, 0, &error), WTL_INVALID);
    cr_assert_eq(check_actors(actors, WTL_MODULE_ACTORS_MAX + 1, &error), WTL_INVALID);
    refused(NULL, "WTL_ACTOR");
}

/* What an older module has ends before what was added since; a newer one than ours is no matter. */
Test(describe, X085_descriptions_of_another_size)
{
    struct wtl_error error = {0};
    struct wtl_actor actor = GOOD_ACTOR;
    const struct wtl_actor *actors[] = {&actor};
    actor.size = offsetof(struct wtl_actor, priority) + sizeof actor.priority;
    cr_assert_eq(check_actors(actors, 1, &error), WTL_OK, "%s", error.text);
    cr_assert(WTL_HAS(&actor, mailbox_key));
    cr_assert(WTL_HAS(&actor, priority));
    actor.size--;
    cr_assert(WTL_HAS(&actor, mailbox_key));
    cr_assert_not(WTL_HAS(&actor, priority));
    cr_assert_eq(check_actors(actors, 1, &error), WTL_INVALID);
    actor.size = sizeof actor + 64;
    cr_assert_eq(check_actors(actors, 1, &error), WTL_OK, "%s", error.text);
}

Test(describe, X085_actors_that_are_not_sane)
{
    struct wtl_actor actor = GOOD_ACTOR;
    actor.size = offsetof(struct wtl_actor, priority);
    refused(&actor, "WTL_ACTOR");
    actor.size = 1u << 20;
    refused(&actor, "WTL_ACTOR");
    actor = (struct wtl_actor)GOOD_ACTOR;
    actor.name = NULL;
    refused(&actor, "(none)");
    actor.name = "0ne";
    refused(&actor, "0ne");
    actor.name = "a.b";
    refused(&actor, "a.b");
    actor.name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    refused(&actor, "63");
    actor = (struct wtl_actor)GOOD_ACTOR;
    actor.state_size = WTL__STATE_BYTES_MAX + 1;
    refused(&actor, "wtl_alloc");
    actor = (struct wtl_actor)GOOD_ACTOR;
    actor.mailbox_max = WTL_MAILBOX_LIMIT + 1;
    refused(&actor, "32768");
    actor = (struct wtl_actor)GOOD_ACTOR;
    actor.kind = (enum wtl_kind)77;
    refused(&actor, "77");
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    return WTL_OK;
}

Test(describe, X085_answers_that_are_not_sane)
{
    struct wtl_actor actor = GOOD_ACTOR;
    struct wtl_answerer answers[WTL_ANSWERERS_MAX + 2] = {WTL_ANSWERER(on_answer)};
    actor.answers = answers;
    answers[1] = (struct wtl_answerer){.name = "Second", .on_answer = on_answer};
    refused(&actor, "Second");
    answers[1] = (struct wtl_answerer){.name = "second"};
    refused(&actor, "WTL_ANSWERER");
    answers[1] = (struct wtl_answerer)WTL_ANSWERER(on_answer);
    refused(&actor, "twice");
    char names[WTL_ANSWERERS_MAX + 1][16];
    for (uint32_t i = 0; i <= WTL_ANSWERERS_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "a%u", (unsigned)i);
        answers[i] = (struct wtl_answerer){.name = names[i], .on_answer = on_answer};
    }
    refused(&actor, "256");
    actor.size = offsetof(struct wtl_actor, save); /* an older one: nobody looks there */
    const struct wtl_actor *older = &actor;
    struct wtl_error error = {0};
    cr_assert_eq(check_actors(&older, 1, &error), WTL_OK, "%s", error.text);
}

Test(describe, X085_settings_that_are_not_sane)
{
    struct wtl_actor actor = GOOD_ACTOR;
    struct wtl_field fields[WTL_FIELDS_MAX + 2] = {
        WTL_FIELD(struct settings, number, I64, "1", NULL, "A number.")};
    actor.fields = fields;
    fields[0].default_ = "one";
    refused(&actor, "its own default");
    fields[0].default_ = "1";
    fields[0].type = (enum wtl_field_type)9;
    refused(&actor, "type 9");
    fields[0].type = WTL_FIELD_I64;
    fields[0].offset = 4;
    refused(&actor, "byte 4");
    fields[0].offset = sizeof(struct settings);
    refused(&actor, "settings_size");
    fields[0].offset = 0;
    actor.settings_size = 0;
    refused(&actor, "settings_size");
    actor.settings_size = WTL__SETTINGS_BYTES_MAX + 8;
    refused(&actor, "65536");
    actor.settings_size = sizeof(struct settings);
    fields[1] = fields[0];
    refused(&actor, "there twice");
    fields[1].name = "Two";
    refused(&actor, "Two");
    /* a list without an end is not followed for ever */
    char names[WTL_FIELDS_MAX + 2][8];
    for (unsigned i = 0; i < WTL_FIELDS_MAX + 2; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%u", i);
        fields[i] = fields[0];
        fields[i].name = names[i];
    }
    refused(&actor, "end the list");
}

Test(describe, X085_an_entry_that_returns_nothing)
{
    struct wtl_error error = {0};
    cr_assert_eq(wtl__module_check(NULL, &error), WTL_INVALID);
}
