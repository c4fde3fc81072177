//! Attention over a sequence of any length, one key at a time.

use crate::Float;
use crate::keys::Keys;
use crate::lanes::{VECTOR, max, select, sum_of_16};
use crate::products::column_sums;
use crate::softmax::exp_slice;

/// Attention of one query over an unbounded sequence, in memory that does not grow: scores and
/// values go in as they come, and the context so far can be read at any moment.
///
/// ```text
/// context[e] = Σ_t exp(s[t])·v[t,e] / Σ_t exp(s[t])      over all that was pushed
/// ```
///
/// The scores of a block of keys come from [`dot_scores`](crate::dot_scores) or
/// [`Attend::dot_scores`](crate::Attend::dot_scores), with its options; a key that is masked is not
/// pushed.
///
/// The state is 2·E + 3 numbers. Exponentials are taken relative to a reference that follows the
/// largest score, so no finite score overflows; when it is passed, it moves 8 beyond the new score, so
/// that a slowly rising sequence does not move it (and round everything) at each step. The sums are
/// compensated (Knuth's two-sum): plain `f32` sums would stop growing at 2²⁴ equal scores, these do at
/// about 2⁴⁸.
///
/// A push takes the same time for every number of keys pushed before.
///
/// # Special values
///
/// - Nothing pushed, or nothing but scores of `−∞`: a context of zeros.
/// - A score of `−∞` has the weight 0, but its value is still read: NaN or ∞ in it makes the context
///   NaN, as in [`attention`](crate::attention).
/// - NaN or `+∞` as a score makes the context NaN from then on.
/// - A single key of finite score gives its value exactly (`+0.0` for `−0.0`).
/// - The sums are not divided before they are read, so a context overflows where a value times the sum of
///   the weights does (each is at most 1), though no value does; and a value below about 3000 times the
///   smallest normal number (9·10⁶ times, of merged states) loses digits.
///
/// # Accuracy
///
/// `|error| ≤ u·Σ_t a[t]·|v[t,e]|·(3·|s[t] − m| + 84)` to first order, `a` the weights, `m` the largest
/// score and `u` the unit roundoff, for up to 2⁴⁰ keys, with 134 in place of 84 where states were merged;
/// within that it does not depend on the number of keys. Bits differ from those of
/// [`attention`](crate::attention), and depend on the order and the grouping of the pushes: `push_rows`
/// takes 16 keys at a time.
///
/// # Example
///
/// ```
/// use microattention::Running;
///
/// let mut running = Running::new();
/// running.push(0.0_f32, &[1.0, 10.0]);
/// running.push_rows(&[0.0, f32::NEG_INFINITY], &[[3.0, 30.0], [7.0, 7.0]]);
/// let mut c = [0.0; 2];
/// running.context(&mut c);
/// assert_eq!(c, [2.0, 20.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "online softmax")]
#[doc(alias = "streaming")]
#[doc(alias = "flash attention")]
pub struct Running<F, const E: usize> {
    reference: F,
    weight: Sum<F>,
    context: [F; E],
    /// Of each sum of the context, what rounding took from it.
    rests: [F; E],
}

/// How many keys `push_rows` adds up before the compensated sums take them in. More, and the plain sums
/// round more; fewer, and the time goes to the compensated ones.
const BLOCK: usize = 16;

/// How far the reference moves beyond a score that passes it. Larger, and `score − reference` rounds
/// more; smaller, and old sums are rescaled more often before they vanish.
const AHEAD: u8 = 8;

impl<F: Float, const E: usize> Running<F, E> {
    /// Nothing pushed yet.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Running;
    ///
    /// let mut c = [7.0_f32; 2];
    /// Running::new().context(&mut c);
    /// assert_eq!(c, [0.0; 2]);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            reference: F::NEG_INFINITY,
            weight: Sum::ZERO,
            context: [F::ZERO; E],
            rests: [F::ZERO; E],
        }
    }

    /// Pushes a key: its score and its value.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Running;
    ///
    /// let (mut running, mut c) = (Running::new(), [0.0]);
    /// running.push(0.5_f32, &[3.0]);
    /// running.context(&mut c);
    /// assert_eq!(c, [3.0]);
    /// ```
    pub fn push(&mut self, score: F, value: &[F; E]) {
        self.refer_to(beyond(self.reference, score));
        let weight = (score - finite_or_zero(self.reference)).exp_nonpositive();
        self.weight = self.weight.plus(weight);
        update(&mut self.context, &mut self.rests, value, |sum, &v| {
            sum.plus(weight * v)
        });
    }

    /// Pushes several keys, in order; cheaper than one by one.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::{Running, dot_scores};
    ///
    /// let (keys, values) = ([[[1.0_f32], [1.0]]], [[2.0], [4.0]]);
    /// let (mut running, mut s, mut c) = (Running::new(), [[0.0; 2]], [0.0]);
    /// dot_scores(&[[0.5]], &keys, &mut s);
    /// running.push_rows(&s[0], &values);
    /// running.context(&mut c);
    /// assert_eq!(c, [3.0]);
    /// ```
    pub fn push_rows<const T: usize>(&mut self, scores: &[F; T], values: &[[F; E]; T]) {
        if VECTOR {
            let (scores, scores_left) = scores.as_chunks::<BLOCK>();
            let (values, values_left) = values.as_chunks::<BLOCK>();
            for (scores, values) in scores.iter().zip(values) {
                self.push_block(scores, values);
            }
            if !scores_left.is_empty() {
                self.push_block(scores_left, values_left);
            }
        } else {
            for (scores, values) in scores.chunks(BLOCK).zip(values.chunks(BLOCK)) {
                self.push_block(scores, values);
            }
        }
    }

    /// At most [`BLOCK`] keys: their sums are plain ones, of which the compensated sums take in one each.
    /// The exponential that rescales what was there is one more of theirs.
    #[inline(always)]
    fn push_block(&mut self, scores: &[F], values: &[[F; E]]) {
        let reference = beyond(self.reference, max(scores));
        let mut exponentials = [F::ZERO; BLOCK + 1];
        let [first, rest @ ..] = &mut exponentials;
        *first = self.reference;
        for (x, &score) in rest.iter_mut().zip(scores) {
            *x = score;
        }
        let used = exponentials.get_mut(..=scores.len()).unwrap_or_default();
        exp_slice(used, finite_or_zero(reference));
        let [factor, weights @ ..] = &exponentials;
        self.reference = reference;

        let next = |sum: Sum<F>, x| sum.times(*factor).plus(x);
        let used = weights.get(..values.len()).unwrap_or_default();
        column_sums(Keys::ALL.among(values.len()), used, values, |e, sums| {
            let (context, rests) = (self.context.iter_mut(), self.rests.iter_mut());
            update(context.skip(e), rests.skip(e), sums, |sum, &x| next(sum, x));
        });
        self.weight = next(self.weight, sum_of_16(weights));
    }

    /// Adds all that was pushed to `other`, as if it had been pushed here: for two cores, or two
    /// buffers.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Running;
    ///
    /// let (mut left, mut right) = (Running::new(), Running::new());
    /// left.push(1.0_f32, &[1.0]);
    /// right.push(1.0, &[3.0]);
    /// left.merge(&right);
    /// let mut c = [0.0];
    /// left.context(&mut c);
    /// assert_eq!(c, [2.0]);
    /// ```
    pub fn merge(&mut self, other: &Self) {
        self.refer_to(common(self.reference, other.reference));
        let mut other = other.clone();
        other.refer_to(self.reference);
        self.weight = self.weight.plus_sum(other.weight);
        let others = other.context.iter().zip(&other.rests);
        update(
            &mut self.context,
            &mut self.rests,
            others,
            |s, (&sum, &rest)| s.plus_sum(Sum { sum, rest }),
        );
    }

    /// Writes the context: the average of the values pushed, weighted by the softmax of their scores.
    ///
    /// # Example
    ///
    /// ```
    /// use microattention::Running;
    ///
    /// let (mut running, mut c) = (Running::new(), [0.0]);
    /// for value in [1.0_f32, 2.0, 6.0] {
    ///     running.push(0.0, &[value]);
    ///     running.context(&mut c); // at any moment
    /// }
    /// assert!((c[0] - 3.0).abs() < 1e-6);
    /// ```
    pub fn context(&self, c: &mut [F; E]) {
        let weight = self.weight.value();
        let factor = if weight == F::ZERO {
            F::ZERO
        } else {
            F::ONE / weight
        };
        for ((c, &sum), &rest) in c.iter_mut().zip(&self.context).zip(&self.rests) {
            *c = Sum { sum, rest }.value() * factor;
        }
    }

    /// Rescales the sums to a reference that is not below the present one.
    fn refer_to(&mut self, reference: F) {
        let factor = (self.reference - finite_or_zero(reference)).exp_nonpositive();
        self.reference = reference;
        self.weight = self.weight.times(factor);
        update(&mut self.context, &mut self.rests, [(); E], |sum, ()| {
            sum.times(factor)
        });
    }
}

impl<F: Float, const E: usize> Default for Running<F, E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Replaces each sum, beside the element of `others` in its place.
#[inline(always)]
fn update<'s, F: Float, T>(
    sums: impl IntoIterator<Item = &'s mut F>,
    rests: impl IntoIterator<Item = &'s mut F>,
    others: impl IntoIterator<Item = T>,
    op: impl Fn(Sum<F>, T) -> Sum<F>,
) {
    for ((sum, rest), other) in sums.into_iter().zip(rests).zip(others) {
        let next = op(
            Sum {
                sum: *sum,
                rest: *rest,
            },
            other,
        );
        (*sum, *rest) = (next.sum, next.rest);
    }
}

/// The reference once `score` has come: not below it. Selects instead of branches, so that the path does
/// not depend on data.
#[inline(always)]
fn beyond<F: Float>(reference: F, score: F) -> F {
    let ahead = score + F::from(AHEAD);
    let next = if reference == F::NEG_INFINITY {
        score
    } else {
        ahead
    };
    if score > reference { next } else { reference }
}

/// The reference of two states together: the higher one, or where the two are near, the next multiple of
/// [`AHEAD`]. A row of merges then moves it once for each `AHEAD`, not every time; and the states of a tree
/// of merges, however many, meet at one multiple, at most `2·AHEAD` beyond the largest score.
#[inline(always)]
fn common<F: Float>(one: F, other: F) -> F {
    let (low, high) = if other > one {
        (one, other)
    } else {
        (other, one)
    };
    let near = [low < high, high < low + F::from(AHEAD)];
    select(near, multiple_from(high), high)
}

/// A multiple of [`AHEAD`] from `x` to `x + AHEAD`, or `x` where it has no digits for that.
#[inline(always)]
fn multiple_from<F: Float>(x: F) -> F {
    let multiple = ((x + F::from(AHEAD / 2)) + F::LAST_BIT_8) - F::LAST_BIT_8;
    if multiple < x { x } else { multiple }
}

/// Subtracting a reference of `−∞` would make NaN of the score `−∞`.
#[inline(always)]
fn finite_or_zero<F: Float>(reference: F) -> F {
    if reference == F::NEG_INFINITY {
        F::ZERO
    } else {
        reference
    }
}

/// A sum and what rounding took from it so far.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Sum<F> {
    sum: F,
    rest: F,
}

impl<F: Float> Sum<F> {
    const ZERO: Self = Self {
        sum: F::ZERO,
        rest: F::ZERO,
    };

    /// Knuth's two-sum: the error of an addition is a float, and six operations give it. Then what the
    /// rest has gathered moves into the sum: as a plain sum it would stall in its turn.
    #[inline(always)]
    fn plus(self, x: F) -> Self {
        let sum = self.sum + x;
        let part = sum - self.sum;
        let rest = self.rest + ((self.sum - (sum - part)) + (x - part));
        let moved = Self { sum, rest }.value();
        Self {
            sum: moved,
            rest: rest - (moved - sum),
        }
    }

    #[inline(always)]
    fn plus_sum(self, other: Self) -> Self {
        let Self { sum, rest } = self.plus(other.sum);
        Self {
            sum,
            rest: rest + other.rest,
        }
    }

    #[inline(always)]
    fn times(self, factor: F) -> Self {
        Self {
            sum: self.sum * factor,
            rest: self.rest * factor,
        }
    }

    /// Where the sum is infinite, the rest is NaN and says nothing.
    #[inline(always)]
    fn value(self) -> F {
        if self.rest.is_nan() {
            self.sum
        } else {
            self.sum + self.rest
        }
    }
}
