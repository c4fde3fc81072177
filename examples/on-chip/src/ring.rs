//! The ring buffer.

use crate::{FEATURES, FRAMES};

/// The last [`FRAMES`] frames. The newest takes the place of the oldest: a softmax does not care about the order of its keys.
#[derive(Clone, Copy, Debug)]
pub struct Ring<X> {
    frames: [[[X; FEATURES]; FRAMES]; 1],
    next: usize,
    length: usize,
}

impl<X: Copy> Ring<X> {
    /// Without a frame.
    pub const fn new(zero: X) -> Self {
        Self {
            frames: [[[zero; FEATURES]; FRAMES]],
            next: 0,
            length: 0,
        }
    }

    /// Takes a frame.
    pub fn push(&mut self, frame: [X; FEATURES]) {
        self.frames[0][self.next] = frame;
        self.next = (self.next + 1) % FRAMES;
        self.length = FRAMES.min(self.length + 1);
    }

    /// The frames as a batch of one. Only the first [`length`](Self::length) are there.
    pub fn frames(&self) -> &[[[X; FEATURES]; FRAMES]; 1] {
        &self.frames
    }

    /// How many frames there are, for `Attend::lengths`.
    pub fn length(&self) -> [usize; 1] {
        [self.length]
    }
}
