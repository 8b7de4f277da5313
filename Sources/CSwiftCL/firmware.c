/*
 * firmware.c -- the platform of processors without an operating system: the few
 * functions of libm that the compiler calls where the processor has no instruction
 * for them. They are the library's own, hidden in it: a board needs no libm, and
 * every target rounds alike.
 */
#ifdef SWIFTCL_FIRMWARE
#include <stdint.h>

#define BITS(from, type, to) __builtin_memcpy(&(to), &(from), sizeof(type))

/* Correctly rounded, digit by digit. */
float sqrtf(float x) {
#if defined(__ARM_FP) && (__ARM_FP & 4)
  __asm__("vsqrt.f32 %0, %1" : "=t"(x) : "t"(x));
  return x;
#else
  uint32_t bits, root = 0, sum = 0;
  BITS(x, uint32_t, bits);
  if ((bits & 0x7FFFFFFFu) == 0 || bits == 0x7F800000u) return x;
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return x + x;
  if (bits >> 31) return (x - x) / (x - x);
  int32_t exponent = (int32_t)(bits >> 23);
  if (exponent == 0) {
    for (exponent = 1; !(bits & 0x00800000u); exponent--) bits <<= 1;
  }
  exponent -= 127;
  bits = (bits & 0x007FFFFFu) | 0x00800000u;
  if (exponent & 1) bits += bits;
  bits += bits;
  for (uint32_t digit = 0x01000000u; digit; digit >>= 1) {
    uint32_t tried = sum + digit;
    if (tried <= bits) {
      sum = tried + digit;
      bits -= tried;
      root += digit;
    }
    bits += bits;
  }
  if (bits) root += root & 1;
  bits = (root >> 1) + 0x3F000000u + ((uint32_t)(exponent >> 1) << 23);
  BITS(bits, float, x);
  return x;
#endif
}

double sqrt(double x) {
#if defined(__ARM_FP) && (__ARM_FP & 8)
  __asm__("vsqrt.f64 %P0, %P1" : "=w"(x) : "w"(x));
  return x;
#else
  uint64_t bits, root = 0, sum = 0;
  BITS(x, uint64_t, bits);
  if (bits << 1 == 0 || bits == UINT64_C(0x7FF) << 52) return x;
  if (bits << 1 > UINT64_C(0x7FF) << 53) return x + x;
  if (bits >> 63) return (x - x) / (x - x);
  int32_t exponent = (int32_t)(bits >> 52);
  if (exponent == 0) {
    for (exponent = 1; !(bits >> 52); exponent--) bits <<= 1;
  }
  exponent -= 1023;
  bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
  if (exponent & 1) bits += bits;
  bits += bits;
  for (uint64_t digit = UINT64_C(1) << 53; digit; digit >>= 1) {
    uint64_t tried = sum + digit;
    if (tried <= bits) {
      sum = tried + digit;
      bits -= tried;
      root += digit;
    }
    bits += bits;
  }
  if (bits) root += root & 1;
  bits = (root >> 1) + (UINT64_C(0x3FE) << 52) + ((uint64_t)(int64_t)(exponent >> 1) << 52);
  BITS(bits, double, x);
  return x;
#endif
}

/* Rounds down: the places behind the point are cut off, and a negative number goes one further. */
double floor(double x) {
  uint64_t bits;
  BITS(x, uint64_t, bits);
  int32_t exponent = (int32_t)(bits >> 52 & 0x7FF) - 1023;
  if (exponent >= 52) return x;
  if (exponent < 0) return bits << 1 == 0 ? x : bits >> 63 ? -1.0 : 0.0;
  uint64_t behind = (UINT64_C(1) << (52 - exponent)) - 1;
  if ((bits & behind) == 0) return x;
  if (bits >> 63) bits += behind;
  bits &= ~behind;
  BITS(bits, double, x);
  return x;
}

/* Rounds to the nearest whole number, halves to even: beside 2^23 floats are whole. */
float rintf(float x) {
  uint32_t bits;
  BITS(x, uint32_t, bits);
  if ((bits >> 23 & 0xFF) >= 127 + 23) return x;
  volatile float whole = bits >> 31 ? x - 8388608.0f : x + 8388608.0f;
  float rounded = bits >> 31 ? whole + 8388608.0f : whole - 8388608.0f;
  return rounded == 0 ? (bits >> 31 ? -0.0f : 0.0f) : rounded;
}

#ifdef __ARM_ARCH_6M__
/*
 * Swift's lazily made constants ask for these; the processor has no instructions for them. Loads and
 * stores of a word are whole, and for the exchange interrupts wait a few instructions. GCC knows the
 * names as its own: they are given to functions of others.
 */
uint32_t load_word(const volatile uint32_t *word, int order) __asm__("__atomic_load_4");
void store_word(volatile uint32_t *word, uint32_t value, int order) __asm__("__atomic_store_4");
_Bool exchange_word(volatile uint32_t *word, uint32_t *expected, uint32_t value, _Bool weak, int success,
                    int failure) __asm__("__atomic_compare_exchange_4");

uint32_t load_word(const volatile uint32_t *word, int order) {
  (void)order;
  return *word;
}

void store_word(volatile uint32_t *word, uint32_t value, int order) {
  (void)order;
  *word = value;
}

_Bool exchange_word(volatile uint32_t *word, uint32_t *expected, uint32_t value, _Bool weak, int success, int failure) {
  (void)weak, (void)success, (void)failure;
  uint32_t masked;
  __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked) : : "memory");
  uint32_t found = *word;
  if (found == *expected) *word = value;
  __asm__ volatile("msr primask, %0" : : "r"(masked) : "memory");
  _Bool same = found == *expected;
  *expected = found;
  return same;
}
#endif
#else
typedef int swiftcl_firmware_is_empty; /* a C file has at least one declaration */
#endif
