/* The operating system's clocks stand still for the thread that simulates. HTTP/2 forgets streams that were reset so many
 * real seconds ago, caches age: what depends on how busy the machine is must not be part of a run. Other threads, which only
 * make the search index, have the real time. */

#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static __thread int is_simulating;

/* On the main thread, before anything else. */
__attribute__((constructor)) static void begin(void) { is_simulating = 1; }

/* In the place of the C library's own. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!is_simulating) {
    return (int)syscall(SYS_clock_gettime, clock, now);
  }
  now->tv_sec = 1767225600; /* 2026-01-01 */
  now->tv_nsec = 0;
  return 0;
}
