/* process.c -- see process.h. SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

long process_cut(void (*life)(int report), int reports, long nanoseconds) {
  int ends[2];
  char byte;
  fflush(NULL); /* or the child would print it again */
  pid_t child = pipe(ends) == 0 ? fork() : -1;
  if (child < 0) {
    perror("starting a process");
    exit(1);
  }
  if (child == 0) {
    close(ends[0]);
    life(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  while (reports > 0 && read(ends[0], &byte, 1) == 1) reports--;
  nanosleep(&(struct timespec){0, nanoseconds}, NULL);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(ends[0]);
  if (reports > 0) exit(1); /* it has said why */
  return (long)child;
}
