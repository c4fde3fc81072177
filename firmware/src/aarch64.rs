//! QEMU's machine `virt` with a 64-bit Arm core.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};

// The FPU is switched on before its first instruction. Every exception ends the program.
global_asm!(
    ".section .start, \"ax\"",
    ".globl _start",
    "_start:",
    "ldr x0, =__stack_top",
    "mov sp, x0",
    "mov x0, #(3 << 20)",
    "msr cpacr_el1, x0",
    "ldr x0, =exceptions",
    "msr vbar_el1, x0",
    "isb",
    "ldr x0, =__bss_start",
    "ldr x1, =__bss_end",
    "1: cmp x0, x1",
    "b.hs 2f",
    "str xzr, [x0], #8",
    "b 1b",
    "2: b main",
    ".balign 2048",
    "exceptions:",
    ".rept 16",
    ".balign 128",
    "mov w0, #102",
    "b exit",
    ".endr",
);

/// Semihosting: asks QEMU for something.
fn call(operation: u32, argument: *const u8) {
    // SAFETY: what the argument points to is as the operation expects it.
    unsafe { asm!("hlt #0xf000", inout("w0") operation => _, in("x1") argument) };
}

/// Ends the program, and QEMU with it.
#[unsafe(no_mangle)]
pub extern "C" fn exit(code: u32) -> ! {
    const SYS_EXIT: u32 = 0x18;
    const APPLICATION_EXIT: u64 = 0x2_0026;
    let block = [APPLICATION_EXIT, u64::from(code)];
    loop {
        call(SYS_EXIT, block.as_ptr().cast());
    }
}

/// QEMU's standard error.
struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const SYS_WRITEC: u32 = 3;
        for byte in text.bytes() {
            call(SYS_WRITEC, &raw const byte);
        }
        Ok(())
    }
}

pub fn output() -> impl Write {
    Output
}
