/* dataset.c -- see dataset.h. SPDX-License-Identifier: Apache-2.0 */
#include "dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "random.h"
#include "show.h"
#include "vibration.h"

/* ------------------------------------------------------------------- MNIST */

/* Far more rows than MNIST has, and few enough that no size can overflow. */
#define MOST_ROWS 1000000u

static uint32_t big_endian(const uint8_t *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/*
 * Reads an IDX file of unsigned bytes: 0 0 8 dimensions, each size as 32 bits
 * big-endian, then the values. Every size but the first must be `side`.
 * Returns the values, or NULL and why not.
 */
static uint8_t *idx_read(gzFile file, int dimensions, uint32_t side, size_t *rows, const char **why) {
  uint8_t head[16], beyond;
  size_t row_bytes = 1;
  *why = "is not an IDX file of the expected shape";
  if (!read_all(file, head, 4 + 4 * (size_t)dimensions)) return NULL;
  if (head[0] || head[1] || head[2] != 8 || head[3] != dimensions) return NULL;
  for (int d = 1; d < dimensions; d++) {
    if (big_endian(head + 4 + 4 * d) != side) return NULL;
    row_bytes *= side;
  }
  *rows = big_endian(head + 4);
  if (*rows == 0 || *rows > MOST_ROWS) return NULL;

  *why = "does not fit into memory";
  uint8_t *values = malloc(*rows * row_bytes);
  if (!values) return NULL;
  *why = "is damaged or cut short";
  if (read_all(file, values, *rows * row_bytes)) {
    int more = gzread(file, &beyond, 1);
    if (more == 0) return values;
    if (more > 0) *why = "is longer than its header says";
  }
  free(values);
  return NULL;
}

static uint8_t *idx_load(const char *part, const char *kind, int dimensions, uint32_t side, size_t *rows,
                         char *problem, size_t problem_bytes) {
  char path[64];
  const char *why = "is not there";
  uint8_t *values = NULL;
  snprintf(path, sizeof path, "mnist/%s-%s-idx%d-ubyte.gz", part, kind, dimensions);
  gzFile file = data_open(path);
  if (file) {
    values = idx_read(file, dimensions, side, rows, &why);
    if (gzclose(file) != Z_OK && values) { /* a checksum is missing at the end */
      free(values);
      values = NULL;
      why = "is damaged or cut short";
    }
  }
  if (!values) snprintf(problem, problem_bytes, "%s-%s-idx%d-ubyte.gz %s", part, kind, dimensions, why);
  return values;
}

int mnist_load(struct mnist *set, const char *part, char *problem, size_t problem_bytes) {
  size_t labels = 0;
  memset(set, 0, sizeof *set);
  snprintf(problem, problem_bytes, "%s does not fit into memory", part);
  uint8_t *bytes = idx_load(part, "labels", 1, 1, &labels, problem, problem_bytes);
  if (!bytes) return 0;
  set->images = idx_load(part, "images", 3, 28, &set->rows, problem, problem_bytes);
  set->labels = malloc(labels * sizeof *set->labels);
  int fine = set->images && set->labels;
  if (fine && set->rows != labels) {
    snprintf(problem, problem_bytes, "%s has %zu images but %zu labels", part, set->rows, labels);
    fine = 0;
  }
  for (size_t n = 0; fine && n < labels; n++) {
    set->labels[n] = bytes[n];
    if (bytes[n] < MNIST_CLASSES) continue;
    snprintf(problem, problem_bytes, "%s label %zu is %d, not 0 to 9", part, n, bytes[n]);
    fine = 0;
  }
  free(bytes);
  if (!fine) mnist_free(set);
  return fine;
}

void mnist_free(struct mnist *set) {
  free(set->images);
  free(set->labels);
  memset(set, 0, sizeof *set);
}

/* ------------------------------------------------------------ tasks in a row */

#define SEED 1

static void open_machines(struct sequence *data) {
  data->title = "synthetic vibration windows: each task is another machine, its condition the class";
  data->task_word = "machine";
  data->inputs = VIBRATION_INPUTS;
  data->classes = VIBRATION_CLASSES;
  data->width = 400;
  data->input_type = SWIFTCL_INPUT_I16;
  data->row_bytes = VIBRATION_INPUTS * sizeof(int16_t);
  data->scale = VIBRATION_SCALE;
  data->offset = 0;
  data->train_rows = 20000;
  data->test_rows = 1000;
}

static int open_mnist(struct sequence *data) {
  char problem[200];
  if (!mnist_load(&data->train, "train", problem, sizeof problem) ||
      !mnist_load(&data->test, "t10k", problem, sizeof problem)) {
    mnist_free(&data->train);
    printf("No MNIST in %s/mnist: %s.\n", data_folder(), problem);
    printf("To use it, put the four files of the MNIST database of handwritten digits there\n"
           "(train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz,\n"
           "t10k-labels-idx1-ubyte.gz), or set SWIFTCL_DATA to the folder that holds mnist/.\n\n");
    return 0;
  }
  data->title = "permuted MNIST: each task is the digits with their pixels shuffled in another way";
  data->task_word = "permutation";
  data->inputs = MNIST_INPUTS;
  data->classes = MNIST_CLASSES;
  data->width = 800;
  data->input_type = SWIFTCL_INPUT_U8;
  data->row_bytes = MNIST_INPUTS;
  data->scale = 1.0f / (255.0f * 0.3081f); /* mean 0.1307 and deviation 0.3081 of a pixel, 0 to 1 */
  data->offset = -0.1307f / 0.3081f;
  data->train_rows = data->train.rows;
  data->test_rows = data->test.rows;
  return 1;
}

void sequence_open(struct sequence *data, size_t train_rows) {
  memset(data, 0, sizeof *data);
  if (!open_mnist(data)) open_machines(data);
  if (train_rows > 0 && (train_rows < data->train_rows || data->train.rows == 0)) data->train_rows = train_rows;
  if (data->train.rows == 0 && data->train_rows > VIBRATION_TEST) data->train_rows = VIBRATION_TEST;
}

void sequence_describe(const struct sequence *data, swiftcl_options *options) {
  options->inputs = data->inputs;
  options->input_type = data->input_type;
  options->input_scale = &data->scale;
  options->input_offset = &data->offset;
}

static void permute(const struct mnist *set, unsigned task, size_t rows, uint8_t *inputs, int32_t *labels) {
  uint32_t order[MNIST_INPUTS];
  uint64_t random = random_start(SEED, task, 0);
  random_order(&random, order, MNIST_INPUTS);
  for (uint32_t k = 0; task == 0 && k < MNIST_INPUTS; k++) order[k] = k;
  for (size_t n = 0; n < rows; n++) {
    const uint8_t *image = set->images + n * MNIST_INPUTS;
    for (size_t k = 0; k < MNIST_INPUTS; k++) *inputs++ = image[order[k]];
    labels[n] = set->labels[n];
  }
}

swiftcl_dataset sequence_rows(const struct sequence *data, unsigned task, int test) {
  size_t rows = test ? data->test_rows : data->train_rows;
  void *inputs = show_malloc(rows * data->row_bytes);
  int32_t *labels = show_malloc(rows * sizeof *labels);
  if (data->train.rows > 0)
    permute(test ? &data->test : &data->train, task, rows, inputs, labels);
  else
    vibration_windows(SEED, task, test ? VIBRATION_TEST : 0, rows, inputs, labels);
  return (swiftcl_dataset){.inputs = inputs, .labels = labels, .rows = rows};
}

void sequence_rows_free(const swiftcl_dataset *rows) {
  free((void *)rows->inputs);
  free((void *)rows->labels);
}

void sequence_close(struct sequence *data) {
  mnist_free(&data->train);
  mnist_free(&data->test);
}
