//! The last layer of a classifier: the logarithm of the softmax, and the cross-entropy.

use crate::Float;
use crate::keys::Keys;
use crate::lanes::sum;
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
        let normalizer = softmax_row(Keys::ALL.among(T), &mut exponentials);
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

/// The cross-entropy of the softmax of each row of scores with its label, summed over the batch; in
/// place of the scores, its gradient.
///
/// ```text
/// loss   = Σ_n ( m + ln Σ_c exp(x[n,c] − m) − x[n,label] ),   m = max_c x[n,c]
/// x[n,c] ← softmax(x[n,:])[c] − (1 if c = label, else 0)
/// ```
///
/// The loss is a sum, and so is its gradient: to train on the mean, divide both by the number of
/// labels (or the learning rate by it). No probability is ever divided by, so the gradient of finite
/// scores is finite, and the loss too unless two scores differ by more than the largest number.
///
/// Labels count as part of the mask: a call takes the same time for all scores, not for all labels.
///
/// # Special values
///
/// - A label of `None` adds nothing to the loss and gives a gradient of zeros; its scores are not read.
///   (It is PyTorch's `ignore_index`.)
/// - A label that is no class, `Some(c)` with `c ≥ C`, makes the loss and the gradient of its row NaN.
/// - The score `−∞` gives its class the probability 0. Where it is the label, the loss is `+∞` and the
///   gradient still the probabilities less 1 at the label, as in PyTorch; a row of nothing but `−∞` has
///   probabilities of 0. (By way of [`log_softmax_backward`](crate::log_softmax_backward), which does
///   not use the upstream gradient of an entry of `−∞`, such a row gets zeros.)
/// - NaN or `+∞` in a score makes the gradient of its row, and so the sum of the losses, NaN; the gradients
///   of other rows are not affected.
///
/// # Accuracy
///
/// Of a row's loss: `|error| ≤ u·(|m − x[label]| + ⌈log2 C⌉ + 8 + ln C + 2·loss)` to first order, `u` the
/// unit roundoff. Of the gradient: that of [`softmax`](crate::softmax), and one rounding for the label.
///
/// # Example
///
/// ```
/// use microattention::softmax_cross_entropy;
///
/// let mut x = [[0.0_f32, 0.0], [3.0, f32::NAN]];
/// let loss = softmax_cross_entropy(&mut x, &[Some(1), None]);
/// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
/// assert_eq!(x, [[0.5, -0.5], [0.0, 0.0]]);
/// ```
#[doc(alias = "cross_entropy")]
#[doc(alias = "CrossEntropyLoss")]
#[doc(alias = "nll_loss")]
#[doc(alias = "negative log likelihood")]
#[doc(alias = "ignore_index")]
pub fn softmax_cross_entropy<F: Float, const N: usize, const C: usize>(
    x: &mut [[F; C]; N],
    labels: &[Option<usize>; N],
) -> F {
    let mut loss = F::ZERO;
    for (x, &label) in x.iter_mut().zip(labels) {
        let Some(label) = label else {
            x.fill(F::ZERO);
            continue;
        };
        let Some(&score) = x.get(label) else {
            x.fill(F::NAN);
            loss += F::NAN;
            continue;
        };
        let normalizer = softmax_row(Keys::ALL.among(C), x);
        loss += (normalizer.max - score) + normalizer.log_sum();
        if let Some(x) = x.get_mut(label) {
            *x = *x - F::ONE;
        }
    }
    loss
}
