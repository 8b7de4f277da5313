/*
 * host.c -- the platform of hosts with an operating system: a clock, aligned memory,
 * the thread's error record, and files that are replaced whole or not at all.
 */
#ifndef SWIFTCL_FIRMWARE
#define _GNU_SOURCE
#include "swiftcl_platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

double swiftcl_host_seconds(void) {
  struct timespec now = {0, 0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void *swiftcl_host_allocate(size_t bytes, size_t alignment) {
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, bytes ? bytes : 1) != 0) return NULL;
  return memory;
}

void swiftcl_host_release(void *memory) { free(memory); }

static __thread swiftcl_error thread_error;

swiftcl_error *swiftcl_host_thread_error(void) { return &thread_error; }

int32_t swiftcl_host_open_read(swiftcl_host_file *file, const char *path) {
  memset(file, 0, sizeof *file);
  do {
    file->descriptor = open(path, O_RDONLY | O_CLOEXEC);
  } while (file->descriptor < 0 && errno == EINTR);
  return file->descriptor < 0 ? errno : 0;
}

/* The directory of `path`, for the sync that makes a rename durable. */
static void directory_of(const char *path, char *directory, size_t capacity) {
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (!slash) {
    strcpy(directory, ".");
  } else if (length == 0) {
    strcpy(directory, "/");
  } else if (length < capacity) {
    memcpy(directory, path, length);
    directory[length] = 0;
  }
}

/* Opens `beside` for this process alone. The name is fixed, so that what a power cut leaves is
   overwritten by the next save; the lock keeps two processes from writing it at once, and the
   look at its inode tells whether another one renamed it away in between. */
static int32_t open_beside(swiftcl_host_file *file, mode_t mode) {
  for (int attempt = 0; attempt < 8; attempt++) {
    int descriptor = open(file->beside, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    if (descriptor < 0 && errno == EINTR) continue;
    if (descriptor < 0) return errno;
    struct stat opened, named;
    int32_t failed = 0;
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 || fstat(descriptor, &opened) != 0) failed = errno;
    int same = !failed && stat(file->beside, &named) == 0 && opened.st_ino == named.st_ino &&
               opened.st_dev == named.st_dev;
    if (same && ftruncate(descriptor, 0) != 0) failed = errno;
    if (same && !failed) {
      file->descriptor = descriptor;
      file->writing = 1;
      return 0;
    }
    (void)close(descriptor);
    if (failed) return failed;
  }
  return EAGAIN;
}

int32_t swiftcl_host_open_write(swiftcl_host_file *file, const char *path) {
  memset(file, 0, sizeof *file);
  file->descriptor = -1;
  size_t length = strlen(path);
  if (length >= sizeof file->path) return ENAMETOOLONG;
  memcpy(file->path, path, length + 1);
  memcpy(file->beside, path, length);
  memcpy(file->beside + length, ".part", 6);
  struct stat old;
  mode_t mode = stat(path, &old) == 0 ? (old.st_mode & 0777) : 0666;
  return open_beside(file, mode);
}

int32_t swiftcl_host_read(swiftcl_host_file *file, void *data, size_t bytes) {
  char *target = data;
  while (bytes > 0) {
    if (file->next == file->used) {
      ssize_t got = read(file->descriptor, file->buffer, sizeof file->buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return file->problem = errno;
      if (got == 0) return -1;
      file->used = (size_t)got;
      file->next = 0;
    }
    size_t piece = file->used - file->next < bytes ? file->used - file->next : bytes;
    memcpy(target, file->buffer + file->next, piece);
    file->next += piece;
    target += piece;
    bytes -= piece;
  }
  return 0;
}

static int32_t flush(swiftcl_host_file *file) {
  size_t done = 0;
  while (done < file->used) {
    ssize_t put = write(file->descriptor, file->buffer + done, file->used - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return file->problem = errno;
    done += (size_t)put;
  }
  file->used = 0;
  return 0;
}

int32_t swiftcl_host_write(swiftcl_host_file *file, const void *data, size_t bytes) {
  const char *source = data;
  while (bytes > 0) {
    if (file->used == sizeof file->buffer) {
      int32_t failed = flush(file);
      if (failed) return failed;
    }
    size_t room = sizeof file->buffer - file->used;
    size_t piece = room < bytes ? room : bytes;
    memcpy(file->buffer + file->used, source, piece);
    file->used += piece;
    source += piece;
    bytes -= piece;
  }
  return 0;
}

int32_t swiftcl_host_commit(swiftcl_host_file *file) {
  int32_t unwritten = flush(file);
  if (unwritten) return unwritten;
  if (fsync(file->descriptor) != 0) return errno;
  /* Renamed while the lock is held: nobody else may write this file in between. */
  if (rename(file->beside, file->path) != 0) return errno;
  file->writing = 0;
  /* The rename itself must survive a power cut. A file system that cannot sync
     a directory still has the whole new file or the whole old one. */
  char directory[4096];
  directory_of(file->path, directory, sizeof directory);
  int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    (void)fsync(descriptor);
    (void)close(descriptor);
  }
  return 0;
}

void swiftcl_host_close(swiftcl_host_file *file) {
  if (file->writing) (void)unlink(file->beside);
  file->writing = 0;
  if (file->descriptor >= 0) (void)close(file->descriptor);
  file->descriptor = -1;
}
#endif
