//! QEMU's machine `virt` with a 32-bit RISC-V core.

use core::arch::asm;

/// The counter of instructions runs already.
pub fn start() {}

/// The low half of the counter of instructions.
#[inline(always)]
pub fn now() -> u32 {
    let count;
    // SAFETY: it reads a counter. Without `nomem`, so that no load or store moves across.
    unsafe { asm!("csrr {}, minstret", out(reg) count, options(nostack, preserves_flags)) };
    count
}

/// The instructions between two readings, exact under `-icount shift=0`.
#[inline(always)]
pub fn instructions(start: u32, end: u32) -> u32 {
    end.wrapping_sub(start)
}
