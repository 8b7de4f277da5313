/*
 * swiftcl_int8.h -- private: products of eight-bit weights and sixteen-bit inputs, in
 * integers. Not installed.
 *
 * A word holds the weights of one output to four inputs k to k + 3, as signed bytes in the
 * order k, k + 2, k + 1, k + 3. A Cortex-M4 spreads bytes 0 and 2 over a register's halves in
 * one instruction (SXTB16), bytes 1 and 3 in another, and multiplies both halves by those of a
 * register that holds two neighbouring inputs (SMLAD): two multiply-adds an instruction, with the
 * inputs as they lie in memory. x86 has the same for a whole vector of words (PMADDWD).
 */
#ifndef SWIFTCL_INT8_H
#define SWIFTCL_INT8_H

#include <stddef.h>
#include <stdint.h>

#ifndef __clang__ /* Swift's importer wants to know what may be NULL. */
#define _Nonnull
#define _Nullable
#endif

/**
 * Rows of one layer: sum = bias + weights * x in 32 bits, which cannot overflow (the ticket was
 * checked), then
 *   y = (sum * factor + 2^(shift - 1)) >> shift, in 64 bits,
 *       + (added * added_factor + 2^(added_shift - 1)) >> added_shift, where something is added,
 * kept between low and high. The head writes `wide`, the other layers y.
 */
typedef struct swiftcl_int8_rows {
  const int16_t *_Nonnull x; /* aligned to 4 */
  ptrdiff_t x_stride;        /* even */
  ptrdiff_t rows;
  ptrdiff_t quads;                  /* of inputs */
  ptrdiff_t units;                  /* pads up to a multiple of 4 are written, others may be */
  const uint32_t *_Nonnull weights; /* panels of 16 outputs: for each quad a word for each output */
  const int32_t *_Nonnull bias;     /* units padded to a multiple of 16, like all below */
  const int32_t *_Nonnull factor;
  int32_t shift; /* 1 to 62 */
  int32_t low;
  int32_t high;
  int32_t added_factor;
  int32_t added_shift;            /* 1 to 62 */
  const int16_t *_Nullable added; /* the rows of another layer */
  int16_t *_Nullable y;
  int32_t *_Nullable wide;
} swiftcl_int8_rows;

/**
 * Elements of one channel as integers of a range: (element * factor + summand) >> shift in 64 bits,
 * kept between -largest and largest.
 */
typedef struct swiftcl_int8_input {
  const void *_Nonnull source;
  int16_t *_Nonnull target;
  int32_t type;    /* SWIFTCL_INPUT_..., not floats */
  int32_t factor;
  int64_t summand; /* at most 2^60 */
  int32_t shift;   /* 1 to 62 */
  int32_t largest;
  ptrdiff_t count; /* elements */
  ptrdiff_t step;  /* from one to the next, in both */
} swiftcl_int8_input;

#ifdef __clang__ /* The header is read by Swift's importer; other compilers skip it. */

#define SWIFTCL_INT8_INLINE static inline __attribute__((always_inline, unused))

typedef int16_t swiftcl_shorts __attribute__((ext_vector_type(16)));
typedef float swiftcl_int8_floats __attribute__((ext_vector_type(16)));
typedef int32_t swiftcl_int8_words __attribute__((ext_vector_type(16)));

SWIFTCL_INT8_INLINE swiftcl_int8_words swiftcl_widen(swiftcl_shorts a) {
  return __builtin_convertvector(a, swiftcl_int8_words);
}
SWIFTCL_INT8_INLINE swiftcl_shorts swiftcl_narrow(swiftcl_int8_words a) {
  return __builtin_convertvector(a, swiftcl_shorts);
}

/* The nearest integers, halves away from 0, of what is between -largest and largest; NaN becomes -largest. */
SWIFTCL_INT8_INLINE swiftcl_shorts swiftcl_nearest(swiftcl_int8_floats v, float largest) {
  swiftcl_int8_floats most = largest, least = -largest, zero = 0;
  v = v > most ? most : v > least ? v : least;
  v += v < zero ? (swiftcl_int8_floats)(-0.5f) : (swiftcl_int8_floats)(0.5f);
  return __builtin_convertvector(__builtin_convertvector(v, swiftcl_int8_words), swiftcl_shorts);
}

/* The same of one. */
SWIFTCL_INT8_INLINE int16_t swiftcl_nearest_single(float v, float largest) {
  v = v > largest ? largest : v > -largest ? v : -largest;
  v += v < 0 ? -0.5f : 0.5f;
  return (int16_t)(int32_t)v;
}

#if __SIZEOF_POINTER__ == 4

#if defined(__ARM_FEATURE_DSP) && (!defined(__thumb__) || defined(__thumb2__))
#define SWIFTCL_INT8_DSP 1
#else
#define SWIFTCL_INT8_DSP 0
#endif

/* (factor * element >> 16) + summand. */
SWIFTCL_INT8_INLINE int32_t swiftcl_upper_words(int32_t factor, int32_t element, int32_t summand) {
#if SWIFTCL_INT8_DSP
  return __builtin_arm_smlawb(factor, element, summand);
#else
  return (factor >> 16) * element + ((int32_t)((uint32_t)factor & 65535) * element >> 16) + summand;
#endif
}

#define SWIFTCL_INT8_SHIFT(type)                                                             \
  for (const type *source = work->source; left != 0; left--) {                               \
    int32_t q = swiftcl_upper_words(factor, *source, summand) >> shift;                      \
    source += step;                                                                          \
    if (__builtin_expect((uint32_t)(q + largest) > 2 * (uint32_t)largest, 0)) {              \
      __asm__("" : "+r"(q)); /* rare enough for a branch */                                  \
      q = q < 0 ? -largest : largest;                                                        \
    }                                                                                        \
    *target = (int16_t)q;                                                                    \
    target += step;                                                                          \
  }

/*
 * int8_input where the upper words of the sums will do, as the summands that we write have nothing
 * in their lowest sixteen bits; returns 0 where they will not. Neither product nor summand is beyond
 * 2^30 then, so that their sum fits.
 */
static __attribute__((noinline, unused)) int32_t swiftcl_int8_shift(const swiftcl_int8_input *_Nonnull work) {
  int32_t shift = work->shift - 16, largest = work->largest, factor = work->factor;
  if (shift < 1 || shift > 15 || (work->summand & 65535) || work->summand >> 46 != work->summand >> 63) return 0;
  int32_t summand = (int32_t)(work->summand >> 16);
  int16_t *target = work->target;
  intptr_t left = work->count, step = work->step;
  if (work->type == SWIFTCL_INPUT_U8) {
    SWIFTCL_INT8_SHIFT(uint8_t)
  } else if (work->type == SWIFTCL_INPUT_I8) {
    SWIFTCL_INT8_SHIFT(int8_t)
  } else if (((uintptr_t)work->source & 1) == 0) {
    SWIFTCL_INT8_SHIFT(int16_t)
  } else {
    return 0;
  }
  return 1;
}

/* The sum of one output, grown by four inputs. */
SWIFTCL_INT8_INLINE int32_t swiftcl_quad_step(int32_t sum, uint32_t word, int32_t x01, int32_t x23) {
#if SWIFTCL_INT8_DSP
  sum = __builtin_arm_smlad(__builtin_arm_sxtb16((int32_t)word), x01, sum);
  return __builtin_arm_smlad(__builtin_arm_sxtb16((int32_t)(word >> 8 | word << 24)), x23, sum);
#else
  sum += (int8_t)word * (int16_t)x01 + (int8_t)(word >> 16) * (int16_t)(x01 >> 16);
  return sum + (int8_t)(word >> 8) * (int16_t)x23 + (int8_t)(word >> 24) * (int16_t)(x23 >> 16);
#endif
}

/* The sums of four outputs: they, two pairs of inputs and a word stay in registers. */
static __attribute__((noinline, unused)) void swiftcl_four_sums(const int16_t *_Nonnull x,
                                                                const uint32_t *_Nonnull words, intptr_t quads,
                                                                const int32_t *_Nonnull bias,
                                                                int32_t *_Nonnull sums) {
  const int32_t *pair = (const int32_t *)(const void *)x, *end = pair + 2 * quads;
  int32_t a = bias[0], b = bias[1], c = bias[2], d = bias[3];
  for (; pair != end; pair += 2, words += 16) {
    int32_t x01 = pair[0], x23 = pair[1];
    a = swiftcl_quad_step(a, words[0], x01, x23);
    b = swiftcl_quad_step(b, words[1], x01, x23);
    c = swiftcl_quad_step(c, words[2], x01, x23);
    d = swiftcl_quad_step(d, words[3], x01, x23);
  }
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

/* One y from its sum, of any shift, with what is added. */
static __attribute__((noinline, unused)) int32_t swiftcl_settle(const swiftcl_int8_rows *_Nonnull work, int32_t sum,
                                                                int32_t factor, intptr_t at) {
  int64_t y = ((int64_t)sum * factor + ((int64_t)1 << (work->shift - 1))) >> work->shift;
  if (work->added)
    y += ((int64_t)work->added[at] * work->added_factor + ((int64_t)1 << (work->added_shift - 1))) >> work->added_shift;
  return (int32_t)(y < work->low ? work->low : y > work->high ? work->high : y);
}

/* Makes of the sums of four outputs their y; `at` is their place in the rows that are written. */
static __attribute__((noinline, unused)) void swiftcl_settle_four(const swiftcl_int8_rows *_Nonnull work,
                                                                  int32_t *_Nonnull sums, intptr_t output,
                                                                  intptr_t at) {
  const int32_t *factor = work->factor + output;
  int32_t shift = work->shift - 32, low = work->low, high = work->high;
  for (const int32_t *end = sums + 4; sums != end; sums++, factor++, at++) {
    int32_t q;
    if (shift > 0 && !work->added) { /* the upper word alone: half is above the lower one */
      q = ((int32_t)((int64_t)*sums * *factor >> 32) + (1 << (shift - 1))) >> shift;
      q = q < low ? low : q > high ? high : q;
    } else {
      q = swiftcl_settle(work, *sums, *factor, at);
    }
    *sums = q;
    if (work->y) work->y[at] = (int16_t)q;
  }
}

#else

typedef int32_t swiftcl_words __attribute__((ext_vector_type(16)));
typedef int64_t swiftcl_longs __attribute__((ext_vector_type(16)));

typedef uint8_t swiftcl_int8_u8 __attribute__((ext_vector_type(16)));
typedef int8_t swiftcl_int8_i8 __attribute__((ext_vector_type(16)));
SWIFTCL_INT8_INLINE swiftcl_words swiftcl_widen_u8(swiftcl_int8_u8 a) { return __builtin_convertvector(a, swiftcl_words); }
SWIFTCL_INT8_INLINE swiftcl_words swiftcl_widen_i8(swiftcl_int8_i8 a) { return __builtin_convertvector(a, swiftcl_words); }

/* Sixteen elements of swiftcl_int8_input. */
SWIFTCL_INT8_INLINE swiftcl_shorts swiftcl_affine(swiftcl_words value, int32_t factor, int64_t summand, int32_t shift,
                                                  int32_t largest) {
  swiftcl_words factors = factor;
  swiftcl_longs y = __builtin_convertvector(value, swiftcl_longs) * __builtin_convertvector(factors, swiftcl_longs);
  swiftcl_longs most = largest, least = -largest;
  y = (y + summand) >> (int64_t)shift;
  y = y < least ? least : y > most ? most : y;
  return __builtin_convertvector(y, swiftcl_shorts);
}

/* y of sixteen outputs from their sums; `added` is shifted already. */
SWIFTCL_INT8_INLINE swiftcl_words swiftcl_settle_words(swiftcl_words sum, swiftcl_words factor, int32_t shift,
                                                       swiftcl_longs added, int32_t low, int32_t high) {
  swiftcl_longs y = __builtin_convertvector(sum, swiftcl_longs) * __builtin_convertvector(factor, swiftcl_longs);
  y = ((y + ((int64_t)1 << (shift - 1))) >> (int64_t)shift) + added;
  swiftcl_longs least = low, most = high;
  return __builtin_convertvector(y < least ? least : y > most ? most : y, swiftcl_words);
}

/* The sums of sixteen outputs, grown by four inputs. */
SWIFTCL_INT8_INLINE swiftcl_words swiftcl_quad_step(swiftcl_words sum, swiftcl_words words, int32_t x01,
                                                    int32_t x23) {
#if defined(__AVX2__)
  typedef int16_t halves __attribute__((vector_size(32)));
  typedef int32_t eight __attribute__((vector_size(32)));
  typedef int32_t eight_lanes __attribute__((ext_vector_type(8)));
  halves a = (halves)(eight_lanes)words.lo, b = (halves)(eight_lanes)words.hi;
  halves first = (halves)(eight_lanes)(x01), second = (halves)(eight_lanes)(x23);
  eight low = (eight)__builtin_ia32_pmaddwd256(a << 8 >> 8, first) + (eight)__builtin_ia32_pmaddwd256(a >> 8, second);
  eight high = (eight)__builtin_ia32_pmaddwd256(b << 8 >> 8, first) + (eight)__builtin_ia32_pmaddwd256(b >> 8, second);
  swiftcl_words both;
  both.lo = (eight_lanes)low;
  both.hi = (eight_lanes)high;
  return sum + both;
#elif defined(__SSE2__)
  typedef int16_t halves __attribute__((vector_size(16)));
  typedef int32_t four __attribute__((vector_size(16)));
  typedef int32_t four_lanes __attribute__((ext_vector_type(4)));
  halves first = (halves)(four_lanes)(x01), second = (halves)(four_lanes)(x23);
  four_lanes part[4] = {words.lo.lo, words.lo.hi, words.hi.lo, words.hi.hi};
  for (int i = 0; i < 4; i++) {
    halves a = (halves)part[i];
    part[i] = (four_lanes)((four)__builtin_ia32_pmaddwd128(a << 8 >> 8, first) +
                           (four)__builtin_ia32_pmaddwd128(a >> 8, second));
  }
  swiftcl_words both;
  both.lo.lo = part[0], both.lo.hi = part[1], both.hi.lo = part[2], both.hi.hi = part[3];
  return sum + both;
#else
  swiftcl_words x0 = (int16_t)x01, x1 = (int16_t)(x01 >> 16), x2 = (int16_t)x23, x3 = (int16_t)(x23 >> 16);
  return sum + (words << 24 >> 24) * x0 + (words << 8 >> 24) * x1 + (words << 16 >> 24) * x2 + (words >> 24) * x3;
#endif
}

#endif
#endif
#endif
