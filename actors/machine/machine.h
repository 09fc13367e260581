/*
 * machine.h - the module `machine`: readings of the machine that a node runs on.
 *
 *     push machine.readings @each:device <~> machine.clean @edge <~> machine.store @cloud
 *
 * A reading is {seq, at_ms, host, kind, value, unit}; `clean` adds delta. Private to this folder.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <wattle/flow.h>
#include <wattle/wattle.h>

/* Bytes of the texts of a reading, without their NULs; what is longer is cut where it is made and
 * dropped where it comes from elsewhere. */
#define MACHINE_HOST_MAX 63
#define MACHINE_KIND_MAX 31
#define MACHINE_UNIT_MAX 15
/* The same for formats: "%63s". */
#define MACHINE_HOST_READ "%63s"
#define MACHINE_KIND_READ "%31s"
#define MACHINE_UNIT_READ "%15s"

/* Readings of one look at the machine. */
#define MACHINE_READINGS_MAX 64u

extern const struct wtl_actor readings;
extern const struct wtl_actor clean;
extern const struct wtl_actor store;

#endif
