/*
 * start.c -- from reset to the program, on Cortex-M and RISC-V: data and bss, the paint on the free stack, the
 * floating-point unit; and a fault that says where it happened and ends the program.
 *
 * The stack lies at the lowest addresses of RAM (image.ld): what overflows it leaves the RAM, and
 * faults, instead of writing over data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board.h"

enum { PAINT = 0x5AFEC0DE };
extern uint32_t image_stack[], image_stack_top[], image_data[], image_data_end[], image_data_load[];
extern uint32_t image_bss[], image_bss_end[], image_fault_stack_top[];

int program(void);

void board_start(void) __attribute__((noreturn, used));
void board_start(void) {
  const uint32_t *load = image_data_load;
  for (uint32_t *at = image_data; at < image_data_end; at++) *at = *load++;
  for (uint32_t *at = image_bss; at < image_bss_end; at++) *at = 0;
  /* What this function uses itself is at the top, and well below it is free. */
  uint32_t *used = (uint32_t *)__builtin_frame_address(0) - 32;
  for (uint32_t *at = image_stack; at < used; at++) *at = PAINT;
#if defined(__ARM_FP)
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: coprocessors 10 and 11 */
  __asm__ volatile("dsb\nisb");
#endif
#if defined(__ARM_ARCH_7EM__)
  /* The emulated flash is RAM: a region of the memory protection makes writes there, by NULL above
     all, faults as on a chip. 4 MB from 0, read and execute; elsewhere as without protection. */
  volatile uint32_t *mpu = (volatile uint32_t *)0xE000ED94; /* CTRL, RNR, RBAR, RASR */
  mpu[1] = 0;
  mpu[2] = 0;
  mpu[3] = 6u << 24 | 21u << 1 | 1;
  mpu[0] = 1u << 2 | 1;
  __asm__ volatile("dsb\nisb");
#endif
  board_exit(program());
}

/* Its own frame and what interrupts it are above the paint. */
__attribute__((noinline)) uint32_t board_stack_paint(void) {
  volatile uint32_t *used = (volatile uint32_t *)__builtin_frame_address(0) - 16;
  for (volatile uint32_t *at = image_stack; at < used; at++) *at = PAINT;
  return (uint32_t)((const volatile char *)image_stack_top - (const volatile char *)__builtin_frame_address(0));
}

uint32_t board_stack_used(void) {
  const volatile uint32_t *at = image_stack;
  while (at < image_stack_top && *at == PAINT) at++;
  return (uint32_t)((const volatile char *)image_stack_top - (const volatile char *)at);
}

uint32_t board_stack_bytes(void) { return (uint32_t)((char *)image_stack_top - (char *)image_stack); }
uint32_t board_data_bytes(void) { return (uint32_t)((char *)image_bss_end - (char *)image_data); }

#if defined(__arm__)

void board_fault_report(const uint32_t *frame, uint32_t kind) __attribute__((noreturn, used));
void board_fault_report(const uint32_t *frame, uint32_t kind) {
  board_print("\nFAULT: exception %u\n", kind & 0x1FF);
#if __ARM_ARCH >= 7
  board_print("cfsr %x hfsr %x mmfar %x bfar %x\n", *(volatile uint32_t *)0xE000ED28, *(volatile uint32_t *)0xE000ED2C,
              *(volatile uint32_t *)0xE000ED34, *(volatile uint32_t *)0xE000ED38);
#endif
  if (frame >= image_stack && frame + 8 <= image_stack_top)
    board_print("r0 %x r1 %x r2 %x r3 %x\nr12 %x lr %x pc %x psr %x\n", frame[0], frame[1], frame[2], frame[3], frame[4],
                frame[5], frame[6], frame[7]);
  board_print("sp %x, stack from %x to %x\n", (uint32_t)frame, (uint32_t)image_stack, (uint32_t)image_stack_top);
  board_exit(70);
}

/* The stack may be what is broken: the report has one of its own. */
__attribute__((naked)) static void fault(void) {
  __asm__ volatile(
      "mov r0, sp\nmrs r1, ipsr\nldr r2, =image_fault_stack_top\nmov sp, r2\nldr r2, =board_fault_report\nbx r2\n.ltorg");
}

__attribute__((naked)) static void reset(void) {
  __asm__ volatile("ldr r0, =board_start\nbx r0\n.ltorg");
}

typedef void handler(void);
__attribute__((used, section(".vectors"))) static handler *const vectors[16] = {
    (handler *)image_stack_top, reset, fault, fault, fault, fault, fault, fault,
    0, 0, 0, fault, fault, 0, fault, fault};

/* A timer of the MPS2 boards that counts 25 MHz down. Under -icount shift=6 an instruction takes
   64 ns, 1.6 ticks: 32 bits of ticks are 2.6 thousand million instructions. */
uint32_t board_count(void) {
#if defined(BOARD_TIMER)
  volatile uint32_t *timer = (volatile uint32_t *)BOARD_TIMER; /* CTRL, VALUE, RELOAD */
  static int started;
  if (!started) {
    timer[2] = 0xFFFFFFFF;
    timer[1] = 0xFFFFFFFF;
    timer[0] = 1;
    started = 1;
  }
  /* Ticks down to instructions; the product is of 64 bits. */
  return (uint32_t)((uint64_t)(0xFFFFFFFFu - timer[1]) * 5 / 8);
#else
  return 0;
#endif
}

#else

void board_fault_report(uint32_t cause, uint32_t pc, uint32_t value, uint32_t sp) __attribute__((noreturn, used));
void board_fault_report(uint32_t cause, uint32_t pc, uint32_t value, uint32_t sp) {
  board_print("\nFAULT: mcause %x mepc %x mtval %x\nsp %x, stack from %x to %x\n", cause, pc, value, sp,
              (uint32_t)image_stack, (uint32_t)image_stack_top);
  board_exit(70);
}

__attribute__((naked, used, aligned(4))) static void fault(void) {
  __asm__ volatile(
      ".option arch, +zicsr\ncsrr a0, mcause\ncsrr a1, mepc\ncsrr a2, mtval\nmv a3, sp\nla sp, image_fault_stack_top\nj board_fault_report");
}

__attribute__((naked, used, section(".vectors"))) void board_reset(void);
void board_reset(void) {
  __asm__ volatile(".option arch, +zicsr\nla sp, image_stack_top\nla t0, %0\ncsrw mtvec, t0\nj board_start" : : "i"(fault));
}

uint32_t board_count(void) {
  uint32_t count;
  __asm__ volatile(".option arch, +zicsr\ncsrr %0, minstret" : "=r"(count));
  return count;
}
#endif
