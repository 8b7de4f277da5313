/*
 * swiftcl_lanes.h -- private: the few operations on sixteen floats for which Swift's
 * SIMD types have no spelling that is always one vector operation. Not installed.
 *
 * They are inlined into the Swift kernels, for whatever instruction set those are
 * compiled. Plain sums, products and comparisons need no help and are written in Swift.
 */
#ifndef SWIFTCL_LANES_H
#define SWIFTCL_LANES_H

#ifdef __clang__ /* The header is read by Swift's importer; other compilers skip it. */

#include <stdint.h>

typedef float swiftcl_lanes __attribute__((ext_vector_type(16)));
typedef int32_t swiftcl_lanes_mask __attribute__((ext_vector_type(16)));

#define SWIFTCL_LANES_INLINE static inline __attribute__((always_inline, unused))

/* a > 0 ? b : 0 in each lane; NaN is not above 0. */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_where_positive(swiftcl_lanes a, swiftcl_lanes b) {
  return a > 0.0f ? b : (swiftcl_lanes)0.0f;
}

/* mask ? a : b in each lane; lanes of the mask are 0 or -1. */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_choose(swiftcl_lanes_mask mask, swiftcl_lanes a,
                                                  swiftcl_lanes b) {
  return mask ? a : b;
}

/* The masks of the lanes whose bits are set, of lanes 0 to last, and of lanes that hold 0. */
SWIFTCL_LANES_INLINE swiftcl_lanes_mask swiftcl_bits_mask(uint16_t word) {
  swiftcl_lanes_mask bits = {0x1,   0x2,   0x4,   0x8,   0x10,   0x20,   0x40,   0x80,
                             0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000};
  return (bits & (int32_t)word) != 0;
}

SWIFTCL_LANES_INLINE swiftcl_lanes_mask swiftcl_first_mask(int32_t last) {
  swiftcl_lanes_mask numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return numbers <= last;
}

SWIFTCL_LANES_INLINE swiftcl_lanes_mask swiftcl_zero_mask(swiftcl_lanes a) { return a == 0.0f; }

/* Not 0 if the mask has all lanes. */
SWIFTCL_LANES_INLINE int32_t swiftcl_all(swiftcl_lanes_mask mask) {
  return __builtin_reduce_and(mask);
}

/*
 * Four ways to interleave halves, for folding sixteen partial sums; see Fold.swift.
 * Each is the sum of two shuffles that are one instruction on x86 and within 128-bit
 * lanes for the spans 2 and 1.
 */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fold8(swiftcl_lanes a, swiftcl_lanes b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
         __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30,
                                 31);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fold4(swiftcl_lanes a, swiftcl_lanes b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
         __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fold2(swiftcl_lanes a, swiftcl_lanes b) {
  return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
         __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

/* The last fold also puts the sums, which the others interleave, in order. */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fold1(swiftcl_lanes a, swiftcl_lanes b) {
  swiftcl_lanes sums =
      __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30) +
      __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
  return __builtin_shufflevector(sums, sums, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
                                 15);
}

/*
 * Transposes the sixteen vectors at `from`, `step` floats apart, to sixteen at `to`:
 * four times, four columns of all rows are gathered by quads and then transposed
 * within quads, which costs one shuffle a vector and round.
 */
typedef float swiftcl_quad __attribute__((ext_vector_type(4), aligned(4)));

#define SWIFTCL_QUAD(at) (*(const swiftcl_quad *)(at))
#define SWIFTCL_QUADS(at, step) \
  __builtin_shufflevector( \
      __builtin_shufflevector(SWIFTCL_QUAD(at), SWIFTCL_QUAD((at) + 4 * (step)), 0, 1, 2, 3, 4, 5, \
                              6, 7), \
      __builtin_shufflevector(SWIFTCL_QUAD((at) + 8 * (step)), SWIFTCL_QUAD((at) + 12 * (step)), 0, \
                              1, 2, 3, 4, 5, 6, 7), \
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define SWIFTCL_PAIR_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define SWIFTCL_PAIR_HIGH(a, b) \
  __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define SWIFTCL_DOUBLE_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define SWIFTCL_DOUBLE_HIGH(a, b) \
  __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)

SWIFTCL_LANES_INLINE void swiftcl_transpose_apart(const float *_Nonnull from, intptr_t step,
                                                  float *_Nonnull to, intptr_t to_step) {
  for (int32_t q = 0; q < 4; q++, from += 4, to += 4 * to_step) {
    swiftcl_lanes a = SWIFTCL_QUADS(from, step), b = SWIFTCL_QUADS(from + step, step);
    swiftcl_lanes c = SWIFTCL_QUADS(from + 2 * step, step);
    swiftcl_lanes d = SWIFTCL_QUADS(from + 3 * step, step);
    swiftcl_lanes ab = SWIFTCL_PAIR_LOW(a, b), cd = SWIFTCL_PAIR_LOW(c, d);
    swiftcl_lanes rows[4] = {SWIFTCL_DOUBLE_LOW(ab, cd), SWIFTCL_DOUBLE_HIGH(ab, cd)};
    ab = SWIFTCL_PAIR_HIGH(a, b), cd = SWIFTCL_PAIR_HIGH(c, d);
    rows[2] = SWIFTCL_DOUBLE_LOW(ab, cd), rows[3] = SWIFTCL_DOUBLE_HIGH(ab, cd);
    for (int32_t i = 0; i < 4; i++) __builtin_memcpy(to + i * to_step, &rows[i], sizeof rows[i]);
  }
}

SWIFTCL_LANES_INLINE void swiftcl_transpose(const float *_Nonnull from, float *_Nonnull to) {
  swiftcl_transpose_apart(from, 16, to, 16);
}

/*
 * Calls `body` with scratch on the stack that holds whatever it holds: Swift would
 * clear its own in every call. The targets of the first case are those for which the
 * kernels ask `arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)`.
 */
#if defined(__arm__) || (defined(__riscv) && __riscv_xlen == 32) || defined(__wasm32__) || defined(__AVR__)
#define SWIFTCL_SCRATCH_FLOATS 64 /* little stack; the kernels are those that are small in code */
#else
#define SWIFTCL_SCRATCH_FLOATS 6144
#endif

static __attribute__((noinline, unused)) void swiftcl_lend_scratch(
    void (*_Nonnull body)(const void *_Nonnull context, float *_Nonnull scratch),
    const void *_Nonnull context) {
  swiftcl_lanes scratch[SWIFTCL_SCRATCH_FLOATS / 16];
  body(context, (float *)scratch);
}

/* The square root, correctly rounded; no errno. */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_square_root(swiftcl_lanes a) {
  return __builtin_elementwise_sqrt(a);
}

SWIFTCL_LANES_INLINE float swiftcl_square_root_single(float a) {
  return __builtin_elementwise_sqrt(a);
}

/*
 * e^x of sixteen numbers: bit for bit `Scalar.exp` in Sources/SwiftCL/Support/Scalar.swift,
 * which says how. NaN stays NaN; lanes above 0, which only pads have, are anything.
 */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_exp(swiftcl_lanes x) {
#pragma clang fp contract(off)
  swiftcl_lanes_mask none = x < -87.33654f;
  swiftcl_lanes n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  swiftcl_lanes r = (x - n * 0.693359375f) - n * -2.1219444e-4f;
  swiftcl_lanes p = (swiftcl_lanes)1.9875691e-4f;
  p = p * r + 1.3981999e-3f;
  p = p * r + 8.333452e-3f;
  p = p * r + 4.1665796e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 5.0000001e-1f;
  swiftcl_lanes y = p * (r * r) + r + 1.0f;
  /* Where there is no result the exponent may be anything. */
  n = n > -127.0f ? n : (swiftcl_lanes)0.0f;
  swiftcl_lanes_mask whole = __builtin_convertvector(n, swiftcl_lanes_mask);
  swiftcl_lanes_mask first = whole / 2;
  union {
    swiftcl_lanes_mask bits;
    swiftcl_lanes number;
  } low = {(first + 127) << 23}, high = {(whole - first + 127) << 23};
  return none ? (swiftcl_lanes)0.0f : y * low.number * high.number;
}

/* An integer as a float, which Swift makes of 64 bits, by a function where processors have 32. */
SWIFTCL_LANES_INLINE float swiftcl_from_int(int32_t a) { return (float)a; }

/* Sixteen integers as floats. */
typedef uint8_t swiftcl_lanes_u8 __attribute__((ext_vector_type(16)));
typedef int8_t swiftcl_lanes_i8 __attribute__((ext_vector_type(16)));
typedef int16_t swiftcl_lanes_i16 __attribute__((ext_vector_type(16)));

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_from_u8(swiftcl_lanes_u8 a) {
  return __builtin_convertvector(a, swiftcl_lanes);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_from_i8(swiftcl_lanes_i8 a) {
  return __builtin_convertvector(a, swiftcl_lanes);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_from_i16(swiftcl_lanes_i16 a) {
  return __builtin_convertvector(a, swiftcl_lanes);
}

/*
 * Moments that decay towards nothing would end as subnormal numbers, on which x86
 * processors are a hundred times slower: below 1e-30 they are 0.
 */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_without_dust(swiftcl_lanes a) {
  return __builtin_elementwise_abs(a) < 1e-30f ? (swiftcl_lanes)0.0f : a;
}

SWIFTCL_LANES_INLINE float swiftcl_without_dust_single(float a) {
  return __builtin_elementwise_abs(a) < 1e-30f ? 0.0f : a;
}

/*
 * a * b + c rounded once: the one multiply-add of all products.
 *
 * Where the target has the instruction it is that. Elsewhere the standard library
 * would call libm for each lane, so it is emulated, exactly, by doubles. The product
 * of two floats is exact in a double; only the addition rounds. If the sum is then
 * rounded to odd (an inexact sum whose last bit is even moves one place towards the
 * exact value), it is neither a float nor midway between two floats, so the rounding
 * to float decides as the exact sum would.
 */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__aarch64__)

SWIFTCL_LANES_INLINE float swiftcl_fma_single(float a, float b, float c) {
  return __builtin_elementwise_fma(a, b, c);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fma(swiftcl_lanes a, swiftcl_lanes b,
                                               swiftcl_lanes c) {
  return __builtin_elementwise_fma(a, b, c);
}

/* The same for eight, which the blocks of masked layers have. */
typedef float swiftcl_lanes_eight __attribute__((ext_vector_type(8)));

SWIFTCL_LANES_INLINE swiftcl_lanes_eight swiftcl_fma_eight(swiftcl_lanes_eight a,
                                                           swiftcl_lanes_eight b,
                                                           swiftcl_lanes_eight c) {
  return __builtin_elementwise_fma(a, b, c);
}

#else

/* The exact sum of a double and a float's double, rounded to float once. */
static inline __attribute__((unused)) float swiftcl_round_once(double p, double c) {
#pragma clang fp contract(off)
  double sum = p + c;
  double part = sum - p;
  double error = (p - (sum - part)) + (c - part);
  uint64_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  /* An infinite sum or NaN has no last place to move; its exponent is all ones. */
  if (error != 0 && (bits & 1) == 0 && (bits >> 52 & 0x7FF) != 0x7FF) {
    bits += (error > 0) == (sum > 0) ? 1 : -1;
    __builtin_memcpy(&sum, &bits, sizeof sum);
  }
  return (float)sum;
}

static inline __attribute__((unused)) float swiftcl_fma_single(float a, float b, float c) {
  return swiftcl_round_once((double)a * (double)b, (double)c);
}

#if defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__)

typedef double swiftcl_lanes_wide __attribute__((ext_vector_type(16)));
typedef uint32_t swiftcl_lanes_word __attribute__((ext_vector_type(16)));
typedef uint32_t swiftcl_lanes_words __attribute__((ext_vector_type(32)));

/* Vectors go through memory, as their registers depend on the target. */
static __attribute__((noinline, unused)) void swiftcl_fma_rare(const swiftcl_lanes *_Nonnull a,
                                                               const swiftcl_lanes *_Nonnull b,
                                                               swiftcl_lanes *_Nonnull c) {
  for (int32_t i = 0; i < 16; i++)
    (*c)[i] = swiftcl_round_once((double)(*a)[i] * (double)(*b)[i], (double)(*c)[i]);
}

/*
 * A second rounding can differ from one rounding only where the double sum is exactly
 * midway between two floats or the result is subnormal. Both are rare: all sixteen
 * lanes are tested at once, and only then take the slow way.
 */
SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fma(swiftcl_lanes a, swiftcl_lanes b,
                                               swiftcl_lanes c) {
#pragma clang fp contract(off)
  swiftcl_lanes_wide product = __builtin_convertvector(a, swiftcl_lanes_wide) *
                               __builtin_convertvector(b, swiftcl_lanes_wide);
  swiftcl_lanes_wide sum = product + __builtin_convertvector(c, swiftcl_lanes_wide);
  union {
    swiftcl_lanes_wide wide;
    swiftcl_lanes_words words;
  } view = {sum};
  swiftcl_lanes_word low =
      __builtin_shufflevector(view.words, view.words, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22,
                              24, 26, 28, 30) & 0x1FFFFFFFu;
  swiftcl_lanes_word high =
      __builtin_shufflevector(view.words, view.words, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23,
                              25, 27, 29, 31);
  /* Twice the upper word drops the sign; minus one lets an exact 0 pass as large. */
  swiftcl_lanes_mask rare = (low == 0x10000000u) | ((high << 1) - 1u < 0x70200000u);
  if (__builtin_expect(__builtin_reduce_or(rare) != 0, 0)) {
    swiftcl_fma_rare(&a, &b, &c);
    return c;
  }
  return __builtin_convertvector(sum, swiftcl_lanes);
}

#else

/* Lane by lane, small in code: for processors without vectors. */
static __attribute__((noinline, unused)) void swiftcl_fma_each(const swiftcl_lanes *_Nonnull a,
                                                               const swiftcl_lanes *_Nonnull b,
                                                               swiftcl_lanes *_Nonnull c) {
#pragma clang loop unroll(disable)
  for (int32_t i = 0; i < 16; i++)
    (*c)[i] = swiftcl_round_once((double)(*a)[i] * (double)(*b)[i], (double)(*c)[i]);
}

SWIFTCL_LANES_INLINE swiftcl_lanes swiftcl_fma(swiftcl_lanes a, swiftcl_lanes b,
                                               swiftcl_lanes c) {
  swiftcl_fma_each(&a, &b, &c);
  return c;
}

#endif
#endif

#endif
#endif
