/*
 * process.h -- a process that is killed at a moment it did not choose, as a
 * power cut would. POSIX.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PROCESS_H
#define PROCESS_H

/**
 * Runs `life` in a child process and kills it (SIGKILL) nanoseconds after it has
 * written so many bytes to `report`. Returns the child's number; ends the
 * program when the child ended before that, by itself.
 */
long process_cut(void (*life)(int report), int reports, long nanoseconds);

#endif
