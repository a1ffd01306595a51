/*
 * Preloaded into a program, it writes down what the program asks of the disk below one directory:
 * every write, sync, cut, removal and renaming, in order, with the bytes. The program itself notices nothing.
 *
 * A record is: what (1 byte), number of the file (4), place (8), length (4), bytes; little-endian.
 * 'o' names a file (its path follows), 'w' writes (place -1: at the end), 's' has synced,
 * 't' cuts or grows to a length, 'u' removes a file, 'r' renames the file of that number (in place of
 * the place) to this one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
/* File descriptor → 1 + number of the file, 0 where it is none of ours; and whether it appends. */
static int number_of[FILES];
static char appends[FILES];
static char *names[FILES];
static int count, log_file = -1;
static const char *below;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
  const char *to = getenv("HAWKER_RECORD");
  below = getenv("HAWKER_RECORD_BELOW");
  if (to == NULL || below == NULL) return;
  log_file = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  /* Children are programs of their own. */
  unsetenv("HAWKER_RECORD");
}

static void all(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t done = syscall(SYS_write, log_file, at, length);
    if (done <= 0) abort();
    at += done;
    length -= done;
  }
}

static void put(char what, int32_t file, int64_t place, const void *bytes, uint32_t length) {
  char head[17];
  head[0] = what;
  memcpy(head + 1, &file, 4);
  memcpy(head + 5, &place, 8);
  memcpy(head + 13, &length, 4);
  pthread_mutex_lock(&lock);
  all(head, sizeof head);
  if (bytes != NULL) all(bytes, length);
  pthread_mutex_unlock(&lock);
}

static int number(const char *path) {
  pthread_mutex_lock(&lock);
  int at = 0;
  while (at < count && strcmp(names[at], path) != 0) at++;
  int fresh = at == count && count < FILES;
  if (fresh) names[count++] = strdup(path);
  pthread_mutex_unlock(&lock);
  if (fresh) put('o', at, 0, path, strlen(path));
  return at;
}

static int ours(int fd) { return log_file >= 0 && fd >= 0 && fd < FILES && number_of[fd] > 0; }

static int opened(int fd, const char *path, int flags) {
  if (log_file < 0 || fd < 0 || fd >= FILES) return fd;
  number_of[fd] = 0;
  if (strncmp(path, below, strlen(below)) != 0) return fd;
  /* The directory itself is opened to be synced: then what was removed is gone for good. */
  if ((flags & O_ACCMODE) == O_RDONLY && strcmp(path, below) != 0) return fd;
  number_of[fd] = 1 + number(path);
  appends[fd] = (flags & O_APPEND) != 0;
  if (flags & O_TRUNC) put('t', number_of[fd] - 1, 0, NULL, 0);
  return fd;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                 \
  int name(const char *path, int flags, ...) {     \
    REAL(name);                                    \
    va_list rest;                                  \
    va_start(rest, flags);                         \
    mode_t mode = va_arg(rest, mode_t);            \
    va_end(rest);                                  \
    return opened(real(path, flags, mode), path, flags); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                          \
  int name(int at, const char *path, int flags, ...) {        \
    REAL(name);                                               \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    mode_t mode = va_arg(rest, mode_t);                       \
    va_end(rest);                                             \
    return opened(real(at, path, flags, mode), path, flags);  \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < FILES) number_of[fd] = 0;
  return real(fd);
}

/* Written down before it is done: a sync that returns after it has seen it. */
ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  if (ours(fd)) put('w', number_of[fd] - 1, appends[fd] ? -1 : lseek(fd, 0, SEEK_CUR), bytes, length);
  return real(fd, bytes, length);
}

#define PWRITE(name)                                                        \
  ssize_t name(int fd, const void *bytes, size_t length, off_t place) {     \
    REAL(name);                                                             \
    if (ours(fd)) put('w', number_of[fd] - 1, appends[fd] ? -1 : place, bytes, length); \
    return real(fd, bytes, length, place);                                  \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int many) {
  REAL(writev);
  for (int64_t at = 0, place = ours(fd) ? (appends[fd] ? -1 : lseek(fd, 0, SEEK_CUR)) : -2;
       place > -2 && at < many; at++) {
    put('w', number_of[fd] - 1, place, parts[at].iov_base, parts[at].iov_len);
    if (place >= 0) place += parts[at].iov_len;
  }
  return real(fd, parts, many);
}

#define SYNC(name)                                          \
  int name(int fd) {                                        \
    REAL(name);                                             \
    int done = real(fd);                                    \
    if (done == 0 && ours(fd)) put('s', number_of[fd] - 1, 0, NULL, 0); \
    return done;                                            \
  }
SYNC(fsync)
SYNC(fdatasync)

#define CUT(name)                                               \
  int name(int fd, off_t length) {                              \
    REAL(name);                                                 \
    if (ours(fd)) put('t', number_of[fd] - 1, length, NULL, 0); \
    return real(fd, length);                                    \
  }
CUT(ftruncate)
CUT(ftruncate64)

int unlink(const char *path) {
  REAL(unlink);
  if (log_file >= 0 && strncmp(path, below, strlen(below)) == 0) put('u', number(path), 0, NULL, 0);
  return real(path);
}

int rename(const char *from, const char *to) {
  REAL(rename);
  size_t length = below == NULL ? 0 : strlen(below);
  if (log_file >= 0 && strncmp(from, below, length) == 0 && strncmp(to, below, length) == 0) {
    int source = number(from), target = number(to);
    put('r', target, source, NULL, 0);
  }
  return real(from, to);
}
