/*
 * dataset.h -- data for the examples: MNIST from its own files, and the ten
 * tasks in a row that example 02 learns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DATASET_H
#define DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "swiftcl.h"

/** One part of MNIST: rows images of 28 x 28 bytes, and their labels 0 to 9. */
struct mnist {
  uint8_t *images;
  int32_t *labels;
  size_t rows;
};

#define MNIST_INPUTS (28 * 28)
#define MNIST_CLASSES 10

/**
 * Reads part "train" or "t10k" from $SWIFTCL_DATA/mnist (../shared/data/mnist
 * when that is not set). Returns 1; or 0 and says in problem what is wrong, one
 * line. A file that is cut short, too long or not MNIST is refused.
 */
int mnist_load(struct mnist *set, const char *part, char *problem, size_t problem_bytes);
/** Frees what mnist_load allocated. */
void mnist_free(struct mnist *set);

/**
 * Tasks that come one after the other. Permuted MNIST: each task shuffles the
 * pixels in its own way, the first leaves them as they are. Or synthetic
 * vibration windows: each task is another machine.
 */
struct sequence {
  const char *title;          /* of the data, for a heading */
  const char *task_word;      /* what tells its tasks apart */
  uint32_t inputs, classes;   /* numbers of a row; labels */
  uint32_t width;             /* of the layers that learn it; 800 at most */
  int32_t input_type;         /* SWIFTCL_INPUT_... */
  size_t row_bytes;
  float scale, offset;        /* input = raw * scale + offset */
  size_t train_rows, test_rows; /* of one task */
  struct mnist train, test;   /* empty when synthetic */
};

/**
 * Opens MNIST; or the synthetic machines when it is not there, and says how to
 * get it. train_rows 0: the usual number.
 */
void sequence_open(struct sequence *data, size_t train_rows);
/** Describes its rows to the library; the sequence must outlive the call that takes the options. */
void sequence_describe(const struct sequence *data, swiftcl_options *options);
/** The training (or test) rows of a task, newly allocated. */
swiftcl_dataset sequence_rows(const struct sequence *data, unsigned task, int test);
/** Frees what sequence_rows allocated. */
void sequence_rows_free(const swiftcl_dataset *rows);
/** Frees what sequence_open allocated. */
void sequence_close(struct sequence *data);

#endif
