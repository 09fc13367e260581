/* input.c - see input.h. */
#include "flow/input.h"

static bool grow(struct wtl_ctx *x, struct wtl_inputs *inputs)
{
    uint32_t larger = inputs->capacity == 0 ? 16 : inputs->capacity * 2;
    struct wtl_input **slots = wtl_alloc(x, larger * sizeof *slots);
    uint32_t *generations = wtl_alloc(x, larger * sizeof *generations);
    uint32_t *free_slots = wtl_alloc(x, larger * sizeof *free_slots);
    if (slots == NULL || generations == NULL || free_slots == NULL) {
        wtl_free(x, slots);
        wtl_free(x, generations);
        wtl_free(x, free_slots);
        return false;
    }
    for (uint32_t i = 0; i < larger; i++) {
        bool old = i < inputs->capacity;
        slots[i] = old ? inputs->slots[i] : NULL;
        generations[i] = old ? inputs->generations[i] : 0;
    }
    for (uint32_t i = larger; i > inputs->capacity; i--) {
        free_slots[inputs->free_count++] = i - 1;
    }
    wtl_free(x, inputs->slots);
    wtl_free(x, inputs->generations);
    wtl_free(x, inputs->free);
    inputs->slots = slots;
    inputs->generations = generations;
    inputs->free = free_slots;
    inputs->capacity = larger;
    return true;
}

struct wtl_input *wtl__input_new(struct wtl_ctx *x, struct wtl_inputs *inputs)
{
    if (inputs->free_count == 0 && !grow(x, inputs)) {
        return NULL;
    }
    struct wtl_input *input = wtl_alloc(x, sizeof *input);
    if (input == NULL) {
        return NULL;
    }
    uint32_t slot = inputs->free[--inputs->free_count];
    *input = (struct wtl_input){.id = (uint64_t)++inputs->generations[slot] << 32 | slot};
    inputs->slots[slot] = input;
    inputs->count++;
    return input;
}

void wtl__input_free(struct wtl_ctx *x, struct wtl_inputs *inputs, struct wtl_input *input)
{
    uint32_t slot = (uint32_t)input->id;
    inputs->slots[slot] = NULL;
    inputs->free[inputs->free_count++] = slot;
    inputs->count--;
    if (!input->user_keeps) {
        wtl_release(x, input->message);
    }
    wtl_free(x, input);
}

struct wtl_input *wtl__input_find(const struct wtl_inputs *inputs, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    struct wtl_input *input = slot < inputs->capacity ? inputs->slots[slot] : NULL;
    return input != NULL && input->id == id ? input : NULL;
}

struct wtl_input *wtl__input_of_key(const struct wtl_inputs *inputs, const struct wtl_key *key)
{
    for (uint32_t i = 0; i < inputs->capacity; i++) {
        struct wtl_input *input = inputs->slots[i];
        if (input != NULL && input->later && wtl_key_equal(input->data.key, *key)) {
            return input;
        }
    }
    return NULL;
}

void wtl__input_push(struct wtl_input_queue *queue, struct wtl_input *input)
{
    input->next = NULL;
    if (queue->first == NULL) {
        queue->first = input;
    } else {
        queue->last->next = input;
    }
    queue->last = input;
    queue->count++;
}

struct wtl_input *wtl__input_pop(struct wtl_input_queue *queue)
{
    struct wtl_input *input = queue->first;
    if (input != NULL) {
        queue->first = input->next;
        queue->count--;
    }
    return input;
}

void wtl__input_remove(struct wtl_input_queue *queue, const struct wtl_input *input)
{
    struct wtl_input *before = NULL;
    for (struct wtl_input *at = queue->first; at != NULL; before = at, at = at->next) {
        if (at != input) {
            continue;
        }
        if (before == NULL) {
            queue->first = at->next;
        } else {
            before->next = at->next;
        }
        queue->last = queue->last == at ? before : queue->last;
        queue->count--;
        return;
    }
}

void wtl__inputs_forget(struct wtl_ctx *x, struct wtl_inputs *inputs, uint32_t slot,
                        struct wtl_input_queue *queue)
{
    for (uint32_t i = 0; i < inputs->capacity; i++) {
        struct wtl_input *input = inputs->slots[i];
        if (input != NULL && (uint32_t)(input->link & 0xffff) == slot) {
            wtl__input_remove(queue, input);
            wtl__input_free(x, inputs, input);
        }
    }
}
