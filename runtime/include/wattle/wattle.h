/* wattle.h - everything that an actor module needs. */
#ifndef WATTLE_WATTLE_H
#define WATTLE_WATTLE_H

#include <wattle/actor.h>
#include <wattle/pack.h>
#include <wattle/requests.h>
#include <wattle/states.h>
#include <wattle/status.h>
#include <wattle/supervisor.h>
#include <wattle/sys.h>
#include <wattle/table.h>
#include <wattle/task.h>
#include <wattle/types.h>

#endif
