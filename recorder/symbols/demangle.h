/* Names of C++ functions as a person writes them. */
#ifndef ACAUSAL_SYMBOLS_DEMANGLE_H
#define ACAUSAL_SYMBOLS_DEMANGLE_H

/*
 * `name` demangled, for the caller to free; NULL when it is no mangled name, or when no C++
 * runtime is installed to tell. Any thread.
 */
char *demangle(const char *name);

#endif
