/*
 * walk.c -- the bad-input walk of Tests/C on an emulated board: what newlib asks of the system, and
 * the programs one after another; those alone that WALK names, where a build lacks what the others use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "board/board.h"

int walk_values(void);
int walk_limits(void);
int walk_calls(void);
int walk_descriptions(void);
int walk_loads(void);
int walk_ready(void);

int program(void) {
#ifdef WALK
  setenv("SWIFTCL_TEST_QUICK", "1", 1);
  int failed = WALK();
#else
  int failed = walk_values() + walk_limits() + walk_calls() + walk_descriptions() + walk_loads();
  setenv("SWIFTCL_TEST_QUICK", "1", 1); /* networks that fit into the memory here */
  failed += walk_ready();
#endif
  board_print("stack %u of %u, data %u, RAM %u\n", board_stack_used(), board_stack_bytes(), board_data_bytes(),
              board_stack_used() + board_data_bytes());
  return failed;
}

/* ------------------------------------------------------------- newlib's system */

static char heap[3500 * 1024] __attribute__((aligned(16)));
static size_t used;

void *_sbrk(ptrdiff_t bytes) {
  if (bytes > (ptrdiff_t)(sizeof heap - used)) {
    errno = ENOMEM;
    return (void *)-1;
  }
  void *place = heap + used;
  used += (size_t)bytes;
  return place;
}

int _write(int file, const char *text, int length) {
  (void)file;
  board_put(text, (size_t)length);
  return length;
}

int _read(int file, char *text, int length) { return (void)file, (void)text, (void)length, 0; }
int _close(int file) { return (void)file, 0; }
int _lseek(int file, int offset, int whence) { return (void)file, (void)offset, (void)whence, 0; }
int _isatty(int file) { return (void)file, 1; }
int _fstat(int file, struct stat *status) { return (void)file, status->st_mode = S_IFCHR, 0; }
int _getpid(void) { return 1; }
int _kill(int process, int signal) { return (void)process, (void)signal, errno = EINVAL, -1; }
void _exit(int status) { board_exit(status); }
