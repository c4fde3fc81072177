//! Digests of results.

use every_function::Arguments;
use microattention::{Normalizer, Running};

use crate::number::Number;

/// A digest of bits: FNV-1a of 64 bits, 32 bits at a time.
#[derive(Clone, Copy, Debug)]
pub struct Digest(pub u64);

impl Digest {
    /// Of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(crate) fn word(&mut self, word: u32) {
        self.0 = (self.0 ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Takes in 64 bits.
    pub fn bits(&mut self, bits: u64) {
        self.word(bits as u32);
        self.word((bits >> 32) as u32);
    }

    /// Takes in numbers.
    pub fn numbers<F: Number>(&mut self, numbers: &[F]) {
        for number in numbers {
            self.bits(number.to_bits_of_one_nan());
        }
    }

    fn normalizers<F: Number>(&mut self, normalizers: &[Normalizer<F>]) {
        for normalizer in normalizers {
            self.numbers(&[normalizer.max, normalizer.sum]);
        }
    }

    /// The state of a `Running` shows in the context that it is asked for.
    pub fn contexts<F: Number, const H: usize>(&mut self, running: &[Running<F, H>]) {
        let mut c = [F::default(); H];
        for running in running {
            running.context(&mut c);
            self.numbers(&c);
        }
    }

    /// Takes in all that a call may have written, but for the state of a `Running`.
    #[inline(never)]
    pub fn results<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
        &mut self,
        x: &Arguments<F, N, U, T, H>,
    ) {
        self.numbers(x.a.as_flattened());
        self.numbers(x.a_dec.as_flattened().as_flattened());
        self.normalizers(&x.normalizer);
        self.normalizers(x.normalizer_dec.as_flattened());
        self.numbers(x.s.as_flattened());
        self.numbers(x.c.as_flattened());
        self.numbers(x.c_dec.as_flattened().as_flattened());
        self.numbers(&[x.loss]);
        self.numbers(x.da.as_flattened());
        self.numbers(x.ds.as_flattened());
        self.numbers(x.dh.as_flattened());
        self.numbers(x.dhs.as_flattened().as_flattened());
        self.numbers(x.dhs_dec.as_flattened().as_flattened());
        self.numbers(x.dv.as_flattened().as_flattened());
        self.numbers(x.dbias.as_flattened());
        self.numbers(x.dbias_dec.as_flattened().as_flattened());
    }
}

/// One digest for each function.
pub struct Digests {
    digests: [(&'static str, Digest); 64],
    used: usize,
}

impl Digests {
    pub(crate) const NONE: Self = Self {
        digests: [("", Digest::EMPTY); 64],
        used: 0,
    };

    /// The digest of a function, whatever its options and the use of its gradients.
    pub(crate) fn of(&mut self, name: &'static str) -> &mut Digest {
        let name = name.trim_start_matches("Running::");
        let name = name.trim_start_matches("quantized::");
        let function = name.split([':', '+']).next().unwrap_or(name);
        let known = self.digests[..self.used]
            .iter()
            .position(|&(name, _)| name == function);
        let place = known.unwrap_or_else(|| {
            self.digests[self.used].0 = function;
            self.used += 1;
            self.used - 1
        });
        &mut self.digests[place].1
    }

    /// The functions and their digests.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, Digest)> {
        self.digests[..self.used].iter().copied()
    }
}
