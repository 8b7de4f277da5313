/*
 * swiftcl_kernels.h -- private: the parameter block that the update kernels share
 * between instruction-set variants. Not installed.
 */
#ifndef SWIFTCL_KERNELS_H
#define SWIFTCL_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "swiftcl_int8.h"
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

/**
 * The kept weights of a masked layer: entries of `width` consecutive outputs and one input, 8 of them
 * (blocks) or 1 (single weights). Group g has the outputs from g * width on; its entries are those
 * from starts[g] to below starts[g + 1], inputs ascending. Entry e has the values from e * width on.
 */
typedef struct swiftcl_sparse {
  ptrdiff_t width;
  ptrdiff_t groups;
  const int32_t *_Nonnull starts; /* groups + 1 */
  const int32_t *_Nonnull inputs; /* of each entry */
  float *_Nonnull values;         /* weights; for a weight gradient, the gradient */
  /* Weight gradient: the entries that are computed, ascending, and where each group's begin;
     NULL is all. The others keep what lies in `values`. */
  const int32_t *_Nullable active;
  const int32_t *_Nullable active_starts;
} swiftcl_sparse;

/**
 * Rows as they are: x, dx [rows][x_stride], y, dy [rows][y_stride]. For few rows.
 *   forward: y = bias + x * kept weights, outputs 0 to width * groups - 1, then the rectifier if relu;
 *     one chain of fused multiply-adds an output, kept inputs ascending.
 *   input gradient: dx += dy * transposed kept weights; one chain an input that begins with what lies
 *     in dx, outputs ascending.
 *   weight gradient: values = sum over rows of x * dy, rows ascending, one chain that begins at 0, or, if
 *     it continues, with what lies in `values`.
 */
typedef struct swiftcl_sparse_rows {
  swiftcl_sparse weights;
  const float *_Nonnull x;
  float *_Nullable dx;
  ptrdiff_t x_stride;
  float *_Nonnull y; /* forward: written; gradients: dy, read */
  ptrdiff_t y_stride;
  ptrdiff_t rows;
  const float *_Nullable bias; /* width * groups */
  _Bool relu;
  _Bool continues;
} swiftcl_sparse_rows;

/**
 * Planes: sixteen samples (or rows) side by side in a vector. The pixel at `line` and `pixel` of
 * input k lies at x + offsets[k] + line * x_line + pixel * x_step, that of output o at
 * y + o * y_plane + (line * pixels + pixel) * 16; both have sixteen floats. A convolution has
 * one offset for each tap and channel into padded planes; a dense layer has one line, whose pixels are
 * vectors of sixteen rows.
 *   forward: as above, one chain an output.
 *   input gradient: dx += ..., one chain that begins with what lies in dx: groups ascending, within
 *     a group tiles of up to 3 pixels of one line (evenShare), line by line, within a tile entries
 *     ascending, within an entry outputs ascending.
 *   weight gradient: each of the sixteen lanes sums one chain, lines and pixels ascending; the sixteen are
 *     folded as folded(_:) does, and the sum is written, or added if it continues.
 */
typedef struct swiftcl_sparse_planes {
  swiftcl_sparse weights;
  const int32_t *_Nonnull offsets;
  const float *_Nonnull x;
  float *_Nullable dx; /* same places as x */
  ptrdiff_t x_line;
  ptrdiff_t x_step;
  float *_Nonnull y; /* forward: written; gradients: dy, read */
  ptrdiff_t y_plane;
  ptrdiff_t lines;
  ptrdiff_t pixels; /* of a line */
  const float *_Nullable bias; /* width * groups */
  _Bool relu;
  _Bool continues;
} swiftcl_sparse_planes;

/**
 * Up to sixteen samples in rows, [sample][pixel][channel], beside planes of theirs. Source line l of
 * channel c lies in the planes at planes + c * plane_stride + (l - first_line) * line_stride; it
 * begins with `padding` pixels of border and ends with as many, a pixel being sixteen floats.
 *   planes from rows: lines first_line to end_line - 1; borders, lines outside of the image and
 *     missing samples become 0.
 *   rows from planes: the same lines, those outside of the image left out; the channels of a pixel are
 *     neighbours, and the pads behind them, up to a multiple of sixteen, become 0; or, if it adds,
 *     what lies in the rows grows by what lies in the planes, and pads stay.
 */
typedef struct swiftcl_plane_copy {
  float *_Nonnull rows;
  ptrdiff_t sample_stride;
  ptrdiff_t pixel_stride;
  ptrdiff_t channel_stride; /* planes from rows only: 1, or more in planar images */
  ptrdiff_t samples;        /* 1 to 16 */
  ptrdiff_t channels;
  ptrdiff_t height;
  ptrdiff_t width;
  float *_Nonnull planes;
  ptrdiff_t plane_stride;
  ptrdiff_t line_stride; /* at least 16 * (width + 2 * padding) */
  ptrdiff_t padding;
  ptrdiff_t first_line; /* may be negative */
  ptrdiff_t end_line;   /* may lie behind the image */
  _Bool adds;           /* rows from planes only */
} swiftcl_plane_copy;

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
  void (*_Nonnull sparse_rows_forward)(const swiftcl_sparse_rows *_Nonnull pass);
  void (*_Nonnull sparse_rows_input_gradient)(const swiftcl_sparse_rows *_Nonnull pass);
  void (*_Nonnull sparse_rows_weight_gradient)(const swiftcl_sparse_rows *_Nonnull pass);
  void (*_Nonnull sparse_planes_forward)(const swiftcl_sparse_planes *_Nonnull pass);
  void (*_Nonnull sparse_planes_input_gradient)(const swiftcl_sparse_planes *_Nonnull pass);
  void (*_Nonnull sparse_planes_weight_gradient)(const swiftcl_sparse_planes *_Nonnull pass);
  void (*_Nonnull planes_from_rows)(const swiftcl_plane_copy *_Nonnull pass);
  void (*_Nonnull rows_from_planes)(const swiftcl_plane_copy *_Nonnull pass);
  void (*_Nonnull int8_rows)(const swiftcl_int8_rows *_Nonnull pass);
  void (*_Nonnull int8_input)(const swiftcl_int8_input *_Nonnull pass);
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
