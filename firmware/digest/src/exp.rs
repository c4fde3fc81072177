//! The exponential over its whole range.

use microattention::{log_softmax_backward, softmax};

use crate::digest::{Digest, Digests};
use crate::number::Number;

/// From −2⁻³⁰ (`f64`: −2⁻⁶⁰) down to where the exponential is zero, and a little beyond.
pub(crate) fn run(digests: &mut Digests) {
    let f32s = (0..1 << 14).map(|i| f32::from_bits(0xb080_0000 + i * 0x4951));
    sweep(f32s, digests.of("f32"));
    let f64s = (0..1 << 14).map(|i| f64::from_bits(0xbc30_0000_0000_0000 + i * 0x115d_4d51_9a4d));
    sweep(f64s, digests.of("f64"));
}

#[inline(never)]
fn sweep<F: Number>(mut numbers: impl Iterator<Item = F>, digest: &mut Digest) {
    const T: usize = 17;
    while let Some(first) = numbers.next() {
        let mut y = [[first; T]];
        y[0][T - 1] = F::default();
        for (y, x) in y[0][1..T - 1].iter_mut().zip(&mut numbers) {
            *y = x;
        }
        // 0 − exp(y)·1, whose bits are those of the exponential.
        let mut d = [[F::default(); T]];
        d[0][T - 1] = F::from(1);
        log_softmax_backward(&y, &mut d);
        digest.numbers(&d[0]);
        softmax(&mut y);
        digest.numbers(&y[0]);
    }
}
