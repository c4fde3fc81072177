//! The numbers that the functions work on.

use core::array;

/// Marsaglia's xorshift of 32 bits.
pub struct Random(u32);

impl Random {
    pub fn new() -> Self {
        Self(1)
    }

    pub fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Uniform in −1 to 1.
    pub fn number(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / 8_388_608.0 - 1.0
    }

    pub fn rows<const R: usize, const L: usize>(&mut self) -> [[f32; L]; R] {
        array::from_fn(|_| array::from_fn(|_| self.number()))
    }
}
