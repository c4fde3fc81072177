//! Softmax and cross-entropy in one: the last layer of a classifier that trains.

use crate::Float;
use crate::rule::All;
use crate::softmax::softmax_row;

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
        let normalizer = softmax_row(All, x);
        loss += (normalizer.max - score) + normalizer.log_sum();
        if let Some(x) = x.get_mut(label) {
            *x = *x - F::ONE;
        }
    }
    loss
}
