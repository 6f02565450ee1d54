/* The allocator's settings, which the standard library's Glibc module leaves out. */
#include <malloc.h>
