/*
 * kernels_x86.c -- chooses among the variants of the kernels when the library runs.
 * Built only with SWIFTCL_DISPATCH; all other builds have one variant, called directly.
 */
#ifdef SWIFTCL_DISPATCH

#include "include/swiftcl_kernels.h"

#pragma GCC visibility push(hidden)

#define VARIANT(v) \
  void swiftcl_##v##_forward_product( \
      const float *x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t inputs, \
      const float *weights, const float *bias, ptrdiff_t padded, float *y, \
      ptrdiff_t y_stride, _Bool relu); \
  void swiftcl_##v##_input_gradient( \
      const float *dy, ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t padded, \
      const float *weights, ptrdiff_t panel_step, ptrdiff_t inputs, float *dx, \
      ptrdiff_t dx_stride, const float *mask, _Bool chained); \
  void swiftcl_##v##_weight_gradient( \
      const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride, \
      ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t padded, float *gradient, _Bool continues); \
  void swiftcl_##v##_weight_update( \
      const float *x, ptrdiff_t x_stride, const float *dy, ptrdiff_t dy_stride, \
      ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t padded, float *weights, float *first, \
      float *second, const uint16_t *owned, const float *rates, \
      const swiftcl_update *update); \
  void swiftcl_##v##_apply_update( \
      const float *gradient, float *weights, float *first, float *second, \
      const uint16_t *owned, const float *rates, ptrdiff_t count, \
      const swiftcl_update *update); \
  void swiftcl_##v##_bias_gradient( \
      const float *dy, ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t padded, \
      float *gradient); \
  void swiftcl_##v##_sparse_planes_forward(const swiftcl_sparse_planes *pass); \
  void swiftcl_##v##_sparse_planes_input_gradient(const swiftcl_sparse_planes *pass); \
  void swiftcl_##v##_sparse_planes_weight_gradient(const swiftcl_sparse_planes *pass);

/* What the widest variant leaves to the narrower one. */
#define VARIANT_NARROW(v) \
  void swiftcl_##v##_sparse_rows_forward(const swiftcl_sparse_rows *pass); \
  void swiftcl_##v##_sparse_rows_input_gradient(const swiftcl_sparse_rows *pass); \
  void swiftcl_##v##_sparse_rows_weight_gradient(const swiftcl_sparse_rows *pass); \
  void swiftcl_##v##_planes_from_rows(const swiftcl_plane_copy *pass); \
  void swiftcl_##v##_rows_from_planes(const swiftcl_plane_copy *pass); \
  void swiftcl_##v##_int8_rows(const swiftcl_int8_rows *pass); \
  void swiftcl_##v##_int8_input(const swiftcl_int8_input *pass);

#define TABLE(v, title) \
  static const swiftcl_kernel_table table_##v = { \
      title, \
      swiftcl_##v##_forward_product, \
      swiftcl_##v##_input_gradient, \
      swiftcl_##v##_weight_gradient, \
      swiftcl_##v##_weight_update, \
      swiftcl_##v##_apply_update, \
      swiftcl_##v##_bias_gradient, \
      swiftcl_##v##_sparse_rows_forward, \
      swiftcl_##v##_sparse_rows_input_gradient, \
      swiftcl_##v##_sparse_rows_weight_gradient, \
      swiftcl_##v##_sparse_planes_forward, \
      swiftcl_##v##_sparse_planes_input_gradient, \
      swiftcl_##v##_sparse_planes_weight_gradient, \
      swiftcl_##v##_planes_from_rows, \
      swiftcl_##v##_rows_from_planes, \
      swiftcl_##v##_int8_rows, \
      swiftcl_##v##_int8_input \
  };

VARIANT(base)
VARIANT(v3)
VARIANT(v4)
VARIANT_NARROW(base)
VARIANT_NARROW(v3)

TABLE(base, "base")
TABLE(v3, "avx2")

/*
 * A single row waits for memory, which vectors of 512 bits do not speed up, while they
 * lower the clock of many processors: the narrower variant, whose bits are the same.
 */
static void one_row_forward_product(const float *x, ptrdiff_t x_stride, ptrdiff_t rows,
                                    ptrdiff_t inputs, const float *weights, const float *bias,
                                    ptrdiff_t padded, float *y, ptrdiff_t y_stride, _Bool relu) {
  (rows == 1 ? swiftcl_v3_forward_product : swiftcl_v4_forward_product)(
      x, x_stride, rows, inputs, weights, bias, padded, y, y_stride, relu);
}

static void one_row_input_gradient(const float *dy, ptrdiff_t dy_stride, ptrdiff_t rows,
                                   ptrdiff_t padded, const float *weights, ptrdiff_t panel_step,
                                   ptrdiff_t inputs, float *dx, ptrdiff_t dx_stride,
                                   const float *mask, _Bool chained) {
  (rows == 1 ? swiftcl_v3_input_gradient : swiftcl_v4_input_gradient)(
      dy, dy_stride, rows, padded, weights, panel_step, inputs, dx, dx_stride, mask, chained);
}

static void one_row_weight_update(const float *x, ptrdiff_t x_stride, const float *dy,
                                  ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t inputs,
                                  ptrdiff_t padded, float *weights, float *first, float *second,
                                  const uint16_t *owned, const float *rates,
                                  const swiftcl_update *update) {
  (rows == 1 ? swiftcl_v3_weight_update : swiftcl_v4_weight_update)(
      x, x_stride, dy, dy_stride, rows, inputs, padded, weights, first, second, owned, rates,
      update);
}

static void one_row_bias_gradient(const float *dy, ptrdiff_t dy_stride, ptrdiff_t rows,
                                  ptrdiff_t padded, float *gradient) {
  (rows == 1 ? swiftcl_v3_bias_gradient : swiftcl_v4_bias_gradient)(dy, dy_stride, rows, padded,
                                                                    gradient);
}

static const swiftcl_kernel_table table_wide = {
    "avx512",
    one_row_forward_product,
    one_row_input_gradient,
    swiftcl_v4_weight_gradient,
    one_row_weight_update,
    swiftcl_v3_apply_update, /* from stored gradients: for memory, too, or for biases */
    one_row_bias_gradient,
    swiftcl_v3_sparse_rows_forward, /* eight floats at a time */
    swiftcl_v3_sparse_rows_input_gradient,
    swiftcl_v3_sparse_rows_weight_gradient,
    swiftcl_v4_sparse_planes_forward,
    swiftcl_v4_sparse_planes_input_gradient,
    swiftcl_v4_sparse_planes_weight_gradient,
    swiftcl_v3_planes_from_rows, /* for memory */
    swiftcl_v3_rows_from_planes,
    swiftcl_v3_int8_rows,
    swiftcl_v3_int8_input
};

#pragma GCC visibility pop

static const swiftcl_kernel_table *const tables[3] = {&table_base, &table_v3, &table_wide};

/* The best variant that processor and operating system can run. */
static int32_t best_level(void) {
  __builtin_cpu_init();
  int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  return v4 ? 2 : v3 ? 1 : 0;
}

/* -1 until the first use. Every thread would find the same value, so a race is harmless. */
static int32_t chosen = -1;

const swiftcl_kernel_table *swiftcl_kernels(void) {
  int32_t level = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
  if (level < 0) {
    level = best_level();
    __atomic_store_n(&chosen, level, __ATOMIC_RELAXED);
  }
  return tables[level];
}

int32_t swiftcl_kernels_select(int32_t level) {
  int32_t best = best_level();
  if (level < 0 || level > best) level = best;
  __atomic_store_n(&chosen, level, __ATOMIC_RELAXED);
  return level;
}

#endif
