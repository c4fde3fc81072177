//! The stack that a call takes.

use core::hint::black_box;

use crate::board::stack_pointer;

/// What `call` leaves of a pattern painted below this function's own frame.
///
/// No interrupt may be enabled. What `call` takes but does not write at its deepest point is not seen.
#[inline(never)]
pub fn peak_stack(call: &mut dyn FnMut()) -> usize {
    const PATTERN: u32 = 0xCCCC_CCCC;
    const WORDS: usize = 16384;
    let call = black_box(call);
    let top = stack_pointer();
    let bottom = (top - 4 * WORDS) as *mut u32;
    for i in 0..WORDS {
        // SAFETY: below the stack pointer nothing is in use, this loop calls nothing where it is optimised, as
        // in every build of this package, and the memory reaches further down than that: the stack starts at
        // the end of 4 MB.
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
