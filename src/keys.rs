//! The keys of one query: which of them it attends, and what becomes of their scores.

use crate::Float;
use crate::lanes::VECTOR;

/// What the options mean for one query. An option that is not given is `None`, which the compiler knows
/// from the type of the options: a test of it costs nothing.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Keys<'o, F> {
    /// The first key that may be attended, and the one after the last.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) mask: Option<&'o [bool]>,
    pub(crate) bias: Option<&'o [F]>,
    pub(crate) scale: Option<F>,
}

impl<F: Float> Keys<'_, F> {
    pub(crate) const ALL: Self = Self {
        start: 0,
        end: usize::MAX,
        mask: None,
        bias: None,
        scale: None,
    };

    /// Both: the keys that each attends, and the product of the scales. Only one of them has a mask, and
    /// only one a bias.
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
            mask: self.mask.or(other.mask),
            bias: self.bias.or(other.bias),
            scale: match (self.scale, other.scale) {
                (Some(x), Some(y)) => Some(x * y),
                (x, y) => x.or(y),
            },
        }
    }

    /// Those among `len` keys, mask and bias cut to them. An empty range starts at `len`: all keys lie
    /// before it.
    #[inline(always)]
    pub(crate) fn among(self, len: usize) -> Self {
        let end = self.end.min(len);
        let (start, end) = if self.start < end {
            (self.start, end)
        } else {
            (len, len)
        };
        Self {
            start,
            end,
            mask: self.mask.map(|m| m.get(start..end).unwrap_or_default()),
            bias: self.bias.map(|b| b.get(start..end).unwrap_or_default()),
            ..self
        }
    }

    /// Whether a key of the range may not be attended.
    #[inline(always)]
    pub(crate) fn is_masked(self) -> bool {
        self.mask.is_some() || self.bias.is_some()
    }

    /// Whether the key is attended, counted from the start of the range.
    #[inline(always)]
    pub(crate) fn attends(self, i: usize) -> bool {
        let kept = |mask: &[bool]| mask.get(i).is_some_and(|&kept| kept);
        let finite = |bias: &[F]| bias.get(i).is_some_and(|&bias| bias != F::NEG_INFINITY);
        self.mask.is_none_or(kept) && self.bias.is_none_or(finite)
    }

    /// `attended()` for such a key, `other` for another: a select fills vector registers, a scalar core rather jumps.
    #[inline(always)]
    pub(crate) fn either<X>(self, i: usize, attended: impl FnOnce() -> X, other: X) -> X {
        if VECTOR {
            let x = attended();
            if self.attends(i) { x } else { other }
        } else if self.attends(i) {
            attended()
        } else {
            other
        }
    }

    /// Whether any key is attended.
    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        if self.is_masked() {
            (0..self.end - self.start).any(|i| self.attends(i))
        } else {
            self.start < self.end
        }
    }

    /// The score of the key, from the inner product.
    #[inline(always)]
    pub(crate) fn score(self, i: usize, product: F) -> F {
        let score = self.scale.map_or(product, |scale| product * scale);
        let bias = self.bias.and_then(|bias| bias.get(i));
        bias.map_or(score, |&bias| score + bias)
    }

    #[inline(always)]
    pub(crate) fn of<X>(self, x: &[X]) -> &[X] {
        x.get(self.start..self.end).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn of_mut<X>(self, x: &mut [X]) -> &mut [X] {
        x.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// The elements before and after the range.
    #[inline(always)]
    fn outside<X>(self, x: &mut [X]) -> (&mut [X], &mut [X]) {
        let (x, after) = x.split_at_mut_checked(self.end).unwrap_or_default();
        (x.get_mut(..self.start).unwrap_or_default(), after)
    }

    /// Writes `value` for each key that is not attended.
    #[inline(always)]
    pub(crate) fn fill_others<X: Copy>(self, x: &mut [X], value: X) {
        self.fill_outside(x, value);
        self.fill_masked(self.of_mut(x), value);
    }

    /// The same outside of the range alone.
    #[inline(always)]
    pub(crate) fn fill_outside<X: Copy>(self, x: &mut [X], value: X) {
        let (before, after) = self.outside(x);
        before.fill(value);
        after.fill(value);
    }

    /// The same within the range.
    #[inline(always)]
    pub(crate) fn fill_masked<X: Copy>(self, x: &mut [X], value: X) {
        if self.is_masked() {
            for (i, x) in x.iter_mut().enumerate() {
                // On a scalar core `either` stores every element: up to a seventh more instructions.
                if VECTOR {
                    *x = self.either(i, || *x, value);
                } else if !self.attends(i) {
                    *x = value;
                }
            }
        }
    }

    /// The same for rows of gradients: what had no influence has a gradient of zero.
    #[inline(always)]
    pub(crate) fn zero_other_rows<const H: usize>(self, x: &mut [[F; H]]) {
        let (before, after) = self.outside(x);
        before.as_flattened_mut().fill(F::ZERO);
        after.as_flattened_mut().fill(F::ZERO);
        if self.is_masked() {
            for (i, x) in self.of_mut(x).iter_mut().enumerate() {
                if !self.attends(i) {
                    x.fill(F::ZERO);
                }
            }
        }
    }
}
