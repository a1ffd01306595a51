/*
 * Preloaded into pcscd, it looks for cards more often than every 400 ms. A reader on USB reports a
 * card at once; only a virtual one is asked.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static const long DAEMON_POLL_NS = 400000000L;

int nanosleep(const struct timespec *wanted, struct timespec *left) {
  static int (*real)(const struct timespec *, struct timespec *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "nanosleep");
  if (wanted->tv_sec != 0 || wanted->tv_nsec != DAEMON_POLL_NS) return real(wanted, left);
  const char *text = getenv("PCSCD_POLL_MS");
  struct timespec poll = {0, (text == NULL ? 400 : atol(text)) * 1000000L};
  return real(&poll, left);
}
