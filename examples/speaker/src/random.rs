//! Pseudo-random numbers for the first parameters, the order of the utterances, and the noise.

use core::mem::swap;

/// `SplitMix64`: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014; constants of S. Vigna's version in the public domain. The same numbers on every
/// target.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts the sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in −1 (included) to 1 (excluded), a multiple of 2⁻²³: the conversion of 24 bits is
    /// exact.
    #[expect(
        clippy::cast_precision_loss,
        reason = "24 bits fit the significand of an f32"
    )]
    pub fn symmetric(&mut self) -> f32 {
        const STEP: f32 = 1.0 / (1 << 23) as f32;
        (self.bits() >> 40) as f32 * STEP - 1.0
    }

    /// Uniform in 0 to `bound` − 1, by the high half of a product. Its bias, below `bound`/2³², is
    /// nothing beside a few hundred utterances. 0 for a bound of 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// Fisher and Yates' shuffle of at most 2³² elements.
    pub fn shuffle<E>(&mut self, elements: &mut [E]) {
        let mut rest = elements;
        while let Some((last, before)) = rest.split_last_mut()
            && let Ok(others @ 1..) = u32::try_from(before.len())
        {
            let other = self.below(others.saturating_add(1)) as usize;
            // Behind all others is the last one itself, which then stays where it is.
            if let Some(other) = before.get_mut(other) {
                swap(last, other);
            }
            rest = before;
        }
    }
}
