/* The version of this program. The build may define it. */
#ifndef ACAUSAL_DEBUGGER_VERSION_H
#define ACAUSAL_DEBUGGER_VERSION_H

#ifndef ACAUSAL_VERSION
#define ACAUSAL_VERSION "0.1.0"
#endif

#endif
