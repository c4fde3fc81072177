//! Where the numbers of a test come from: a seed, and the kind of numbers that are wanted.
//!
//! Proptest chooses the seed and the kind, not each number. A case of 20,000 numbers costs as
//! little as one of 20 that way, and a failure is small already, because each property runs on
//! small shapes too.

use proptest::prelude::*;

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
pub struct Case {
    pub seed: u64,
    pub kind: Kind,
}

impl Case {
    /// Any seed with any of these kinds.
    pub fn any_of(kinds: &'static [Kind]) -> impl Strategy<Value = Self> {
        (any::<u64>(), proptest::sample::select(kinds))
            .prop_map(|(seed, kind)| Self { seed, kind })
            .no_shrink()
    }

    pub fn source(self) -> Source {
        Source {
            state: self.seed,
            kind: self.kind,
        }
    }
}

pub struct Source {
    state: u64,
    kind: Kind,
}

impl Source {
    pub fn new(seed: u64, kind: Kind) -> Self {
        Self { state: seed, kind }
    }

    /// 64 random bits (splitmix64).
    pub fn random(&mut self) -> u64 {
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
        let n = u64::try_from(n).expect("a size fits into 64 bits");
        usize::try_from(self.random() % n).expect("it is below a size")
    }

    fn even(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    pub fn value<F: Element>(&mut self) -> F {
        F::of(match self.kind {
            Kind::Even => self.even(),
            Kind::Positive => self.unit(),
            Kind::Coarse => 0.5 * (6.0 * self.even()).trunc(),
            Kind::Wide => self.even() * libm::exp2((24.0 * self.unit()).trunc() - 12.0),
            Kind::Special => match self.random() % 64 {
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
        })
    }

    pub fn array<R: Tensor, const N: usize>(&mut self) -> Box<[R; N]> {
        let mut array = boxed(R::Scalar::of(0.0));
        for x in R::flat_mut(&mut *array) {
            *x = self.value();
        }
        array
    }
}
