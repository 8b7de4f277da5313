/*
 * swiftcl_kernels.h -- private: the parameter block that the update kernels share
 * between instruction-set variants. Not installed.
 */
#ifndef SWIFTCL_KERNELS_H
#define SWIFTCL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "swiftcl_lanes.h"

#ifndef __clang__ /* Swift's importer wants to know what may be NULL. */
#define _Nonnull
#define _Nullable
#endif

/** One optimiser step for a matrix of weights. */
typedef struct swiftcl_update {
  int32_t kind;       /* SWIFTCL_OPTIMIZER_... */
  float rate;         /* learning rate of this step */
  float momentum;     /* SGD */
  float beta1;        /* Adam */
  float beta2;
  float epsilon;
  float correction1;  /* Adam: 1 / (1 - beta1^t) */
  float correction2;  /* Adam: 1 / (1 - beta2^t) */
  float decay;        /* weight decay, added to the gradient */
  float scale;        /* of the gradient, from clipping; 1 */
  float owned_rate;   /* factor of the rate on owned edges; 0 freezes them bit for bit */
} swiftcl_update;

/*
 * One variant of the kernels: the same Swift sources compiled for one instruction
 * set. Meanings of the arguments: Sources/SwiftCL/Kernels/Kernels.swift.
 */
typedef struct swiftcl_kernel_table {
  const char *_Nonnull name;
  void (*_Nonnull forward_product)(
      const float *_Nonnull x, ptrdiff_t x_stride, ptrdiff_t rows, ptrdiff_t inputs,
      const float *_Nonnull weights, const float *_Nonnull bias, ptrdiff_t padded,
      float *_Nonnull y, ptrdiff_t y_stride, _Bool relu);
  void (*_Nonnull input_gradient)(
      const float *_Nonnull dy, ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t padded,
      const float *_Nonnull weights, ptrdiff_t panel_step, ptrdiff_t inputs, float *_Nonnull dx,
      ptrdiff_t dx_stride, const float *_Nullable mask, _Bool chained);
  void (*_Nonnull weight_gradient)(
      const float *_Nonnull x, ptrdiff_t x_stride, const float *_Nonnull dy,
      ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t padded,
      float *_Nonnull gradient, _Bool continues);
  void (*_Nonnull weight_update)(
      const float *_Nonnull x, ptrdiff_t x_stride, const float *_Nonnull dy,
      ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t padded,
      float *_Nonnull weights, float *_Nonnull first, float *_Nullable second,
      const uint16_t *_Nullable owned, const float *_Nullable rates,
      const swiftcl_update *_Nonnull update);
  void (*_Nonnull apply_update)(
      const float *_Nonnull gradient, float *_Nonnull weights, float *_Nonnull first,
      float *_Nullable second, const uint16_t *_Nullable owned,
      const float *_Nullable rates, ptrdiff_t count, const swiftcl_update *_Nonnull update);
  void (*_Nonnull bias_gradient)(
      const float *_Nonnull dy, ptrdiff_t dy_stride, ptrdiff_t rows, ptrdiff_t padded,
      float *_Nonnull gradient);
} swiftcl_kernel_table;

#ifdef SWIFTCL_DISPATCH
/* The variant for this processor, or the one that was selected. */
__attribute__((visibility("hidden"))) const swiftcl_kernel_table *_Nonnull swiftcl_kernels(void);

/*
 * Tests and benchmarks: use the variant 0 base, 1 avx2, 2 avx512, or -1 for the best.
 * Returns the variant in use; one that the processor lacks is not taken.
 */
__attribute__((visibility("hidden"))) int32_t swiftcl_kernels_select(int32_t level);
#endif

#ifdef SWIFTCL_CBLAS
/* The functions of OpenBLAS that this flavour needs; sizes are checked by the core. */
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float *_Nonnull a, int lda, const float *_Nonnull b, int ldb, float beta,
                 float *_Nonnull c, int ldc);
void cblas_sgemv(int order, int transpose, int m, int n, float alpha, const float *_Nonnull a,
                 int lda, const float *_Nonnull x, int incx, float beta, float *_Nonnull y,
                 int incy);
void openblas_set_num_threads(int threads);
int openblas_get_num_threads(void);
#endif

#endif
