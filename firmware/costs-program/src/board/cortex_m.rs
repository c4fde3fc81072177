//! QEMU's machines `mps2-an385` and `mps2-an386`, with a Cortex-M3 and a Cortex-M4F of 25 MHz.

use core::ptr;

const CONTROL: *mut u32 = 0x4000_0000 as *mut u32;
const VALUE: *mut u32 = 0x4000_0004 as *mut u32;
const RELOAD: *mut u32 = 0x4000_0008 as *mut u32;

/// Starts the timer.
pub fn start() {
    // SAFETY: the machine has a timer there, which nothing else uses.
    unsafe {
        ptr::write_volatile(RELOAD, u32::MAX);
        ptr::write_volatile(VALUE, u32::MAX);
        ptr::write_volatile(CONTROL, 1);
    }
}

/// A reading of the timer, which counts down.
#[inline(always)]
pub fn now() -> u32 {
    // SAFETY: as above.
    unsafe { ptr::read_volatile(VALUE) }
}

/// The instructions between two readings.
///
/// Under `-icount shift=7` an instruction lasts 128 ns, which is 3.2 ticks. A reading is off by less
/// than one tick, so rounding gives the exact number.
#[inline(always)]
pub fn instructions(start: u32, end: u32) -> u32 {
    let ticks = start.wrapping_sub(end);
    ((u64::from(ticks) * 10 + 16) / 32) as u32
}
