/*
 * text.c -- a printf of a few letters, small enough for flash, the same on every board.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdarg.h>

#include "board.h"

static void number(uint32_t value, uint32_t base, int digits) {
  char text[12];
  int at = sizeof text;
  do {
    text[--at] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value > 0 || (int)sizeof text - at < digits);
  board_put(text + at, sizeof text - (size_t)at);
}

void board_print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  while (*format) {
    const char *plain = format;
    while (*format && *format != '%') format++;
    if (format > plain) board_put(plain, (size_t)(format - plain));
    if (*format == 0) break;
    format++;
    char letter = *format ? *format++ : 0;
    if (letter == 's') {
      const char *text = va_arg(arguments, const char *);
      size_t length = 0;
      while (text[length]) length++;
      board_put(text, length);
    } else if (letter == 'd') {
      int32_t value = va_arg(arguments, int32_t);
      if (value < 0) board_put("-", 1);
      number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10, 1);
    } else if (letter == 'u') {
      number(va_arg(arguments, uint32_t), 10, 1);
    } else if (letter == 'x') {
      number(va_arg(arguments, uint32_t), 16, 8);
    } else if (letter == 'h') {
      uint32_t value = va_arg(arguments, uint32_t);
      number(value / 100, 10, 1);
      board_put(".", 1);
      number(value % 100, 10, 2);
    } else {
      board_put("%", 1);
    }
  }
  va_end(arguments);
}
