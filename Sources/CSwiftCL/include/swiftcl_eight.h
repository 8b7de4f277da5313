/*
 * swiftcl_eight.h -- private: the inner loops of processors without vectors, for eight outputs
 * at a time: half a panel. Not installed.
 *
 * A panel has sixteen outputs, but these processors lose nothing by computing half of one, and a
 * layer with few units need not compute what it has not.
 */
#ifndef SWIFTCL_EIGHT_H
#define SWIFTCL_EIGHT_H

#include "swiftcl_lanes.h"

#if defined(__clang__) && SWIFTCL_SCRATCH_FLOATS < 1024

/*
 * Eight chains of multiply-adds side by side: sums = from + x[n] * rows[n] for n from 0 on, rows of
 * eight. Steps are in floats.
 */
#if defined(__ARM_FEATURE_FMA) && (__ARM_FP & 4)

/* One load for eight floats, which the compiler does not find: half the instructions. */
SWIFTCL_LANES_INLINE void swiftcl_eight_chains(const float *_Nonnull from, const float *_Nonnull x,
                                               intptr_t x_step, const float *_Nonnull rows,
                                               intptr_t row_step, intptr_t count,
                                               float *_Nonnull sums) {
  if (count < 1) return;
  __asm__ volatile(
      "vldmia %[from], {s0-s7}\n"
      "1:\n"
      "vldr s16, [%[x]]\n"
      "vldmia %[rows], {s8-s15}\n"
      "add %[x], %[x], %[x_step]\n"
      "add %[rows], %[rows], %[row_step]\n"
      "subs %[count], %[count], #1\n"
      "vfma.f32 s0, s16, s8\n"
      "vfma.f32 s1, s16, s9\n"
      "vfma.f32 s2, s16, s10\n"
      "vfma.f32 s3, s16, s11\n"
      "vfma.f32 s4, s16, s12\n"
      "vfma.f32 s5, s16, s13\n"
      "vfma.f32 s6, s16, s14\n"
      "vfma.f32 s7, s16, s15\n"
      "bne 1b\n"
      "vstmia %[sums], {s0-s7}\n"
      : [x] "+r"(x), [rows] "+r"(rows), [count] "+r"(count)
      : [from] "r"(from), [x_step] "r"(x_step * 4), [row_step] "r"(row_step * 4), [sums] "r"(sums)
      : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14",
        "s15", "s16", "cc", "memory");
}

#else

static __attribute__((noinline, unused)) void swiftcl_eight_chains(
    const float *_Nonnull from, const float *_Nonnull x, intptr_t x_step,
    const float *_Nonnull rows, intptr_t row_step, intptr_t count, float *_Nonnull sums) {
  for (int32_t lane = 0; lane < 8; lane++) {
    float sum = from[lane];
    for (intptr_t n = 0; n < count; n++)
      sum = swiftcl_fma_single(x[n * x_step], rows[n * row_step + lane], sum);
    sums[lane] = sum;
  }
}

#endif

/* Makes what is not positive 0, NaN too: of numbers above 0 the bits are those of integers. */
SWIFTCL_LANES_INLINE void swiftcl_eight_rectify(float *_Nonnull sums) {
  const float *end = sums + 8;
#pragma clang loop unroll(disable)
  do {
    uint32_t bits;
    __builtin_memcpy(&bits, sums, sizeof bits);
    if (bits - 1u >= 0x7F800000u) *sums = 0;
  } while (++sums != end);
}

SWIFTCL_LANES_INLINE void swiftcl_eight_clear(float *_Nonnull sums) {
#if defined(__thumb2__)
  __asm__ volatile("strd %[zero], %[zero], [%[at]]\n"
                   "strd %[zero], %[zero], [%[at], #8]\n"
                   "strd %[zero], %[zero], [%[at], #16]\n"
                   "strd %[zero], %[zero], [%[at], #24]\n"
                   :
                   : [zero] "r"(0), [at] "r"(sums)
                   : "memory");
#else
  volatile float *at = sums; /* eight stores: the compiler would call memset */
  at[0] = 0, at[1] = 0, at[2] = 0, at[3] = 0, at[4] = 0, at[5] = 0, at[6] = 0, at[7] = 0;
#endif
}

/* One chain: sum + a[n] * b[n] for n from 0 on; at least one. */
SWIFTCL_LANES_INLINE float swiftcl_chain(const float *_Nonnull a, const float *_Nonnull b,
                                         intptr_t count, float sum) {
  const float *end = a + count;
  do sum = swiftcl_fma_single(*a++, *b++, sum);
  while (a != end);
  return sum;
}

/* Whether all are finite. Not 0 if so. */
static __attribute__((noinline, unused)) int32_t swiftcl_all_finite(const float *_Nonnull values,
                                                                    intptr_t count) {
  intptr_t first = 0;
#if defined(__ARM_FEATURE_FMA) && (__ARM_FP & 4)
  /* A finite number times 0 is 0; infinity and NaN give NaN. */
  float sum = 0, zero = 0;
  intptr_t blocks = count / 24;
  const float *at = values;
  if (blocks > 0)
    __asm__ volatile("1:\n"
            "vldmia %[at]!, {s8-s31}\n"
            "subs %[blocks], %[blocks], #1\n"
            ".irp lane, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
            "vfma.f32 %[sum], s\\lane, %[zero]\n"
            ".endr\n"
            "bne 1b\n"
            : [sum] "+t"(sum), [at] "+r"(at), [blocks] "+r"(blocks)
            : [zero] "t"(zero)
            : "memory", "cc", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19", "s20",
              "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31");
  first = at - values;
  if (sum != 0) return 0;
#endif
  for (; first < count; first++) {
    uint32_t bits;
    __builtin_memcpy(&bits, values + first, sizeof bits);
    if (bits << 1 >= 0xFF000000u) return 0;
  }
  return 1;
}

#endif
#endif
