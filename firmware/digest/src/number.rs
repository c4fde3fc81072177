//! The numbers that the functions are given.

use every_function::Attended;
use microattention::Float;

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// From −2 to 2.
    Ordinary,
    /// Ordinary, powers of two apart: from 2⁻²⁰ to 2⁸.
    Apart,
    /// So large that some products overflow.
    Huge,
    /// Subnormal, and zeros of both signs.
    Subnormal,
    /// Ordinary, and now and then an infinity.
    Infinite,
    /// Ordinary, and now and then NaN.
    Nan,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ordinary,
        Self::Apart,
        Self::Huge,
        Self::Subnormal,
        Self::Infinite,
        Self::Nan,
    ];
}

/// Marsaglia's xorshift of 32 bits.
pub struct Random(pub u32);

impl Random {
    /// The next 32 bits.
    pub fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// From 0 to `end`, which is not among them.
    pub fn below(&mut self, end: u32) -> u32 {
        (self.bits() >> 8) % end
    }

    /// Which keys are attended.
    pub(crate) fn attended<const N: usize, const U: usize, const T: usize>(
        &mut self,
        attended: Attended<'_, N, U, T>,
    ) {
        let keys = T as u32;
        for (length, offset) in attended.lengths.iter_mut().zip(attended.offsets) {
            *length = self.below(keys + 3) as usize;
            *offset = self.below(keys + 3) as isize - 2;
        }
        *attended.offset = self.below(keys + 3) as isize - 2;
        *attended.back = self.below(keys + 1) as usize;
        *attended.ahead = self.below(3) as usize;
        let masks = attended.mask.iter_mut();
        for mask in masks.chain(attended.mask_dec.as_flattened_mut()).flatten() {
            *mask = self.below(4) > 0;
        }
    }

    /// Labels of `classes`: now and then none, or one that does not exist.
    pub(crate) fn labels(&mut self, classes: usize, labels: &mut [Option<usize>]) {
        for label in labels {
            *label = Some(self.below(classes as u32 + 2) as usize).filter(|_| self.below(5) > 0);
        }
    }

    /// A number of the kind.
    pub fn number<F: Number>(&mut self, kind: Kind) -> F {
        let one_of_64 = self.below(64) == 0;
        match kind {
            Kind::Infinite if one_of_64 => {
                let sign = self.below(2);
                F::from_parts(sign, F::LAST_EXPONENT, 0)
            }
            Kind::Nan if one_of_64 => F::from_parts(0, F::LAST_EXPONENT, u64::MAX),
            Kind::Ordinary | Kind::Infinite | Kind::Nan => self.between(F::ONE_EXPONENT - 8, 8),
            Kind::Apart => self.between(F::ONE_EXPONENT - 20, 28),
            Kind::Huge => self.between(F::ONE_EXPONENT + F::ONE_EXPONENT / 3, F::ONE_EXPONENT / 5),
            Kind::Subnormal => self.between(0, 0),
        }
    }

    /// An exponent from `lowest` to `lowest + more`, and any sign and fraction.
    fn between<F: Number>(&mut self, lowest: u32, more: u32) -> F {
        let exponent = lowest + self.below(more + 1);
        let fraction = u64::from(self.bits()) << 32 | u64::from(self.bits());
        // Subnormal: a seventh of them zeros, and often only the last bits set.
        let fraction = if exponent == 0 {
            match self.below(7) {
                0 => 0,
                some => fraction >> 64_u32.saturating_sub(F::FRACTION * some / 6).min(63),
            }
        } else {
            fraction
        };
        F::from_parts(self.below(2), exponent, fraction)
    }
}

/// `f32` and `f64`, from and to their bits.
pub trait Number: Float {
    /// Bits of the fraction.
    const FRACTION: u32;
    /// The exponent of infinities and NaN.
    const LAST_EXPONENT: u32;
    /// The exponent of 1.
    const ONE_EXPONENT: u32 = Self::LAST_EXPONENT / 2;

    /// The number of these bits; of the fraction the last ones.
    fn from_parts(sign: u32, exponent: u32, fraction: u64) -> Self;

    /// The bits, but every NaN is the same: which NaN an operation gives is the one thing that is not
    /// the same on every target.
    fn to_bits_of_one_nan(self) -> u64;
}

impl Number for f32 {
    const FRACTION: u32 = 23;
    const LAST_EXPONENT: u32 = 0xff;

    fn from_parts(sign: u32, exponent: u32, fraction: u64) -> Self {
        Self::from_bits(sign << 31 | exponent << 23 | (fraction & 0x007f_ffff) as u32)
    }

    fn to_bits_of_one_nan(self) -> u64 {
        u64::from(if self.is_nan() {
            0x7fc0_0000
        } else {
            self.to_bits()
        })
    }
}

impl Number for f64 {
    const FRACTION: u32 = 52;
    const LAST_EXPONENT: u32 = 0x7ff;

    fn from_parts(sign: u32, exponent: u32, fraction: u64) -> Self {
        let (sign, exponent) = (u64::from(sign), u64::from(exponent));
        Self::from_bits(sign << 63 | exponent << 52 | fraction & 0x000f_ffff_ffff_ffff)
    }

    fn to_bits_of_one_nan(self) -> u64 {
        if self.is_nan() {
            0x7ff8_0000_0000_0000
        } else {
            self.to_bits()
        }
    }
}
