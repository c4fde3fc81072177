//! The softmax of one row.

use super::Normalizer;
use crate::Float;
use crate::lanes::{VECTOR, dot, dot_of, max, sum};
use crate::rule::{Attends, Keys, part, tested};

/// `x[t] ← exp(x[t] − m) / Σ_t exp(x[t] − m)` over the attended keys, `m` the largest of their
/// scores; `+0.0` for the others.
#[inline(always)]
pub(crate) fn softmax_row<F: Float, const T: usize>(
    keys: impl Keys<F>,
    x: &mut [F; T],
) -> Normalizer<F> {
    let (range, attends) = part(keys, T);
    range.before(x).fill(F::ZERO);
    range.after(x).fill(F::ZERO);
    let x = range.of_mut(x);
    fill_masked(attends, x, F::NEG_INFINITY);
    let normalizer = if VECTOR {
        softmax_slice(x)
    } else {
        softmax_shared(x)
    };
    fill_masked(attends, x, F::ZERO);
    normalizer
}

#[inline(always)]
pub(super) fn fill_masked<F: Float>(attends: impl Attends, x: &mut [F], value: F) {
    if tested(attends) {
        for (i, x) in x.iter_mut().enumerate() {
            if !attends.key(i) {
                *x = value;
            }
        }
    }
}

/// One instance for all shapes: on a microcontroller flash counts for more than a call.
#[inline(never)]
fn softmax_shared<F: Float>(x: &mut [F]) -> Normalizer<F> {
    softmax_slice(x)
}

#[inline(always)]
fn softmax_slice<F: Float>(x: &mut [F]) -> Normalizer<F> {
    // The addition leaves one zero of the two, of which any can be the largest.
    let max = max(x) + F::ZERO;
    let max = if max == F::NEG_INFINITY { F::ZERO } else { max };
    exp_slice(x, max);
    let sum = sum(x);
    let normalizer = Normalizer { max, sum };
    multiply(x, normalizer.factor());
    normalizer
}

#[inline(always)]
pub(super) fn multiply<F: Float>(x: &mut [F], factor: F) {
    for x in x {
        *x = *x * factor;
    }
}

/// `x[t] ← exp(x[t] − max)`.
///
/// On vector targets in blocks of a length that stays a loop, which LLVM vectorises: it gives up on
/// the unrolled expression. Filling up a last block would cost more than the elements left over do
/// one by one.
#[inline(always)]
pub(crate) fn exp_slice<F: Float>(x: &mut [F], max: F) {
    if VECTOR {
        let (blocks, tail) = x.as_chunks_mut::<16>();
        for x in blocks {
            exp_each(x, max);
        }
        let (blocks, tail) = tail.as_chunks_mut::<8>();
        for x in blocks {
            exp_each(x, max);
        }
        exp_each(tail, max);
    } else {
        exp_each(x, max);
    }
}

#[inline(always)]
fn exp_each<F: Float>(x: &mut [F], max: F) {
    for x in x {
        *x = (*x - max).exp_nonpositive();
    }
}

/// `d[t] ← a[t]·(d[t] − Σ_t a[t]·d[t])` over the attended keys; 0 for the others.
#[inline(always)]
pub(crate) fn softmax_backward_row<F: Float, const T: usize>(
    keys: impl Keys<F>,
    a: &[F; T],
    d: &mut [F; T],
) {
    let (range, attends) = part(keys, T);
    range.before(d).fill(F::ZERO);
    range.after(d).fill(F::ZERO);
    let (a, d) = (range.of(a), range.of_mut(d));
    let mean = if tested(attends) {
        dot_of(attends, a, d)
    } else {
        dot(a, d)
    };
    for (i, (&a, d)) in a.iter().zip(d).enumerate() {
        *d = if attends.key(i) {
            a * (*d - mean)
        } else {
            F::ZERO
        };
    }
}
