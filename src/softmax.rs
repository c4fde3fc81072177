//! The softmax over a row of scores, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::keys::Keys;
use crate::lanes::{VECTOR, dot, dot_if, max, sum};
use crate::rule::Rule;

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
#[doc(alias = "Softmax")]
pub fn softmax<F: Float, const N: usize, const T: usize>(x: &mut [[F; T]; N]) {
    Attend::new().softmax(x);
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
/// - A weight of 0 gives the gradient 0, as long as the upstream gradients of the row are finite and their
///   differences do not overflow.
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
    Attend::new().softmax_backward(a, d);
}

impl<R, B> Attend<R, B> {
    /// [`softmax`] over the keys that are attended; the weight `+0.0` for the others.
    ///
    /// Scores of keys that are not attended are not read. The scale and the bias belong to the scores
    /// and are not applied again, but a bias of `−∞` masks here too.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut x = [[0.0_f32, f32::NAN]];
    /// Attend::new().lengths(&[1]).softmax(&mut x);
    /// assert_eq!(x, [[1.0, 0.0]]);
    /// ```
    pub fn softmax<F: Float, const N: usize, const T: usize>(&self, x: &mut [[F; T]; N])
    where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, x) in x.iter_mut().enumerate() {
            softmax_row(self.keys::<F, N, 1, T>(n, 0), x);
        }
    }

    /// The gradient of [`softmax`](Self::softmax): zero for keys that are not attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut d = [[4.0_f32, 8.0, f32::NAN]];
    /// Attend::new().lengths(&[2]).softmax_backward(&[[0.25, 0.75, 0.0]], &mut d);
    /// assert_eq!(d, [[-0.75, 0.75, 0.0]]);
    /// ```
    pub fn softmax_backward<F: Float, const N: usize, const T: usize>(
        &self,
        a: &[[F; T]; N],
        d: &mut [[F; T]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        for (n, (a, d)) in a.iter().zip(d).enumerate() {
            softmax_backward_row(self.keys::<F, N, 1, T>(n, 0), a, d);
        }
    }
}

/// What turns the scores of a query into weights: `a[t] = exp(s[t] − max) / sum`.
///
/// With it, a backward pass can compute the weights again instead of reading them: see
/// [`Saved`](crate::Saved).
///
/// # Example
///
/// ```
/// use microattention::{Attend, Normalizer};
///
/// let (mut saved, mut c) = ([Normalizer::default()], [[0.0_f32]]);
/// Attend::new().attention(&[[1.0]], &[[[2.0], [2.0]]], &mut saved, &mut c);
/// assert_eq!(saved, [Normalizer { max: 2.0, sum: 2.0 }]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[doc(alias = "logsumexp")]
#[doc(alias = "log_sum_exp")]
pub struct Normalizer<F> {
    /// The largest score; `+0.0` if that is a zero or there is none above `−∞`.
    pub max: F,
    /// `Σ_t exp(s[t] − max)`.
    pub sum: F,
}

impl<F: Float> Normalizer<F> {
    /// What the exponentials are multiplied by.
    #[inline(always)]
    fn factor(self) -> F {
        if self.sum == F::ZERO {
            F::ZERO
        } else {
            F::ONE / self.sum
        }
    }

    /// `ln Σ_t exp(s[t] − max)`; 0 for a sum of 0, so that a difference with `−∞` is not NaN.
    pub(crate) fn log_sum(self) -> F {
        let sum = if self.sum == F::ZERO {
            F::ONE
        } else {
            self.sum
        };
        sum.ln_from_one()
    }

    /// The weights of the attended keys, from their scores, in place; nothing meant for others of the range,
    /// which no backward pass reads.
    #[inline(always)]
    pub(crate) fn weights(self, x: &mut [F]) {
        exp_slice(x, self.max);
        multiply(x, self.factor());
    }
}

/// `x[t] ← exp(x[t] − m) / Σ_t exp(x[t] − m)` over the attended keys, `m` the largest of their
/// scores; `+0.0` for the others.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn softmax_row<F: Float, const T: usize>(
    keys: Keys<'_, F>,
    x: &mut [F; T],
) -> Normalizer<F> {
    let attended = keys.of_mut(x);
    keys.fill_masked(attended, F::NEG_INFINITY);
    let normalizer = if VECTOR {
        softmax_slice(attended)
    } else {
        softmax_shared(attended)
    };
    keys.fill_others(x, F::ZERO);
    normalizer
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
fn multiply<F: Float>(x: &mut [F], factor: F) {
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
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn softmax_backward_row<F: Float, const T: usize>(
    keys: Keys<'_, F>,
    a: &[F; T],
    d: &mut [F; T],
) {
    let mean = if keys.is_masked() {
        dot_if(|i| keys.attends(i), keys.of(a), keys.of(d))
    } else {
        dot(keys.of(a), keys.of(d))
    };
    keys.fill_outside(d, F::ZERO);
    for (i, (&a, d)) in keys.of(a).iter().zip(keys.of_mut(d)).enumerate() {
        *d = keys.either(i, || a * (*d - mean), F::ZERO);
    }
}
