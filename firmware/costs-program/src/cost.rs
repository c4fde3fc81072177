//! What one call costs: instructions and stack.

use core::hint::black_box;
use core::ops::Sub;
use core::sync::atomic::{Ordering, compiler_fence};

use crate::board;

#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub instructions: u32,
    /// The most bytes of stack in use at once.
    pub stack: usize,
}

impl Cost {
    pub fn of(call: &mut dyn FnMut()) -> Self {
        Self {
            instructions: instructions(call),
            stack: peak_stack(call),
        }
    }
}

/// What is left without the cost of a call that does nothing.
impl Sub for Cost {
    type Output = Self;

    fn sub(self, empty: Self) -> Self {
        Self {
            instructions: self.instructions - empty.instructions,
            stack: self.stack - empty.stack,
        }
    }
}

#[inline(never)]
fn instructions(call: &mut dyn FnMut()) -> u32 {
    let call = black_box(call);
    let start = board::now();
    // No load or store of `call` may leave the interval.
    compiler_fence(Ordering::SeqCst);
    call();
    compiler_fence(Ordering::SeqCst);
    board::instructions(start, board::now())
}

/// What `call` leaves of a pattern painted below this function's own frame.
///
/// No interrupt may be enabled. What `call` takes but does not write at its deepest point is not seen.
#[inline(never)]
fn peak_stack(call: &mut dyn FnMut()) -> usize {
    const PATTERN: u32 = 0xCCCC_CCCC;
    const WORDS: usize = 16384;
    let call = black_box(call);
    let top = board::stack_pointer();
    let bottom = (top - 4 * WORDS) as *mut u32;
    for i in 0..WORDS {
        // SAFETY: below the stack pointer nothing is in use, this loop calls nothing, and the memory
        // reaches further down than that: the stack starts at the end of 4 MB.
        unsafe { bottom.add(i).write_volatile(PATTERN) };
    }
    call();
    let mut untouched = 0;
    // SAFETY: these words were painted above, and they are read as what they are, words of memory.
    while untouched < WORDS && unsafe { bottom.add(untouched).read_volatile() } == PATTERN {
        untouched += 1;
    }
    assert!(untouched > 0, "the stack reaches below what was painted");
    4 * (WORDS - untouched)
}
