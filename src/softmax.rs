//! The softmax over a row of scores, forward and backward.

use core::array;
use core::hint::black_box;

use crate::Float;
use crate::lanes::{VECTOR, dot, max, sum};

/// The softmax of each row, in place.
///
/// ```text
/// x[n,t] ← exp(x[n,t] − m) / Σ_t exp(x[n,t] − m),   m = max_t x[n,t]
/// ```
///
/// Subtracting the maximum keeps every exponential at most 1, so no finite score overflows.
/// Nothing is lost at the low end either: any finite score, however low, is an ordinary one.
///
/// No weight exceeds 1, equal scores give equal weights, and a higher score never gives a lower
/// weight.
///
/// # Special values
///
/// - A score of `−∞` gives the weight `+0.0`.
/// - A row of nothing but `−∞` gives zeros. (NumPy and PyTorch give NaN.)
/// - NaN or `+∞` anywhere in a row makes that whole row NaN; other rows are not affected.
/// - `T = 1` gives exactly 1, for every finite score.
///
/// # Accuracy
///
/// For `T ≤ 4096` in `f32`, weights whose score is within 1 of the maximum are within 7 ulp of
/// exact, and the sum of a row is within 5·2⁻²⁴ of 1. Further down, `x − m` rounds, which adds a
/// relative error of at most `|x − m|·2⁻²⁴`; the exponential itself is within 1 ulp.
///
/// # Example
///
/// ```
/// use microattention::softmax;
///
/// let mut x = [[0.0_f32, 0.0, f32::NEG_INFINITY], [1000.0, 0.0, 0.0]];
/// softmax(&mut x);
/// assert_eq!(x, [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]);
/// ```
pub fn softmax<F: Float, const N: usize, const T: usize>(x: &mut [[F; T]; N]) {
    for x in x {
        softmax_row(x);
    }
}

/// The gradient of [`softmax`], in place: in `da`, out `ds`.
///
/// ```text
/// d[n,t] ← a[n,t]·(d[n,t] − Σ_t a[n,t]·d[n,t])
/// ```
///
/// `a` is the result of the forward pass. The sum runs in eight lanes.
///
/// # Special values
///
/// - A weight of 0 gives the gradient 0, as long as the upstream gradients of the row are finite.
/// - `T = 1` gives exactly 0.
/// - NaN or ∞ in a row of `a` or `d` makes that whole row NaN, or an entry infinite at most; other
///   rows are not affected.
///
/// # Accuracy
///
/// `|error| ≤ (⌈T/8⌉ + 5)·u·a[n,t]·(|d[n,t]| + Σ_t |a[n,t]·d[n,t]|)` to first order, `u` the unit
/// roundoff.
///
/// # Example
///
/// ```
/// use microattention::softmax_backward;
///
/// let a = [[0.25_f32, 0.75]];
/// let mut d = [[4.0, 8.0]];
/// softmax_backward(&a, &mut d);
/// assert_eq!(d, [[-0.75, 0.75]]);
/// ```
pub fn softmax_backward<F: Float, const N: usize, const T: usize>(
    a: &[[F; T]; N],
    d: &mut [[F; T]; N],
) {
    for (a, d) in a.iter().zip(d) {
        softmax_backward_row(a, d);
    }
}

/// `x[t] ← exp(x[t] − m) / Σ_t exp(x[t] − m)`, `m` the largest element.
#[inline(always)]
pub(crate) fn softmax_row<F: Float>(x: &mut [F]) {
    if VECTOR {
        softmax_slice(x);
    } else {
        softmax_shared(x);
    }
}

#[inline(never)]
fn softmax_shared<F: Float>(x: &mut [F]) {
    softmax_slice(x);
}

#[inline(always)]
fn softmax_slice<F: Float>(x: &mut [F]) {
    let m = max(x);
    let m = if m == F::NEG_INFINITY { F::ZERO } else { m };
    if VECTOR && x.len() > 3 {
        let (blocks, tail) = x.as_chunks_mut::<16>();
        for x in blocks {
            exp_block(x, m);
        }
        let (blocks, tail) = tail.as_chunks_mut::<8>();
        for x in blocks {
            exp_block(x, m);
        }
        match tail.len() {
            0 => {}
            1..=4 => exp_tail::<F, 4>(tail, m),
            _ => exp_tail::<F, 8>(tail, m),
        }
    } else {
        for x in &mut *x {
            *x = (*x - m).exp_nonpositive();
        }
    }
    let sum = sum(x);
    let scale = if sum == F::ZERO {
        F::ZERO
    } else {
        F::ONE / sum
    };
    for x in x {
        *x = *x * scale;
    }
}

#[inline(always)]
fn exp_tail<F: Float, const B: usize>(x: &mut [F], m: F) {
    let mut block: [F; B] = array::from_fn(|i| x.get(i).map_or(m, |&x| x));
    block = black_box(block);
    exp_block(&mut block, m);
    for (x, b) in x.iter_mut().zip(block) {
        *x = b;
    }
}

#[inline(always)]
fn exp_block<F: Float, const B: usize>(x: &mut [F; B], m: F) {
    for x in x {
        *x = (*x - m).exp_nonpositive();
    }
}

/// `d[t] ← a[t]·(d[t] − Σ_t a[t]·d[t])`.
#[inline(always)]
pub(crate) fn softmax_backward_row<F: Float>(a: &[F], d: &mut [F]) {
    let mean = dot(a, d);
    for (&a, d) in a.iter().zip(d) {
        *d = a * (*d - mean);
    }
}
