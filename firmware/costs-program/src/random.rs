//! The numbers that the functions work on.

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

    pub fn array<X, const L: usize>(&mut self, mut element: impl FnMut(&mut Self) -> X) -> [X; L] {
        core::array::from_fn(|_| element(self))
    }
}
