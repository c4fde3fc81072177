//! Where the numbers of a test come from: a seed, and the kind of numbers that are wanted.
//!
//! Proptest chooses the seed and the kind, not each number. A case of 20,000 numbers costs as
//! little as one of 20 that way, and a failure is small already, because each property runs on
//! small shapes too. A fuzzer chooses bytes, which stand for the first random ones; then each array
//! is of a kind of its own.

use crate::element::{Element, Tensor, boxed};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Evenly in −1..1: the everyday case.
    Even,
    /// Evenly in 0..1: no term cancels another, so sums drift the most.
    Positive,
    /// Halves between −3 and 3: ties, zeros of both signs, exact sums.
    Coarse,
    /// Magnitudes from 2⁻¹² to 2¹², so that one term hides another.
    Wide,
    /// Even ones with every kind of special number among them.
    Special,
    /// Any bits at all.
    Raw,
}

impl Kind {
    pub const EVEN: [Self; 1] = [Self::Even];
    pub const FINITE: [Self; 4] = [Self::Even, Self::Positive, Self::Coarse, Self::Wide];
    pub const ALL: [Self; 5] = [
        Self::Even,
        Self::Positive,
        Self::Coarse,
        Self::Wide,
        Self::Special,
    ];
}

#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    seed: u64,
    kind: Kind,
    /// What a fuzzer chose.
    bytes: Option<&'a [u8]>,
}

impl<'a> Case<'a> {
    pub fn new(seed: u64, kind: Kind) -> Self {
        Self {
            seed,
            kind,
            bytes: None,
        }
    }

    /// A short input is as good as a long one: the bytes after its last one depend on all of them.
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        let seed = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            bytes: Some(bytes),
            ..Self::new(seed, Kind::Even)
        }
    }

    /// The same numbers evenly in −1..1.
    pub fn even(self) -> Self {
        Self::new(self.seed, Kind::Even)
    }

    pub fn source(self) -> Source<'a> {
        Source {
            bytes: self.bytes.unwrap_or_default(),
            any_kind: self.bytes.is_some(),
            ..Source::new(self.seed, self.kind)
        }
    }
}

pub struct Source<'a> {
    bytes: &'a [u8],
    state: u64,
    kind: Kind,
    /// Whether each array has a kind of its own.
    any_kind: bool,
}

impl Source<'_> {
    pub fn new(seed: u64, kind: Kind) -> Self {
        Self {
            bytes: &[],
            state: seed,
            kind,
            any_kind: false,
        }
    }

    /// 64 random bits: the bytes, then splitmix64.
    pub fn random(&mut self) -> u64 {
        if let Some((bytes, rest)) = self.bytes.split_first_chunk() {
            self.bytes = rest;
            return u64::from_le_bytes(*bytes);
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Evenly in 0..1, all 53 bits.
    pub fn unit(&mut self) -> f64 {
        f64::from_bits(0x3ff << 52 | self.random() >> 12) - 1.0
    }

    /// Evenly among `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        if let (Some((byte, rest)), 0..256) = (self.bytes.split_first(), n) {
            self.bytes = rest;
            return usize::from(*byte) % n;
        }
        let n = u64::try_from(n).expect("a size fits into 64 bits");
        usize::try_from(self.random() % n).expect("it is below a size")
    }

    pub fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Any number of keys.
    #[allow(clippy::cast_possible_truncation, reason = "the low bits are meant")]
    pub fn size(&mut self) -> usize {
        self.random() as usize
    }

    fn even(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    pub fn value<F: Element>(&mut self) -> F {
        self.value_of(self.kind)
    }

    pub fn value_of<F: Element>(&mut self, kind: Kind) -> F {
        F::of(match kind {
            Kind::Even => self.even(),
            Kind::Positive => self.unit(),
            Kind::Coarse => 0.5 * (6.0 * self.even()).trunc(),
            Kind::Wide => self.even() * libm::exp2((24.0 * self.unit()).trunc() - 12.0),
            Kind::Special => match self.below(64) {
                0 => 0.0,
                1 => -0.0,
                2 => f64::INFINITY,
                3 => f64::NEG_INFINITY,
                4 => f64::NAN,
                5 => self.even() * F::SMALLEST_NORMAL,
                6 => self.even() * F::LARGEST,
                7 => self.even() * 200.0,
                _ => self.even(),
            },
            Kind::Raw => return F::from_word(self.random()),
        })
    }

    pub fn any_kind(&mut self) -> Kind {
        match self.below(8) {
            0 => Kind::Positive,
            1 => Kind::Coarse,
            2 => Kind::Wide,
            3 => Kind::Special,
            4 => Kind::Raw,
            _ => Kind::Even,
        }
    }

    /// Numbers of one kind.
    fn fill<F: Element>(&mut self, x: &mut [F]) {
        if self.any_kind {
            self.kind = self.any_kind();
        }
        for x in x {
            *x = self.value();
        }
    }

    pub fn array<R: Tensor, const N: usize>(&mut self) -> Box<[R; N]> {
        let mut array = boxed(R::Scalar::of(0.0));
        self.fill(R::flat_mut(&mut *array));
        array
    }

    pub fn vector<F: Element>(&mut self, len: usize) -> Vec<F> {
        let mut vector = vec![F::of(0.0); len];
        self.fill(&mut vector);
        vector
    }
}
