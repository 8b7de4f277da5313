/*
 * initialisers.c -- what `make header-check` compiles in every dialect of C and C++: the header,
 * and its initialisers of layers, of constants and of variables of another type than the fields'.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <swiftcl.h>

extern const swiftcl_layer initialisers_of_constants[];
const swiftcl_layer initialisers_of_constants[] = {
    SWIFTCL_IMAGE_CONV(8, 8, 32, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(32, 4, 3, 1, 1, SWIFTCL_ACTIVATION_NONE),
    SWIFTCL_CONV_FROM(0, 32, 4, 1, 1, 0, SWIFTCL_ACTIVATION_NONE),
    SWIFTCL_ADD(1, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_MAX_POOL(2, 2, 0),
    SWIFTCL_AVERAGE_POOL(2, 2, 0),
    SWIFTCL_GLOBAL_POOL(),
    SWIFTCL_DROPOUT(0.5),
    SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU),
    SWIFTCL_HEAD(2)};

float initialisers_of_variables(int n, long l, unsigned u, double d);
float initialisers_of_variables(int n, long l, unsigned u, double d) {
  const swiftcl_layer layers[] = {
      SWIFTCL_IMAGE_CONV(n, l, n, n, n, l, n, u),
      SWIFTCL_CONV(l, n, n, n, n, n),
      SWIFTCL_CONV_FROM(n, n, n, n, n, n, l),
      SWIFTCL_ADD(n, n),
      SWIFTCL_ADD(l - 1, u),
      SWIFTCL_MAX_POOL(n, n, l),
      SWIFTCL_AVERAGE_POOL(n, l, n),
      SWIFTCL_DROPOUT(d),
      SWIFTCL_DENSE(n, l, u),
      SWIFTCL_HEAD(n)};
  return layers[7].rate;
}
