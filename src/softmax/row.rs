//! The softmax of one row.

use super::Normalizer;
use crate::Float;
use crate::lanes::{VECTOR, dot, dot_of, max, sum};
use crate::rule::{Attends, Keys, part, row_part, tested, unrolls};

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

/// Whether rows are so short that each by itself would leave vector registers empty, and so many that they
/// fill them together; the limits are measured. With options too, the loops over their keys unroll.
pub(crate) const fn together(rows: usize, len: usize) -> bool {
    VECTOR && len < 16 && len != 8 && rows.saturating_mul(len) >= 30
}

/// [`softmax_row`] for each row, with one loop of exponentials for all.
#[inline(always)]
pub(crate) fn softmax_rows<F: Float, K: Keys<F>, const T: usize>(
    keys: impl Fn(usize) -> K,
    x: &mut [[F; T]],
) {
    for (n, x) in x.iter_mut().enumerate() {
        subtract_max(keys(n), x);
    }
    exp_slice(x.as_flattened_mut(), F::ZERO);
    for (n, x) in x.iter_mut().enumerate() {
        normalize(keys(n), x);
    }
}

/// Before the exponentials: `x[t] ← x[t] − m`, `−∞` for keys that are not attended.
#[inline(always)]
fn subtract_max<F: Float, const T: usize>(keys: impl Keys<F>, x: &mut [F; T]) {
    let (_, attends) = row_part::<_, _, T>(keys);
    fill_masked(attends, x, F::NEG_INFINITY);
    let max = finite_max(x);
    for x in x {
        *x = *x - max;
    }
}

/// After the exponentials: `x[t] ← x[t] / Σ_t x[t]` over the attended keys, `+0.0` for the others.
#[inline(always)]
fn normalize<F: Float, const T: usize>(keys: impl Keys<F>, x: &mut [F; T]) {
    let max = F::ZERO;
    let sum = short_sum(x);
    multiply(x, Normalizer { max, sum }.factor());
    let (_, attends) = row_part::<_, _, T>(keys);
    fill_masked(attends, x, F::ZERO);
}

/// The sum of a short row, with zeros up to a length that is known: without a loop. It is the one of the attended
/// keys alone wherever they start, since each addition of the tree has the same two operands when all elements
/// move on by one lane.
#[inline(always)]
fn short_sum<F: Float, const T: usize>(x: &[F; T]) -> F {
    if T <= 8 {
        sum(&padded::<F, T, 8>(x))
    } else {
        sum(&padded::<F, T, 16>(x))
    }
}

#[inline(always)]
fn padded<F: Float, const T: usize, const L: usize>(x: &[F; T]) -> [F; L] {
    let mut padded = [F::NEG_ZERO; L];
    for (y, &x) in padded.iter_mut().zip(x) {
        *y = x;
    }
    padded
}

#[inline(always)]
pub(super) fn fill_masked<F: Float>(attends: impl Attends, x: &mut [F], value: F) {
    if tested(attends) {
        for (i, x) in x.iter_mut().enumerate() {
            let attended = attends.key(i);
            // A select fills vector registers; a scalar core rather jumps over a store.
            if VECTOR {
                *x = if attended { *x } else { value };
            } else if !attended {
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
    let max = finite_max(x);
    exp_slice(x, max);
    let sum = sum(x);
    let normalizer = Normalizer { max, sum };
    multiply(x, normalizer.factor());
    normalizer
}

/// The largest element, or zero where that is `−∞`.
#[inline(always)]
fn finite_max<F: Float>(x: &[F]) -> F {
    // The addition leaves one zero of the two, of which any can be the largest.
    let max = max(x) + F::ZERO;
    if max == F::NEG_INFINITY { F::ZERO } else { max }
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
pub(crate) fn softmax_backward_row<F: Float, K: Keys<F>, const T: usize>(
    keys: K,
    a: &[F; T],
    d: &mut [F; T],
) {
    let (range, attends) = row_part::<_, _, T>(keys);
    if unrolls::<F, K, T>() {
        let mut products = [F::NEG_ZERO; T];
        for t in 0..T {
            if attends.key(t) {
                products[t] = a[t] * d[t];
            }
        }
        let mean = short_sum(&products);
        for t in 0..T {
            d[t] = if attends.key(t) {
                a[t] * (d[t] - mean)
            } else {
                F::ZERO
            };
        }
        return;
    }
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
