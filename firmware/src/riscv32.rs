//! QEMU's machine `virt` with a 32-bit RISC-V core.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::ptr;

// `mstatus.FS` is set before the first instruction of the FPU; without an FPU it stays zero.
global_asm!(
    ".section .start, \"ax\"",
    ".globl _start",
    "_start:",
    ".option push",
    ".option norelax",
    "la gp, __global_pointer$",
    ".option pop",
    "la sp, __stack_top",
    "li t0, 0x6000",
    "csrs mstatus, t0",
    "la t0, trap",
    "csrw mtvec, t0",
    "la t0, __bss_start",
    "la t1, __bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: tail main",
    ".balign 4",
    "trap: li a0, 102",
    "tail exit",
);

/// Ends the program, and QEMU with it.
#[unsafe(no_mangle)]
pub extern "C" fn exit(code: u32) -> ! {
    const TEST_DEVICE: *mut u32 = 0x10_0000 as *mut u32;
    let word = if code == 0 {
        0x5555
    } else {
        code << 16 | 0x3333
    };
    loop {
        // SAFETY: the machine has its test device there.
        unsafe { ptr::write_volatile(TEST_DEVICE, word) };
    }
}

/// The serial line.
struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const SERIAL: *mut u8 = 0x1000_0000 as *mut u8;
        for byte in text.bytes() {
            // SAFETY: the machine has its serial device there, always ready.
            unsafe { ptr::write_volatile(SERIAL, byte) };
        }
        Ok(())
    }
}

pub fn output() -> impl Write {
    Output
}

#[inline(always)]
pub(crate) fn stack_pointer() -> usize {
    let sp;
    // SAFETY: it copies one register into another.
    unsafe { asm!("mv {}, sp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}
