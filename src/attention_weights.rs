//! Scores, then softmax: the attention weights, forward and backward.

use crate::Float;
use crate::attend::Attend;
use crate::attention::score_gradients;
use crate::dot_scores::dot_scores_row;
use crate::gradient::Gradient;
use crate::query_and_key_gradients::query_and_key_gradients;
use crate::rule::{Bias, BiasGradient, Keys, NoBias, PerKey, Rule, bias_gradient};
use crate::softmax::{Normalizer, softmax_row, together};

/// The attention weights of the query `h` over the keys `hs`.
///
/// ```text
/// a[n,:] = softmax_t( Σ_h hs[n,t,h]·h[n,h] )
/// ```
///
/// The result is that of [`dot_scores`](crate::dot_scores) followed by
/// [`softmax`](crate::softmax), bit for bit.
///
/// # Special values
///
/// Those of [`softmax`](crate::softmax), for the scores: NaN or `+∞` in one of them makes the
/// weights of that batch row NaN.
///
/// # Accuracy
///
/// An error of `ε` in the scores is a relative error of at most `2ε` in the weights, on top of what
/// [`softmax`](crate::softmax) adds.
///
/// # Example
///
/// ```
/// use microattention::attention_weights;
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let mut a = [[0.0; 2]];
/// attention_weights(&h, &hs, &mut a);
/// assert_eq!(a, [[0.5, 0.5]]);
/// ```
#[doc(alias = "AttentionWeight")]
#[doc(alias = "alignment")]
pub fn attention_weights<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &mut [[F; T]; N],
) {
    Attend::new().attention_weights(h, hs, a);
}

/// The gradients of [`attention_weights`].
///
/// ```text
/// ds[n,t]    = a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])
/// dh[n,h]    = Σ_t ds[n,t]·hs[n,t,h]
/// dhs[n,t,h] = ds[n,t]·h[n,h]
/// ```
///
/// `a` is the result of the forward pass. The result is that of
/// [`softmax_backward`](crate::softmax_backward) followed by
/// [`dot_scores_backward`](crate::dot_scores_backward), bit for bit. One row `[F; T]` on the stack
/// holds `ds`. Each gradient goes where its [`Gradient`] argument says: `&mut`,
/// [`Accumulate`](crate::Accumulate) or [`Skip`](crate::Skip).
///
/// # Special values
///
/// Weights of NaN make the gradients of that batch row NaN; other rows are not affected.
///
/// # Accuracy
///
/// The errors of the two backward passes add up.
///
/// # Example
///
/// ```
/// use microattention::{Skip, attention_weights_backward};
///
/// let h = [[1.0_f32, 2.0]];
/// let hs = [[[2.0, 0.0], [0.0, 1.0]]];
/// let a = [[0.5, 0.5]];
/// let da = [[1.0, 0.0]];
/// let mut dh = [[0.0; 2]];
/// attention_weights_backward(&h, &hs, &a, &da, &mut dh, Skip);
/// assert_eq!(dh, [[0.5, -0.25]]);
/// ```
pub fn attention_weights_backward<F: Float, const N: usize, const T: usize, const H: usize>(
    h: &[[F; H]; N],
    hs: &[[[F; H]; T]; N],
    a: &[[F; T]; N],
    da: &[[F; T]; N],
    dh: impl Gradient<[[F; H]; N]>,
    dhs: impl Gradient<[[[F; H]; T]; N]>,
) {
    Attend::new().attention_weights_backward(h, hs, a, da, dh, dhs);
}

impl<R, B> Attend<R, B> {
    /// [`attention_weights`] with the options: [`dot_scores`](Self::dot_scores), then
    /// [`softmax`](Self::softmax).
    ///
    /// ```text
    /// a[n,:] = softmax_t( scale · Σ_h hs[n,t,h]·h[n,h] + bias[n,t] )
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[0.0_f32; 3]];
    /// let mask = [[true, false, true]];
    /// Attend::new().mask(&mask).attention_weights(&[[1.0]], &[[[2.0]; 3]], &mut a);
    /// assert_eq!(a, [[0.5, 0.0, 0.5]]);
    /// ```
    pub fn attention_weights<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &mut [[F; T]; N],
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        if together(N, T) {
            self.dot_scores(h, hs, a);
            self.softmax(a);
            return;
        }
        for (n, ((h, hs), a)) in h.iter().zip(hs).zip(a).enumerate() {
            attention_weights_row(self.keys::<F, N, 1, T>(n, 0), h, hs, a);
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn attention_weights_backward_with<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &[[F; T]; N],
        da: &[[F; T]; N],
        mut dh: impl Gradient<[[F; H]; N]>,
        mut dhs: impl Gradient<[[[F; H]; T]; N]>,
        mut dbias: impl BiasGradient<F>,
    ) where
        R: Rule<F, N, 1, T>,
        B: Rule<F, N, 1, T>,
    {
        let batch = h.iter().zip(hs).zip(a).zip(da);
        let gradients = dh.rows(|dh| dh).zip(dhs.rows(|dhs| dhs));
        for (n, ((((h, hs), a), da), (dh, dhs))) in batch.zip(gradients).enumerate() {
            let keys = self.keys::<F, N, 1, T>(n, 0);
            let mut ds = *da;
            score_gradients(keys, a, &mut ds, n, 0, &mut dbias);
            query_and_key_gradients(keys, hs, &ds, &ds, dh, dhs, 1, |i, _, g| g * h[i]);
        }
    }
}

impl<R> Attend<R> {
    /// The gradients of [`attention_weights`](Self::attention_weights): zero for keys that are not
    /// attended.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs) = ([[1.0_f32]], [[[2.0], [6.0]]]);
    /// let (a, da, mut dh) = ([[0.5, 0.5]], [[0.0, 1.0]], [[0.0]]);
    /// Attend::new().scale(2.0).attention_weights_backward(&h, &hs, &a, &da, &mut dh, Skip);
    /// assert_eq!(dh, [[2.0]]);
    /// ```
    pub fn attention_weights_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &[[F; T]; N],
        da: &[[F; T]; N],
        dh: impl Gradient<[[F; H]; N]>,
        dhs: impl Gradient<[[[F; H]; T]; N]>,
    ) where
        R: Rule<F, N, 1, T>,
    {
        self.attention_weights_backward_with(h, hs, a, da, dh, dhs, NoBias);
    }
}

impl<R, A> Attend<R, Bias<'_, A>> {
    /// The gradients of [`attention_weights`](Self::attention_weights), that of the bias included:
    /// `dbias[n,t] = a[n,t]·(da[n,t] − Σ_t a[n,t]·da[n,t])`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, Skip};
    ///
    /// let (h, hs) = ([[1.0_f32]], [[[2.0], [6.0]]]);
    /// let (a, da, mut db) = ([[0.5, 0.5]], [[0.0, 1.0]], [[0.0; 2]]);
    /// let att = Attend::new().bias(&[[4.0, 0.0]]);
    /// att.attention_weights_backward(&h, &hs, &a, &da, Skip, Skip, &mut db);
    /// assert_eq!(db, [[-0.25, 0.25]]);
    /// ```
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    pub fn attention_weights_backward<F: Float, const N: usize, const T: usize, const H: usize>(
        &self,
        h: &[[F; H]; N],
        hs: &[[[F; H]; T]; N],
        a: &[[F; T]; N],
        da: &[[F; T]; N],
        dh: impl Gradient<[[F; H]; N]>,
        dhs: impl Gradient<[[[F; H]; T]; N]>,
        dbias: impl Gradient<A>,
    ) where
        R: Rule<F, N, 1, T>,
        A: PerKey<F, N, 1, T>,
    {
        let dbias = bias_gradient::<F, A, N, 1, T>(dbias);
        self.attention_weights_backward_with(h, hs, a, da, dh, dhs, dbias);
    }
}

#[inline(always)]
pub(crate) fn attention_weights_row<F: Float, const T: usize, const H: usize>(
    keys: impl Keys<F>,
    h: &[F; H],
    hs: &[[F; H]; T],
    a: &mut [F; T],
) -> Normalizer<F> {
    dot_scores_row(keys, h, hs, a);
    softmax_row(keys, a)
}
