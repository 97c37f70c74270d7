/* `info` of a resource: the one of the kinds that takes a file of its own. */
#ifndef ACAUSAL_DEBUGGER_INFO_RESOURCE_H
#define ACAUSAL_DEBUGGER_INFO_RESOURCE_H

#include "debugger/info/inquiry.h"
#include "debugger/recording/point.h"

/* Who made it, when and where, what armed it, how often and how long it ran, and its end. */
int info_resource(struct inquiry *inquiry, const struct point *point, struct error *err);

#endif
