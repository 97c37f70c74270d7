/* What the compiler cannot know: which way a branch mostly goes. */
#ifndef ACAUSAL_RUNTIME_LIKELY_H
#define ACAUSAL_RUNTIME_LIKELY_H

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
