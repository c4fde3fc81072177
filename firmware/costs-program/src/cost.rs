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
            stack: firmware::peak_stack(call),
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
