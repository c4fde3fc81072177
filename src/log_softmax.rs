//! The logarithm of the softmax, forward and backward.

use crate::Float;
use crate::lanes::sum;
use crate::rule::All;
use crate::softmax::softmax_row;

/// The logarithm of the softmax of each row, in place.
///
/// ```text
/// x[n,t] ← (x[n,t] − m) − ln Σ_t exp(x[n,t] − m),   m = max_t x[n,t]
/// ```
///
/// It stays accurate where the softmax itself would underflow to 0. One row `[F; T]` on the stack holds the
/// exponentials.
///
/// # Special values
///
/// - A score that is further below the maximum than the largest number gives `−∞`, as `−∞` does.
/// - A score of `−∞` gives `−∞`; a row of nothing but `−∞` stays as it is. (PyTorch gives NaN.)
/// - NaN or `+∞` anywhere in a row makes that whole row NaN; other rows are not affected.
/// - `T = 1` gives exactly 0, for every finite score.
///
/// # Accuracy
///
/// `|error| ≤ u·(2·|x − m| + ⌈log2 T⌉ + 8 + 3·ln T)` to first order, `u` the unit roundoff.
///
/// # Example
///
/// ```
/// use microattention::log_softmax;
///
/// let mut x = [[1000.0_f32, 0.0, f32::NEG_INFINITY]];
/// log_softmax(&mut x);
/// assert_eq!(x, [[0.0, -1000.0, f32::NEG_INFINITY]]);
/// ```
#[doc(alias = "logsumexp")]
#[doc(alias = "LogSoftmax")]
#[doc(alias = "log_sum_exp")]
pub fn log_softmax<F: Float, const N: usize, const T: usize>(x: &mut [[F; T]; N]) {
    for x in x {
        let mut exponentials = *x;
        let normalizer = softmax_row(All, &mut exponentials);
        let log_sum = normalizer.log_sum();
        // From either zero, −0.0 leaves +0.0.
        let max = if normalizer.max == F::ZERO {
            F::NEG_ZERO
        } else {
            normalizer.max
        };
        for x in x {
            *x = (*x - max) - log_sum;
        }
    }
}

/// The gradient of [`log_softmax`], in place: in the upstream gradient, out that of the scores.
///
/// ```text
/// d[n,t] ← d[n,t] − exp(y[n,t])·Σ_t d[n,t]
/// ```
///
/// `y` is the result of the forward pass.
///
/// # Special values
///
/// - Where `y` is `−∞` the gradient is 0, and the upstream gradient is not used.
/// - NaN in a row of `d` makes that row NaN (but where `y` is `−∞`), NaN in `y` its own entry; other rows
///   are not affected.
///
/// # Accuracy
///
/// `|error| ≤ u·(|d| + (⌈log2 T⌉ + 8)·exp(y)·Σ_t |d|)` to first order, `u` the unit roundoff.
///
/// # Example
///
/// ```
/// use microattention::{log_softmax, log_softmax_backward};
///
/// let mut y = [[0.0_f32, 0.0, f32::NEG_INFINITY]];
/// log_softmax(&mut y);
/// let mut d = [[1.0, 0.0, f32::NAN]];
/// log_softmax_backward(&y, &mut d);
/// assert!((d[0][0] - 0.5).abs() < 1e-6 && (d[0][1] + 0.5).abs() < 1e-6);
/// assert_eq!(d[0][2], 0.0);
/// ```
pub fn log_softmax_backward<F: Float, const N: usize, const T: usize>(
    y: &[[F; T]; N],
    d: &mut [[F; T]; N],
) {
    for (y, d) in y.iter().zip(d) {
        for (&y, d) in y.iter().zip(&mut *d) {
            *d = if y == F::NEG_INFINITY { F::ZERO } else { *d };
        }
        let sum = sum(d);
        for (&y, d) in y.iter().zip(d) {
            let g = *d - y.exp_nonpositive() * sum;
            *d = if y == F::NEG_INFINITY { F::ZERO } else { g };
        }
    }
}
