// A library for LD_PRELOAD, built for the fault harness only: it counts the calls by which a process creates or changes files
// below one folder, and at the nth lets the process die or the call fail. Between libc and the program, so that Node, libgit2 and
// our own code are all met, at whatever they do.
//   COPPICE_CALLS_BELOW=/a/folder/name   paths that begin with this; needed
//   COPPICE_CALLS_NTH=12                 the call that is met, from 1
//   COPPICE_CALLS_ACT=kill | <errno>     dies before the call, or fails with this number
//   COPPICE_CALLS_EVER=1                 every call from the nth on fails
//   COPPICE_CALLS_REPORT=<file>          the calls are written there, one a line
// Limits: Linux with glibc; calls that libc makes for itself, stores through a mapping and io_uring are not seen. Only the process
// that is started with it is met, not its children.
// Else the headers would make one function of open and open64.
#undef _FILE_OFFSET_BITS
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static char below[PATH_MAX];
static size_t belowLength;
static long nth;
static int number;  // 0: die
static int ever;
static int report = -1;
static atomic_long count;

static long numberOf(const char* name, long otherwise) {
  const char* text = getenv(name);
  return text == NULL ? otherwise : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void begin(void) {
  const char* folder = getenv("COPPICE_CALLS_BELOW");
  if (folder == NULL || strlen(folder) >= sizeof below) return;
  const char* act = getenv("COPPICE_CALLS_ACT");
  const char* file = getenv("COPPICE_CALLS_REPORT");
  nth = numberOf("COPPICE_CALLS_NTH", 0);
  ever = numberOf("COPPICE_CALLS_EVER", 0) != 0;
  number = act == NULL || strcmp(act, "kill") == 0 ? 0 : (int)strtol(act, NULL, 10);
  if (file != NULL) report = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  strcpy(below, folder);
  belowLength = strlen(below);
  for (const char* const* name = (const char* const[]){"LD_PRELOAD", "COPPICE_CALLS_BELOW", NULL}; *name != NULL; name++)
    unsetenv(*name);
}

static void describe(const char* call, const char* path) {
  char line[PATH_MAX + 64];
  const int length = snprintf(line, sizeof line, "%s %s\n", call, path + belowLength);
  if (length > 0 && syscall(SYS_write, report, line, (size_t)length) < 0) abort();
}

// Whether this call is to fail; errno is set. May not come back.
static int meets(const char* call, const char* path) {
  if (strncmp(path, below, belowLength) != 0) return 0;
  const long now = atomic_fetch_add(&count, 1) + 1;
  if (report >= 0) describe(call, path);
  if (nth == 0 || now < nth || (now > nth && !ever)) return 0;
  if (number == 0) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = number;
  return 1;
}

static int meetsFd(const char* call, int fd) {
  if (belowLength == 0) return 0;
  const int kept = errno;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = kept;
  if (length < 0) return 0;
  path[length] = '\0';
  return meets(call, path);
}

static int meetsAt(const char* call, int folder, const char* name) {
  if (belowLength == 0 || name == NULL) return 0;
  if (name[0] == '/') return meets(call, name);
  const int kept = errno;
  char link[64], path[2 * PATH_MAX];
  snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  errno = kept;
  if (length < 0 || strlen(name) >= PATH_MAX) return 0;
  path[length] = '/';
  strcpy(path + length + 1, name);
  return meets(call, path);
}

#define NEXT(name, ...)                                           \
  static __typeof__(name)* next;                                  \
  if (next == NULL) next = (__typeof__(name)*)dlsym(RTLD_NEXT, #name); \
  return next(__VA_ARGS__)

#define BY_PATH(type, name, parameters, path, ...)    \
  SHOWN type name parameters {                        \
    if (meetsAt(#name, AT_FDCWD, path)) return -1;    \
    NEXT(name, __VA_ARGS__);                          \
  }

#define BY_PLACE(type, name, parameters, folder, path, ...) \
  SHOWN type name parameters {                              \
    if (meetsAt(#name, folder, path)) return -1;            \
    NEXT(name, __VA_ARGS__);                                \
  }

#define BY_FD(type, name, parameters, fd, ...) \
  SHOWN type name parameters {                 \
    if (meetsFd(#name, fd)) return -1;         \
    NEXT(name, __VA_ARGS__);                   \
  }

static int changes(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_ACCMODE) != O_RDONLY; }

#define OPEN(name, parameters, folder, ...)                             \
  SHOWN int name parameters {                                           \
    mode_t mode = 0;                                                    \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                         \
      va_list list;                                                     \
      va_start(list, flags);                                            \
      mode = va_arg(list, mode_t);                                      \
      va_end(list);                                                     \
    }                                                                   \
    if (changes(flags) && meetsAt(#name, folder, path)) return -1;      \
    NEXT(name, __VA_ARGS__, flags, mode);                               \
  }

OPEN(open, (const char* path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char* path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int folder, const char* path, int flags, ...), folder, folder, path)
OPEN(openat64, (int folder, const char* path, int flags, ...), folder, folder, path)

BY_PATH(int, creat, (const char* path, mode_t mode), path, path, mode)
BY_PATH(int, mkdir, (const char* path, mode_t mode), path, path, mode)
BY_PATH(int, rmdir, (const char* path), path, path)
BY_PATH(int, unlink, (const char* path), path, path)
BY_PATH(int, chmod, (const char* path, mode_t mode), path, path, mode)
BY_PATH(int, rename, (const char* from, const char* path), path, from, path)
BY_PATH(int, link, (const char* from, const char* path), path, from, path)
BY_PATH(int, symlink, (const char* target, const char* path), path, target, path)
BY_PATH(int, truncate, (const char* path, off_t size), path, path, size)
BY_PATH(int, utimes, (const char* path, const struct timeval* times), path, path, times)

BY_PLACE(int, mkdirat, (int folder, const char* path, mode_t mode), folder, path, folder, path, mode)
BY_PLACE(int, unlinkat, (int folder, const char* path, int flags), folder, path, folder, path, flags)
BY_PLACE(int, fchmodat, (int folder, const char* path, mode_t mode, int flags), folder, path, folder, path, mode, flags)
BY_PLACE(int, renameat, (int from, const char* old, int folder, const char* path), folder, path, from, old, folder, path)
BY_PLACE(int, renameat2, (int from, const char* old, int folder, const char* path, unsigned flags), folder, path, from, old,
         folder, path, flags)
BY_PLACE(int, linkat, (int from, const char* old, int folder, const char* path, int flags), folder, path, from, old, folder, path,
         flags)
BY_PLACE(int, symlinkat, (const char* target, int folder, const char* path), folder, path, target, folder, path)
BY_PLACE(int, utimensat, (int folder, const char* path, const struct timespec times[2], int flags), folder, path, folder, path,
         times, flags)

BY_FD(ssize_t, write, (int fd, const void* bytes, size_t size), fd, fd, bytes, size)
BY_FD(ssize_t, pwrite, (int fd, const void* bytes, size_t size, off_t offset), fd, fd, bytes, size, offset)
BY_FD(ssize_t, pwrite64, (int fd, const void* bytes, size_t size, off64_t offset), fd, fd, bytes, size, offset)
BY_FD(ssize_t, writev, (int fd, const struct iovec* parts, int parts_count), fd, fd, parts, parts_count)
BY_FD(int, fsync, (int fd), fd, fd)
BY_FD(int, fdatasync, (int fd), fd, fd)
BY_FD(int, ftruncate, (int fd, off_t size), fd, fd, size)
BY_FD(int, ftruncate64, (int fd, off64_t size), fd, fd, size)
BY_FD(int, fchmod, (int fd, mode_t mode), fd, fd, mode)
BY_FD(int, futimens, (int fd, const struct timespec times[2]), fd, fd, times)
BY_FD(ssize_t, copy_file_range, (int in, off64_t* inAt, int fd, off64_t* outAt, size_t size, unsigned flags), fd, in, inAt, fd,
      outAt, size, flags)

SHOWN char* mkdtemp(char* path) {
  if (meetsAt("mkdtemp", AT_FDCWD, path)) return NULL;
  NEXT(mkdtemp, path);
}

// openat2 has no function of its own in libc, and older ones have none for renameat2.
SHOWN long syscall(long call, ...) {
  va_list list;
  va_start(list, call);
  long given[6];
  for (int i = 0; i < 6; i++) given[i] = va_arg(list, long);
  va_end(list);
  static long (*next)(long, ...);
  if (next == NULL) next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  if (call == SYS_renameat2 && meetsAt("renameat2", (int)given[2], (const char*)given[3])) return -1;
#ifdef SYS_openat2
  // Its flags are the first eight bytes of what the third argument points to.
  if (call == SYS_openat2 && changes((int)*(const unsigned long long*)given[2]) &&
      meetsAt("openat2", (int)given[0], (const char*)given[1]))
    return -1;
#endif
  return next(call, given[0], given[1], given[2], given[3], given[4], given[5]);
}
