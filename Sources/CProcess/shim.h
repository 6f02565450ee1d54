/* Processes as file descriptors, which the standard library's Glibc module leaves out. */
#include <sys/pidfd.h>
