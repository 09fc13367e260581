/* specimen.c - see specimen.h. */
#include "specimen.h"

#include <ctype.h>
#include <stdio.h>

#include "actor/message.h"

/* What "forget" has opened: lost for the actor, but not for the leak checker. */
static struct wtl_writer forgotten;

struct greeter_settings {
    bool shout;
    const char *name;
};

struct greeter_state {
    const struct greeter_settings *settings;
    unsigned count;
    struct wtl_pid waiting;
};

static const struct wtl_field greeter_fields[] = {
    WTL_FIELD(struct greeter_settings, shout, BOOL, "false", NULL, "Greets in capitals."),
    WTL_FIELD(struct greeter_settings, name, STR, "", NULL, "Its global name."),
    {0},
};

static enum wtl_status greeter_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    struct greeter_state *state = self;
    (void)args;
    state->settings = settings;
    if (strcmp(state->settings->name, "nobody") == 0) {
        return WTL_CONFIG;
    }
    if (state->settings->name[0] != '\0') {
        wtl_register(x, state->settings->name, WTL_GLOBAL, NULL);
    }
    return WTL_OK;
}

static void greet(struct wtl_ctx *x, struct greeter_state *state, const struct wtl_msg *message)
{
    char name[33];
    char text[64];
    if (wtl_getf(message, "name=%32s", name) != WTL_OK) {
        wtl_log(x, WTL_LOG_WARN, "a hello without a name");
        return;
    }
    (void)snprintf(text, sizeof text, "hello, %s", name);
    for (char *at = text; state->settings->shout && *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    wtl_tellf(x, message->from, "greeting", "text=%s count=%u", text, ++state->count);
}

static void greeter_later(struct wtl_ctx *x, struct greeter_state *state,
                          const struct wtl_msg *message)
{
    unsigned ms = 0;
    if (wtl_getf(message, "ms=%u", &ms) == WTL_OK) {
        state->waiting = message->from;
        (void)wtl_after(x, ms, WTL_TAG("due"), NULL);
    }
}

static enum wtl_status greeter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct greeter_state *state = self;
    if (wtl_is(message, "hello")) {
        greet(x, state, message);
    } else if (wtl_is(message, "count")) {
        wtl_replyf(x, message, "count=%u", state->count);
    } else if (wtl_is(message, "later")) {
        greeter_later(x, state, message);
    } else if (wtl_is(message, "due")) {
        wtl_tell(x, state->waiting, WTL_TAG("later"), NULL);
    } else if (wtl_is(message, "fail")) {
        return WTL_INVALID;
    } else if (wtl_is(message, "forget")) {
        (void)wtl_message_open(x, &forgotten, 100);
    } else if (wtl_is(message, "spin")) {
        wtl_tell(x, wtl_self(x), WTL_TAG("spin"), NULL);
    } else if (wtl_is(message, "chance")) {
        wtl_tellf(x, message->from, "chance", "number=%ju", (uintmax_t)wtl_random(x));
    }
    return WTL_OK;
}

WTL_ACTOR(greeter, struct greeter_state, .fields = greeter_fields,
          .settings_size = sizeof(struct greeter_settings), .init = greeter_init,
          .handle = greeter_handle);

/* ---- keeper ---------------------------------------------------------------------------------- */

struct word {
    struct word *next;
    char text[32];
};

struct keeper_state {
    struct word *words;
    unsigned count;
};

static enum wtl_status keep(struct wtl_ctx *x, struct keeper_state *state,
                            const struct wtl_msg *message)
{
    struct word *word = wtl_alloc(x, sizeof *word);
    if (word == NULL) {
        return WTL_NO_MEMORY;
    }
    if (wtl_getf(message, "w=%31s", word->text) != WTL_OK) {
        wtl_free(x, word);
        return WTL_OK;
    }
    word->next = state->words;
    state->words = word;
    state->count++;
    return WTL_OK;
}

static enum wtl_status keeper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct keeper_state *state = self;
    struct wtl_writer body;
    if (wtl_is(message, "word")) {
        return keep(x, state, message);
    }
    if (wtl_is(message, "words")) {
        (void)wtl_message_open(x, &body, 64);
        wtl_put_map(&body, 1);
        WTL_PUT_KEY(&body, "words");
        wtl_put_array(&body, state->count);
        for (const struct word *word = state->words; word != NULL; word = word->next) {
            wtl_put_strz(&body, word->text);
        }
        wtl_reply(x, message, &body);
    }
    return WTL_OK;
}

WTL_ACTOR(keeper, struct keeper_state, .handle = keeper_handle);

/* ---- asker ----------------------------------------------------------------------------------- */

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct wtl_pid to;
    int a = 0;
    (void)self;
    memcpy(&to, context, sizeof to);
    if (answer->status != WTL_OK || wtl_getf(&answer->message, "a=%d", &a) != WTL_OK) {
        wtl_tellf(x, to, "no answer", "why=%s", wtl_status_word(answer->status));
        return WTL_OK;
    }
    wtl_tellf(x, to, "answer", "a=%d", a);
    return WTL_OK;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    int q = 0;
    struct wtl_writer body;
    (void)self;
    if (wtl_is(message, "ask") && wtl_getf(message, "q=%d", &q) == WTL_OK) {
        (void)wtl_message_open(x, &body, 16);
        wtl_putf(&body, "q=%d", q);
        (void)wtl_call_name(x, "oracle", WTL_TAG("question"), &body,
                            &(struct wtl_call_options){.on_answer = on_answer,
                                                       .deadline_ms = 1000,
                                                       .context = &message->from,
                                                       .context_size = sizeof message->from});
    }
    return WTL_OK;
}

WTL_ACTOR(asker, char, .handle = asker_handle);

void drop_forgotten(void)
{
    wtl__message_drop(&forgotten);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

void fails_with(wtl_test_fn fn, const char *const *words)
{
    const char *text = wtl_test_try(fn, NULL);
    cr_assert_not_null(text, "it has passed");
    for (; *words != NULL; words++) {
        cr_assert_not_null(strstr(text, *words), "no \"%s\" in:\n%s", *words, text);
    }
}

void passes(wtl_test_fn fn, uint32_t seeds)
{
    const char *text = wtl_test_try(fn, &(struct wtl_test_options){.seeds = seeds});
    cr_assert_null(text, "%s", text);
}
