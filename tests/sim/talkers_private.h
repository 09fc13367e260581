/* talkers_private.h - what the files of the actors share. See talkers.h. */
#ifndef WTL_SIM_TALKERS_PRIVATE_H
#define WTL_SIM_TALKERS_PRIVATE_H

#include <wattle/wattle.h>

#include "model.h"
#include "talkers.h"

/* Whom an actor has heard from, and what it knows of them. */
#define KNOWN_MAX 64u

struct known {
    struct wtl_pid pid;
    uint64_t last; /* number */
    bool dead;     /* its DOWN has come, with another reason than `noconnection` */
};

struct ears {
    struct known known[KNOWN_MAX];
    uint32_t count, oldest;
};

struct sim_node *talker_node(struct wtl_ctx *x);
/* The place of that actor; the oldest one is given away when all are taken. */
struct known *ears_of(struct ears *ears, struct wtl_pid pid);
/* A message with a number has come: is it meant for this actor, and does the number grow? */
void ears_hear(struct wtl_ctx *x, struct ears *ears, const struct wtl_msg *message);
/* Tells `to` that number, in a body of at least `padding` bytes. */
void mouth_tell(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number,
                size_t padding);

/* A fly with that name, for that long. */
struct fly_args {
    char name[WTL_NAME_MAX + 1];
    uint64_t life_ms;
};
struct wtl_pid fly_spawn(struct wtl_ctx *x, const char *name, uint64_t life_ms);

#endif
