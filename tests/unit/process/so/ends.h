/* ends.h - what the actors of ends.c are told, and what they tell. */
#ifndef ENDS_H
#define ENDS_H

/* The body of "how": what the stop function does. */
enum ends_how {
    ENDS_PLAIN,
    ENDS_LINGERS,     /* it is over when "done" comes */
    ENDS_DONE_IN_STOP /* it says so itself, and then something else */
};

/* The arguments of a beginner: what its init does. */
enum ends_init {
    ENDS_INIT_DONE, /* wtl_done, and WTL_LATER */
    ENDS_INIT_DONE_FAILS,
    ENDS_INIT_STOPS, /* wtl_stop, and WTL_OK, */
    ENDS_INIT_STOPS_LATER,
    ENDS_INIT_STOPS_FAILS
};

/* What comes to the sink. Sums of different ones are different. */
enum ends_word {
    ENDS_NOTE = 1,
    ENDS_STOPS = 10,
    ENDS_STOPS_TOLD = 100, /* with the reason that it gave itself */
    ENDS_STARTED = 1000,
    ENDS_NOT_STARTED = 10000,
    ENDS_DOWN = 100000,
    ENDS_DOWN_TOLD = 1000000,
    ENDS_ANSWERED = 10000000,
    ENDS_REFUSED = 20000000,
    ENDS_READY = 30000000
};

#endif
