/*
 * memory.c -- the mem* functions that the library and the compiler ask for, by words where both
 * addresses allow it. A board with a C library leaves this file out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
#if defined(__arm__)
    for (; bytes >= 32; bytes -= 32)
      __asm__ volatile("ldmia %1!, {r3-r6}\nstmia %0!, {r3-r6}\nldmia %1!, {r3-r6}\nstmia %0!, {r3-r6}"
                       : "+l"(t), "+l"(f)
                       :
                       : "r3", "r4", "r5", "r6", "memory");
#endif
    for (; bytes >= 32; bytes -= 32, t += 32, f += 32) {
      const word *w = (const word *)f;
      word a = w[0], b = w[1], c = w[2], d = w[3], e = w[4], g = w[5], h = w[6], i = w[7], *to_words = (word *)t;
      to_words[0] = a, to_words[1] = b, to_words[2] = c, to_words[3] = d;
      to_words[4] = e, to_words[5] = g, to_words[6] = h, to_words[7] = i;
    }
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(word *)t = *(const word *)f;
  }
  while (bytes--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (t <= f || t >= f + bytes) return memcpy(to, from, bytes);
  while (bytes--) t[bytes] = f[bytes];
  return to;
}

void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  uint32_t all = (uint8_t)value * 0x01010101u;
  for (; bytes && ((uintptr_t)t & 3); bytes--) *t++ = (uint8_t)value;
  for (; bytes >= 4; bytes -= 4, t += 4) *(word *)t = all;
  while (bytes--) *t++ = (uint8_t)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (; bytes; bytes--, x++, y++)
    if (*x != *y) return *x < *y ? -1 : 1;
  return 0;
}

#if defined(__arm__)
/* Arm's names for the same; here the value comes last, and nothing is returned. */
void __aeabi_memset(void *to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memclr(void *to, size_t bytes) { memset(to, 0, bytes); }
#define SAME(name, as) __typeof__(as) name __attribute__((alias(#as)))
SAME(__aeabi_memcpy, memcpy);
SAME(__aeabi_memcpy4, memcpy);
SAME(__aeabi_memcpy8, memcpy);
SAME(__aeabi_memmove, memmove);
SAME(__aeabi_memmove4, memmove);
SAME(__aeabi_memmove8, memmove);
SAME(__aeabi_memset4, __aeabi_memset);
SAME(__aeabi_memset8, __aeabi_memset);
SAME(__aeabi_memclr4, __aeabi_memclr);
SAME(__aeabi_memclr8, __aeabi_memclr);
#endif
