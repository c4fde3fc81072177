//! The options of attention, built once and used by the forward and the backward pass.

use crate::Float;
use crate::keys::Keys;
use crate::rule::{
    All, And, Bias, Causal, CausalRows, Lengths, Mask, Rule, Scale, ScaleByWidth, Unmasked, Window,
};

/// The options of attention, as one value that the forward and the backward pass share.
///
/// ```text
/// score[n,u,t] = scale · (key[n,t] · query[n,u]) + bias[n,u,t]     where the key is attended, else −∞
/// ```
///
/// Built once, in a `static` too, and used by both passes, so that they cannot disagree. Each method of the same name
/// as a function of this crate is that function with the options; the function itself is the case
/// without any.
///
/// | option | meaning | PyTorch `scaled_dot_product_attention` | JAX `dot_product_attention` | ONNX `Attention` |
/// | --- | --- | --- | --- | --- |
/// | [`scale`](Self::scale)`(x)` | scores times `x`; 1 without it | `scale=x`; 1/√D without it | `scale=x`; 1/√D without it | `scale`; 1/√D without it |
/// | [`scale_by_width`](Self::scale_by_width)`::<D>()` | scores times 1/√D, correctly rounded | the default | the default | the default |
/// | [`lengths`](Self::lengths)`(&[len; N])` | keys `t < len[n]` | a boolean `attn_mask` | `key_value_seq_lengths` | `nonpad_kv_seqlen` |
/// | [`causal`](Self::causal)`(0)` | keys `t ≤ u` | `is_causal=True` | `is_causal=True` | `is_causal=1` |
/// | `lengths(&len)` and `causal_rows(&[len − U; N])` | keys `t < len[n]`, `t ≤ u + len[n] − U` | a boolean `attn_mask` | a boolean `mask` | `is_causal=1` with `nonpad_kv_seqlen` |
/// | [`causal`](Self::causal)`(T − U)` | keys `t ≤ u + T − U` | `causal_lower_right(U, T)` | a boolean `mask` | `is_causal=1` with `past_key` |
/// | [`causal_rows`](Self::causal_rows)`(&[o; N])` | keys `t ≤ u + o[n]` | a boolean `attn_mask` | a boolean `mask` | a boolean `attn_mask` |
/// | [`window`](Self::window)`(back, ahead)` | keys `u − back ≤ t ≤ u + ahead` | a boolean `attn_mask` | `local_window_size=(back, ahead)` | a boolean `attn_mask` |
/// | [`mask`](Self::mask)`(&m)` | keys with `m[n,u,t]` (or `m[n,t]`) true | a boolean `attn_mask` | `mask` | a boolean `attn_mask` |
/// | [`bias`](Self::bias)`(&b)` | added to the scores; `−∞` there masks | a float `attn_mask` | `bias` | a float `attn_mask` |
///
/// Lengths, causal, window, mask and a bias of `−∞` are combined by AND: a key must be attended by
/// each. The order in which options are given does not matter. Two scales are one: their product. A second
/// mask or bias does not compile. `true` in a mask means "attend", as in `scaled_dot_product_attention`; in
/// `nn.MultiheadAttention` it means the opposite. Lengths, causal and window are ranges: the work outside
/// of them is not done.
///
/// # Special values
///
/// - **Masked means not read.** NaN or ∞ in a masked key, value, score or upstream gradient changes
///   nothing. (Others multiply by a weight of 0, and 0·NaN is NaN.)
/// - **Nothing attended** gives weights, context and gradients of zero, as in PyTorch from 2.5 on and
///   in ONNX since its erratum. (Earlier versions gave NaN; JAX, which masks with a large negative
///   number, gives the mean of all values.) What is accumulated stays as it is for keys that are not
///   attended.
///
/// # Accuracy
///
/// That of each function without options, over the keys that are attended. The scale and the bias round a
/// score once each, and the scale rounds a gradient once.
///
/// # Example
///
/// ```
/// use microattention::{Attend, Skip};
///
/// let q = [[[1.0_f32, 2.0], [3.0, 4.0]]];
/// let k = [[[0.5, 0.0], [0.0, 0.5], [f32::NAN, f32::NAN]]];
/// let v = [[[1.0], [5.0], [f32::NAN]]];
///
/// let att = Attend::new().scale(2.0).lengths(&[2]).causal(0);
/// let (mut a, mut c) = ([[[f32::NAN; 3]; 2]], [[[0.0; 1]; 2]]);
/// att.dot_product_attention(&q, &k, &v, &mut a, &mut c);
/// assert_eq!(a[0][0], [1.0, 0.0, 0.0]);
/// assert_eq!(c[0][0], [1.0]);
///
/// let dc = [[[1.0]; 2]];
/// let mut dv = [[[0.0]; 3]];
/// att.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, Skip, &mut dv);
/// assert_eq!(dv[0][2], [0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias = "scaled_dot_product_attention")]
#[doc(alias = "sdpa")]
pub struct Attend<R = All, B = All> {
    pub(crate) rule: R,
    pub(crate) bias: B,
}

impl Attend {
    /// No options: every key is attended, the scale is 1, and there is no bias.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Attend, attention};
    ///
    /// let (h, hs) = ([[0.5_f32]], [[[1.0], [2.0]]]);
    /// let (mut a, mut b, mut c) = ([[0.0; 2]], [[0.0; 2]], [[0.0]]);
    /// attention(&h, &hs, &mut a, &mut c);
    /// Attend::new().attention(&h, &hs, &mut b, &mut c);
    /// assert_eq!(a, b);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rule: All,
            bias: All,
        }
    }
}

impl<R, B> Attend<R, B> {
    /// The options for one query.
    #[inline(always)]
    pub(crate) fn keys<F: Float, const N: usize, const U: usize, const T: usize>(
        &self,
        n: usize,
        u: usize,
    ) -> Keys<'_, F>
    where
        R: Rule<F, N, U, T>,
        B: Rule<F, N, U, T>,
    {
        self.rule.keys(n, u).and(self.bias.keys(n, u)).among(T)
    }
}

impl<R: Copy, B: Copy> Attend<R, B> {
    const fn and<Q: Copy>(self, rule: Q) -> Attend<And<R, Q>, B> {
        Attend {
            rule: And(self.rule, rule),
            bias: self.bias,
        }
    }

    /// Multiplies each score by `scale`, once, after the sum.
    ///
    /// The gradient of a score is multiplied by it once too, before it enters any sum.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut s = [[0.0_f32]];
    /// Attend::new().scale(0.5).dot_scores(&[[3.0]], &[[[4.0]]], &mut s);
    /// assert_eq!(s, [[6.0]]);
    /// ```
    #[must_use]
    pub const fn scale<F: Copy>(self, scale: F) -> Attend<And<R, Scale<F>>, B> {
        self.and(Scale(scale))
    }

    /// Multiplies each score by 1/√`D`, rounded correctly, as scaled dot-product attention does with
    /// the width `D` of queries and keys.
    ///
    /// `D` is yours to give, from 1 to 1,048,576 (another does not compile); it is not compared with the
    /// arrays.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut s = [[0.0_f32]];
    /// Attend::new().scale_by_width::<4>().dot_scores(&[[1.0; 4]], &[[[1.0; 4]]], &mut s);
    /// assert_eq!(s, [[2.0]]);
    /// ```
    ///
    /// ```compile_fail,E0080
    /// let att = microattention::Attend::new().scale_by_width::<0>();
    /// ```
    #[must_use]
    pub const fn scale_by_width<const D: usize>(self) -> Attend<And<R, ScaleByWidth<D>>, B> {
        const { assert!(D > 0, "the width of queries and keys is at least 1") };
        self.and(ScaleByWidth)
    }

    /// Attends to the keys `t < lengths[n]` of batch row `n`; above `T` is `T`.
    ///
    /// The result equals, bit for bit, that of a call with arrays cut off there. `N` is taken from the
    /// lengths: where there are more or fewer than batch rows, the compiler complains of the arrays.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[0.0_f32; 3]; 2];
    /// Attend::new().lengths(&[2, 0]).softmax(&mut a);
    /// assert_eq!(a, [[0.5, 0.5, 0.0], [0.0; 3]]);
    /// ```
    #[must_use]
    #[doc(alias = "key_value_seq_lengths")]
    #[doc(alias = "nonpad_kv_seqlen")]
    pub const fn lengths<const N: usize>(
        self,
        lengths: &[usize; N],
    ) -> Attend<And<R, Lengths<'_, N>>, B> {
        self.and(Lengths(lengths))
    }

    /// Attends to the keys `t ≤ u + offset` of query `u`.
    ///
    /// `causal(0)` aligns the first query with the first key (top left), `causal(T − U)` the last
    /// with the last (bottom right). The offset may be negative: queries before the first key attend
    /// to nothing. A function with a single query has `u = 0`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let (q, k, v) = ([[[0.0_f32]; 2]], [[[0.0]; 3]], [[[1.0], [2.0], [6.0]]]);
    /// let (mut a, mut c) = ([[[0.0; 3]; 2]], [[[0.0]; 2]]);
    /// Attend::new().causal(0).dot_product_attention(&q, &k, &v, &mut a, &mut c);
    /// assert_eq!(c, [[[1.0], [1.5]]]);
    /// Attend::new().causal(3 - 2).dot_product_attention(&q, &k, &v, &mut a, &mut c);
    /// assert_eq!(c, [[[1.5], [3.0]]]);
    /// ```
    #[must_use]
    #[doc(alias = "is_causal")]
    pub const fn causal(self, offset: isize) -> Attend<And<R, Causal>, B> {
        self.and(Causal(offset))
    }

    /// Attends to the keys `t ≤ u + offsets[n]` of query `u` in batch row `n`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[0.0_f32; 3]; 2];
    /// Attend::new().causal_rows(&[1, -1]).softmax(&mut a);
    /// assert_eq!(a, [[0.5, 0.5, 0.0], [0.0; 3]]);
    /// ```
    #[must_use]
    pub const fn causal_rows<const N: usize>(
        self,
        offsets: &[isize; N],
    ) -> Attend<And<R, CausalRows<'_, N>>, B> {
        self.and(CausalRows(offsets))
    }

    /// Attends to the keys `u − back ≤ t ≤ u + ahead` of query `u`: a sliding window.
    ///
    /// It is the time `u` that it surrounds, whatever offset [`causal`](Self::causal) has: for queries
    /// that end with the last key, see [`window_at`](Self::window_at).
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let (q, mut a, mut c) = ([[[0.0_f32]; 4]], [[[0.0; 4]; 4]], [[[0.0]; 4]]);
    /// Attend::new().window(1, 0).dot_product_attention(&q, &q, &q, &mut a, &mut c);
    /// assert_eq!(a[0][2], [0.0, 0.5, 0.5, 0.0]);
    /// ```
    #[must_use]
    #[doc(alias = "local_window_size")]
    #[doc(alias = "sliding window")]
    pub const fn window(self, back: usize, ahead: usize) -> Attend<And<R, Window>, B> {
        self.window_at(0, back, ahead)
    }

    /// Attends to the keys from `back` before to `ahead` after the time `u + offset` of query `u`,
    /// both included: a sliding window for queries that do not start at the first key. With an offset
    /// of `T − U` the last query stands at the last key.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[0.0_f32; 4]]; // one query, at the time 3
    /// Attend::new().window_at(3, 1, 0).softmax(&mut a);
    /// assert_eq!(a, [[0.0, 0.0, 0.5, 0.5]]);
    /// ```
    #[must_use]
    pub const fn window_at(
        self,
        offset: isize,
        back: usize,
        ahead: usize,
    ) -> Attend<And<R, Window>, B> {
        self.and(Window {
            offset,
            back,
            ahead,
        })
    }

    /// Attends to the keys where `mask` is true: `[[bool; T]; N]` for all queries of a batch row, or
    /// `[[[bool; T]; U]; N]`.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let mut a = [[1.0_f32, f32::NAN, 1.0]];
    /// Attend::new().mask(&[[true, false, true]]).softmax(&mut a);
    /// assert_eq!(a, [[0.5, 0.0, 0.5]]);
    /// ```
    #[must_use]
    #[doc(alias = "attn_mask")]
    #[doc(alias = "key_padding_mask")]
    pub const fn mask<M>(self, mask: &M) -> Attend<And<R, Mask<'_, M>>, B>
    where
        R: Unmasked,
    {
        self.and(Mask(mask))
    }
}

impl<R: Copy> Attend<R> {
    /// Adds `bias` to the scores after the scale: `[[F; T]; N]` for all queries of a batch row, or
    /// `[[[F; T]; U]; N]`. Where it is `−∞` the key is masked.
    ///
    /// [`bias_gradient`](Self::bias_gradient) is its backward pass.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Attend;
    ///
    /// let (h, hs) = ([[1.0_f32]], [[[0.0], [0.0], [0.0]]]);
    /// let mut a = [[0.0; 3]];
    /// let att = Attend::new().bias(&[[0.0, f32::NEG_INFINITY, 0.0]]);
    /// att.attention_weights(&h, &hs, &mut a);
    /// assert_eq!(a, [[0.5, 0.0, 0.5]]);
    /// ```
    #[must_use]
    #[doc(alias = "attn_bias")]
    #[doc(alias = "ALiBi")]
    #[doc(alias = "relative position")]
    pub const fn bias<B>(self, bias: &B) -> Attend<R, Bias<'_, B>> {
        Attend {
            rule: self.rule,
            bias: Bias(bias),
        }
    }
}
