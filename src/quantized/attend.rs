//! The options of attention in integers.

use super::scale::ScoreScale;
use crate::keys::Keys;
use crate::rule::{All, Rule};

/// The options of attention in integers: what a score is worth, which keys are attended, and how fine gradients are.
///
/// Built once, in a `static` too, and used by the forward and the backward pass. Each method of the same name as a
/// function of this module is that function with the options.
///
/// # Special values
///
/// - **Masked means not read**: nothing in a masked key, value, score, weight or upstream gradient changes a result.
/// - **Nothing attended** gives weights, context and gradients of zero.
/// - **One key** has the weight 65,535, and the gradient of its score is 0.
///
/// The time of a call depends on the shapes and the options, never on the numbers.
///
/// # Example
///
/// ```
/// use microattention::quantized::{Attend, ScoreScale};
///
/// let lengths = [2];
/// let options = microattention::Attend::new().lengths(&lengths);
/// let att = Attend::with(ScoreScale::new(0.01), options).fraction(8);
/// let (mut a, mut c) = ([[0; 3]], [[0]]);
/// att.attention(&[[50]], &[[[20], [20], [99]]], &mut a, &mut c);
/// assert_eq!((a, c), ([[0x8000, 0x8000, 0]], [[20 * 256]]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Attend<R = All> {
    pub(super) scale: ScoreScale,
    options: crate::Attend<R>,
    pub(super) fraction: u32,
}

impl Attend {
    /// For functions that do not ask what a score is worth.
    pub(super) const WITHOUT_SCORES: Self = Self::new(ScoreScale::new(1.0));

    /// Every key is attended; gradients have 12 bits after the point.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// static ATTEND: Attend = Attend::new(ScoreScale::new(0.001));
    /// ```
    #[must_use]
    pub const fn new(sigma: ScoreScale) -> Self {
        Self::with(sigma, crate::Attend::new())
    }
}

impl<R: Restriction + Copy> Attend<R> {
    /// With those of [`crate::Attend`] that say which keys are attended: lengths, causal, window and mask.
    ///
    /// A scale belongs to `sigma`. It does not compile here, nor does a bias.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let causal = microattention::Attend::new().causal(0);
    /// let att = Attend::with(ScoreScale::new(0.001), causal);
    /// ```
    ///
    /// ```compile_fail,E0277
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let scaled = microattention::Attend::new().scale(0.5_f32);
    /// let att = Attend::with(ScoreScale::new(0.001), scaled);
    /// ```
    #[must_use]
    pub const fn with(sigma: ScoreScale, options: crate::Attend<R>) -> Self {
        Self {
            scale: sigma,
            options,
            fraction: 12,
        }
    }

    /// Gradients in 2^−`bits` of the unit of the upstream gradient: 0 to 15 bits, and more is 15.
    ///
    /// Many keep small gradients, few keep large ones from saturating: gradients of values reach 2^(15 + bits), and
    /// those of the scores of a query are scaled down together where a product with a mantissa of 15 bits would not fit
    /// into 31 bits. If the upstream gradient has an exponent (see [`normalize`](crate::quantized::normalize)), add it to the
    /// bits, and gradients of all exponents have one unit and may be accumulated.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Skip;
    /// use microattention::quantized::{Attend, ScoreScale};
    ///
    /// let att = Attend::new(ScoreScale::new(0.001)).fraction(1);
    /// let mut dhs = [[[0]]];
    /// att.weighted_sum_backward(&[[0x8000]], &[[[1]]], &[[7]], Skip, &mut dhs);
    /// assert_eq!(dhs, [[[7]]]);
    /// ```
    #[must_use]
    pub const fn fraction(self, bits: u32) -> Self {
        let fraction = if bits < 15 { bits } else { 15 };
        Self { fraction, ..self }
    }
}

impl<R> Attend<R> {
    #[inline(always)]
    pub(super) fn keys<const N: usize, const U: usize, const T: usize>(
        &self,
        n: usize,
        u: usize,
    ) -> Keys<'_, f32>
    where
        R: Rule<f32, N, U, T>,
    {
        // The exponentials, of 16 bits each, sum to less than 2³², and differences of 28 − 15 bits are left for gradients.
        const { assert!(T <= 32_768, "at most 32,768 keys") };
        self.options.keys::<f32, N, U, T>(n, u)
    }
}

/// An option that says which keys are attended, and nothing else. The trait is sealed.
///
/// # Example
///
/// ```
/// use microattention::quantized::{Attend, Restriction, ScoreScale};
///
/// fn in_integers<R: Restriction + Copy>(options: microattention::Attend<R>) -> Attend<R> {
///     Attend::with(ScoreScale::new(0.001), options)
/// }
/// # let _ = in_integers(microattention::Attend::new().causal(0));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no option of attention in integers",
    note = "a scale belongs to the `ScoreScale`: multiply what it is made of"
)]
pub trait Restriction: sealed::Sealed {}

impl<R: sealed::Sealed> Restriction for R {}

mod sealed {
    use crate::rule::{All, And, Causal, CausalRows, Lengths, Mask, Window};

    pub trait Sealed {}
    impl Sealed for All {}
    impl<const N: usize> Sealed for Lengths<'_, N> {}
    impl Sealed for Causal {}
    impl<const N: usize> Sealed for CausalRows<'_, N> {}
    impl Sealed for Window {}
    impl<M> Sealed for Mask<'_, M> {}
    impl<P: Sealed, Q: Sealed> Sealed for And<P, Q> {}
}
