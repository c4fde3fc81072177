//! The softmax over a row of scores, forward and backward.

mod row;

use crate::Float;
use crate::attend::Attend;
use crate::rule::{Keys, Rule};
use row::multiply;
pub(crate) use row::{exp_slice, softmax_backward_row, softmax_row, softmax_rows, together};

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
        if together(N, T) {
            softmax_rows(|n| self.keys::<F, N, 1, T>(n, 0), x);
            return;
        }
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

    /// The weights of the attended keys, from their scores, in place; nothing meant for the others, which no
    /// backward pass reads.
    #[inline(always)]
    pub(crate) fn weights<const T: usize>(self, keys: impl Keys<F>, x: &mut [F; T]) {
        let x = keys.range().within(T).of_mut(x);
        exp_slice(x, self.max);
        multiply(x, self.factor());
    }
}
