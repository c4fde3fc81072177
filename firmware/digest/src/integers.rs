//! The functions in integers, called with numbers of every size.

use every_function::Integers;
use microattention::quantized::{Multiplier, ScoreScale};

use crate::digest::{Digest, Digests};
use crate::number::Random;

pub(crate) fn run(digests: &mut Digests) {
    shape::<2, 3, 9, 7>(digests);
    shape::<1, 1, 63, 16>(digests);
    shape::<2, 1, 300, 5>(digests);
    shape::<1, 1, 1, 1>(digests);
    shape::<0, 1, 7, 9>(digests);
    shape::<2, 1, 0, 7>(digests);
    shape::<1, 0, 63, 0>(digests);
}

#[inline(never)]
fn shape<const N: usize, const U: usize, const T: usize, const H: usize>(digests: &mut Digests) {
    for call in Integers::<N, U, T, H>::ALL.iter().copied().flatten() {
        // Arguments of its own for each, or a function that wrote nothing would have the digest of its parts.
        for seed in 1..17 {
            let mut x = arguments(seed);
            (call.call)(&mut x);
            digests.of(call.name).integers(&x);
        }
    }
}

/// Numbers of any size, and, of every fourth seed, the limits alone; the worth of a score is from 2⁻³⁰ to 2.
#[inline(never)]
fn arguments<const N: usize, const U: usize, const T: usize, const H: usize>(
    seed: u32,
) -> Integers<N, U, T, H> {
    let mut random = Random(seed);
    let extreme = seed.is_multiple_of(4);
    let mut x = Integers::new(|| {
        let bits = random.bits().cast_signed();
        if extreme {
            bits >> 31 ^ i32::MAX
        } else {
            bits >> random.below(25)
        }
    });
    random.attended(x.attended());
    random.labels(T, &mut x.labels);
    let mut factor = || f32::from_bits((97 + random.below(31)) << 23 | random.bits() >> 9);
    x.sigma = ScoreScale::new(factor());
    x.factor = Multiplier::new(factor());
    x.fraction = random.below(16);
    x.shift = random.below(32);
    x
}

impl Digest {
    /// Takes in all that a call in integers may have written.
    #[inline(never)]
    fn integers<const N: usize, const U: usize, const T: usize, const H: usize>(
        &mut self,
        x: &Integers<N, U, T, H>,
    ) {
        self.each([x.scale.to_bits(), x.loss]);
        self.each(x.x.as_flattened().iter().map(|x| x.to_bits()));
        self.signed(&x.h);
        self.signed(&x.s);
        self.signed(&x.a);
        self.signed(x.a_dec.as_flattened());
        self.signed(&x.c);
        self.signed(x.c_dec.as_flattened());
        self.signed(&x.dc);
        self.signed(&x.da);
        self.signed(&x.ds);
        self.signed(&[x.exponents]);
        self.signed(&x.dh);
        self.signed(x.dhs.as_flattened());
        self.signed(x.dhs_dec.as_flattened());
        self.signed(x.dv.as_flattened());
        self.signed(&x.w);
    }

    fn signed<X: Copy + Into<i32>, const L: usize>(&mut self, rows: &[[X; L]]) {
        let numbers = rows.as_flattened().iter();
        self.each(numbers.map(|&x| x.into().cast_unsigned()));
    }

    fn each(&mut self, words: impl IntoIterator<Item = u32>) {
        words.into_iter().for_each(|word| self.word(word));
    }
}
