//! What the fuzzer's bytes mean.

use crate::element::{Element, Tensor};

/// An element type that has bits.
pub trait Number: Element {
    fn from_word(bits: u64) -> Self;
}

impl Number for f32 {
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are meant")]
    fn from_word(bits: u64) -> Self {
        Self::from_bits(bits as u32)
    }
}

impl Number for f64 {
    fn from_word(bits: u64) -> Self {
        Self::from_bits(bits)
    }
}

/// Which numbers an array is made of.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any bits at all.
    Raw,
    /// Halves between −4 and 4: ties, zeros, exact sums.
    Coarse,
    /// Evenly in −1..1.
    Even,
    /// Magnitudes up to 100.
    Wide,
    /// Even ones, with every special number among them.
    Special,
    /// Each of its own kind.
    Mixed,
}

/// The fuzzer's bytes. When they end, pseudo-random ones that depend on all of them follow, so a short
/// input is as good as a long one.
pub struct Source<'a> {
    bytes: &'a [u8],
    state: u64,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        let state = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { bytes, state }
    }

    pub fn byte(&mut self) -> u8 {
        if let Some((first, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            return *first;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x >> 56) as u8
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn word(&mut self, bytes: usize) -> u64 {
        (0..bytes).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }

    fn even(&mut self) -> f64 {
        let word = i32::from_ne_bytes((self.word(4) as u32).to_ne_bytes());
        f64::from(word) / f64::from(1_u32 << 31)
    }

    /// A number of keys: mostly a small one, or any.
    pub fn size(&mut self) -> usize {
        match self.byte() {
            0 => usize::MAX - self.below(20),
            1 => isize::MAX.unsigned_abs() - self.below(10) + self.below(20),
            2 => usize::try_from(self.word(8)).unwrap_or(usize::MAX),
            byte => usize::from(byte) % 20,
        }
    }

    pub fn offset(&mut self) -> isize {
        match self.byte() {
            0 => isize::MIN + isize::from(self.byte() % 20),
            1 => isize::MAX - isize::from(self.byte() % 20),
            2 => isize::from_ne_bytes((self.word(8) as usize).to_ne_bytes()),
            byte => isize::from(byte % 32) - 16,
        }
    }

    pub fn kind(&mut self) -> Kind {
        match self.byte() % 8 {
            0 => Kind::Raw,
            1 => Kind::Coarse,
            2 => Kind::Wide,
            3 => Kind::Special,
            4 => Kind::Mixed,
            _ => Kind::Even,
        }
    }

    pub fn value<F: Number>(&mut self, kind: Kind) -> F {
        match kind {
            Kind::Raw => {
                let bits = self.word(size_of::<F>());
                F::from_word(bits)
            }
            Kind::Coarse => F::of(0.5 * (f64::from(self.byte() % 17) - 8.0)),
            Kind::Even => F::of(self.even()),
            Kind::Wide => F::of(100.0 * self.even()),
            Kind::Special => match self.byte() {
                0..8 => F::of(f64::NAN),
                8..16 => F::of(f64::INFINITY),
                16..24 => F::of(f64::NEG_INFINITY),
                24..32 => F::of(0.0),
                32..40 => F::of(-0.0),
                40..44 => F::of(F::LARGEST),
                44..48 => F::of(-F::LARGEST),
                48..52 => F::of(self.even() * F::SMALLEST_NORMAL),
                52..56 => F::of(self.even() * F::LARGEST),
                _ => F::of(self.even()),
            },
            Kind::Mixed => {
                let kind = self.kind();
                self.value(match kind {
                    Kind::Mixed => Kind::Even,
                    kind => kind,
                })
            }
        }
    }

    pub fn fill<R: Tensor<Scalar: Number>>(&mut self, rows: &mut [R]) {
        let kind = self.kind();
        for x in R::flat_mut(rows) {
            *x = self.value(kind);
        }
    }

    /// An array of one kind.
    pub fn array<R: Tensor<Scalar: Number>, const N: usize>(&mut self) -> [R; N] {
        let mut array = [R::filled(R::Scalar::of(0.0)); N];
        self.fill(&mut array);
        array
    }

    pub fn flags<const T: usize, const N: usize>(&mut self) -> [[bool; T]; N] {
        // Sparse, half and dense masks.
        let limit = [40, 128, 220, 255][self.below(4)];
        core::array::from_fn(|_| core::array::from_fn(|_| self.byte() < limit))
    }
}

/// An output as it is handed over: what is not written stays NaN.
pub fn unwritten<R: Tensor, const N: usize>() -> [R; N] {
    [R::filled(R::Scalar::of(f64::NAN)); N]
}
