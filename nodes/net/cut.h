/*
 * cut.h - ends links whose peer is no longer good: its certificate was revoked, or it has expired.
 * A handshake looks at a certificate once, and a link may last for months.
 *
 * Thread: the net loop. Owns: nothing; links end as link.h says.
 */
#ifndef WTL_NET_CUT_H
#define WTL_NET_CUT_H

#include "net/link.h"

/* At least this often the wall clock is looked at while there are links, because it may be set. */
#define WTL__CUT_LOOK_MS 60000u

/* Cuts every link that has to go, and sets the timer for the next one. */
void wtl__cut_links(struct wtl__net *net);

/* A link is open: its certificate is looked at again when it expires. */
void wtl__cut_later(struct wtl__net_link *link);

void wtl__cut_on_timer(struct wtl__loop_timer *timer);

#endif
