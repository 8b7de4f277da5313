/*
 * yardstick.c -- the packed network 784-200-200-10 as a good C programmer would
 * train it on OpenBLAS: gemm for the products, gemv at batch 1, and one loop
 * that updates all parameters. ReLU, softmax cross-entropy, SGD with momentum.
 *
 *   step B N    N training steps of B rows
 *   hello       the kernels that OpenBLAS chose
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cblas.h>
#include <math.h>

#include "contender.h"

enum { HIDDEN = 200, MAX_BATCH = 512, LAYERS = 3 };
static const int WIDTH[LAYERS + 1] = {PIXELS, HIDDEN, HIDDEN, CLASSES};

char *openblas_get_corename(void);

/* Parameters stand in one array, so that one loop updates them: weights [out][in], then biases. */
struct network {
  float *parameters, *velocity, *gradient;
  float *weights[LAYERS], *biases[LAYERS];
  float *weight_gradient[LAYERS], *bias_gradient[LAYERS];
  float *weight_velocity[LAYERS], *bias_velocity[LAYERS];
  float *activation[LAYERS], *delta[LAYERS]; /* of the layer's outputs, MAX_BATCH rows */
  size_t count;
};

static struct network create(void) {
  struct network net = {.count = 0};
  uint64_t state = 2;
  for (int l = 0; l < LAYERS; l++) net.count += (size_t)WIDTH[l + 1] * (size_t)(WIDTH[l] + 1);
  net.parameters = reserve(net.count * sizeof(float));
  net.velocity = reserve(net.count * sizeof(float));
  net.gradient = reserve(net.count * sizeof(float));
  size_t at = 0;
  for (int l = 0; l < LAYERS; l++) {
    size_t weights = (size_t)WIDTH[l] * (size_t)WIDTH[l + 1], outputs = (size_t)WIDTH[l + 1];
    net.weights[l] = net.parameters + at;
    net.weight_gradient[l] = net.gradient + at;
    net.weight_velocity[l] = net.velocity + at;
    for (size_t i = 0; i < weights; i++) net.weights[l][i] = noise(&state) * sqrtf(2.0f / (float)WIDTH[l]);
    at += weights;
    net.biases[l] = net.parameters + at;
    net.bias_gradient[l] = net.gradient + at;
    net.bias_velocity[l] = net.velocity + at;
    at += outputs;
    net.activation[l] = reserve(MAX_BATCH * outputs * sizeof(float));
    net.delta[l] = reserve(MAX_BATCH * outputs * sizeof(float));
  }
  return net;
}

static void forward(struct network *net, const float *inputs, int rows) {
  const float *x = inputs;
  for (int l = 0; l < LAYERS; l++) {
    int in = WIDTH[l], outputs = WIDTH[l + 1];
    float *y = net->activation[l];
    for (int r = 0; r < rows; r++) memcpy(y + r * outputs, net->biases[l], (size_t)outputs * sizeof(float));
    if (rows == 1)
      cblas_sgemv(CblasRowMajor, CblasNoTrans, outputs, in, 1, net->weights[l], in, x, 1, 1, y, 1);
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, outputs, in, 1, x, in, net->weights[l], in, 1, y,
                  outputs);
    if (l < LAYERS - 1)
      for (int i = 0; i < rows * outputs; i++) y[i] = y[i] > 0 ? y[i] : 0;
    x = y;
  }
}

/* The gradient of the mean cross-entropy with respect to the logits; returns the loss. */
static float softmax(const float *logits, const int32_t *labels, int rows, float *delta) {
  float loss = 0, share = 1.0f / (float)rows;
  for (int r = 0; r < rows; r++, logits += CLASSES, delta += CLASSES) {
    float top = logits[0], sum = 0;
    for (int c = 1; c < CLASSES; c++) top = logits[c] > top ? logits[c] : top;
    for (int c = 0; c < CLASSES; c++) sum += delta[c] = expf(logits[c] - top);
    for (int c = 0; c < CLASSES; c++) delta[c] *= share / sum;
    loss -= share * (logits[labels[r]] - top - logf(sum));
    delta[labels[r]] -= share;
  }
  return loss;
}

static void input_gradient(struct network *net, int l, int rows) {
  int in = WIDTH[l], outputs = WIDTH[l + 1];
  float *below = net->delta[l - 1];
  const float *y = net->activation[l - 1];
  if (rows == 1)
    cblas_sgemv(CblasRowMajor, CblasTrans, outputs, in, 1, net->weights[l], in, net->delta[l], 1, 0, below, 1);
  else
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, in, outputs, 1, net->delta[l], outputs,
                net->weights[l], in, 0, below, in);
  for (int i = 0; i < rows * in; i++) below[i] = y[i] > 0 ? below[i] : 0;
}

static void update(float *restrict w, float *restrict v, const float *restrict g, size_t count) {
  for (size_t i = 0; i < count; i++) {
    v[i] = MOMENTUM * v[i] + g[i];
    w[i] -= LEARNING_RATE * v[i];
  }
}

/* At batch 1 the gradient is an outer product, which need not be stored. */
static void update_outer(float *restrict w, float *restrict v, float delta, const float *restrict x, size_t count) {
  for (size_t i = 0; i < count; i++) {
    v[i] = MOMENTUM * v[i] + delta * x[i];
    w[i] -= LEARNING_RATE * v[i];
  }
}

static void step(struct network *net, const float *inputs, const int32_t *labels, int rows) {
  forward(net, inputs, rows);
  float loss = softmax(net->activation[LAYERS - 1], labels, rows, net->delta[LAYERS - 1]);
  if (!isfinite(loss)) fail("the yardstick diverged");
  for (int l = LAYERS - 1; l >= 0; l--) {
    int in = WIDTH[l], outputs = WIDTH[l + 1];
    const float *x = l ? net->activation[l - 1] : inputs;
    if (l) input_gradient(net, l, rows);
    if (rows == 1) {
      for (int o = 0; o < outputs; o++)
        update_outer(net->weights[l] + o * in, net->weight_velocity[l] + o * in, net->delta[l][o], x, (size_t)in);
      update(net->biases[l], net->bias_velocity[l], net->delta[l], (size_t)outputs);
      continue;
    }
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, outputs, in, rows, 1, net->delta[l], outputs, x, in, 0,
                net->weight_gradient[l], in);
    memset(net->bias_gradient[l], 0, (size_t)outputs * sizeof(float));
    for (int r = 0; r < rows; r++)
      for (int o = 0; o < outputs; o++) net->bias_gradient[l][o] += net->delta[l][r * outputs + o];
  }
  if (rows > 1) update(net->parameters, net->velocity, net->gradient, net->count);
}

int main(void) {
  struct network net = create();
  struct pool pool = pool_random();
  double *samples = reserve(MAX_SAMPLES * sizeof(double));
  char line[256];
  while (fgets(line, sizeof line, stdin)) {
    int rows = 0, count = 0;
    if (strncmp(line, "hello", 5) == 0) {
      printf("{\"core\": \"%s\"}\n", openblas_get_corename());
    } else if (sscanf(line, "step %d %d", &rows, &count) == 2 && rows > 0 && rows <= MAX_BATCH && count > 0 &&
               count <= MAX_SAMPLES) {
      for (int i = -WARM_UP; i < count; i++) {
        size_t first = pool_next(&pool, (size_t)rows);
        struct stopwatch watch = stopwatch_start();
        step(&net, pool.inputs + first * PIXELS, pool.labels + first, rows);
        if (i >= 0) samples[i] = stopwatch_stop(watch);
      }
      answer_times(samples, (size_t)count);
    } else {
      fail("no such command");
    }
    fflush(stdout);
  }
  return 0;
}
