//! The options that are a range of keys: what lies outside of it costs nothing.

use super::{Keys, Rule};
use crate::Float;

/// A range of keys, `end` excluded, which may reach beyond the last one.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Range {
    pub(super) const ALL: Self = Self {
        start: 0,
        end: usize::MAX,
    };

    #[inline(always)]
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        }
    }

    /// The part of the range among `len` keys; an empty one starts at `len`, so that all of them
    /// lie before it.
    #[inline(always)]
    pub(crate) fn within(self, len: usize) -> Self {
        let end = self.end.min(len);
        if self.start < end {
            Self { end, ..self }
        } else {
            Self {
                start: len,
                end: len,
            }
        }
    }

    #[inline(always)]
    pub(crate) fn contains(self, t: usize) -> bool {
        t >= self.start && t < self.end
    }

    #[inline(always)]
    pub(crate) fn of<X>(self, x: &[X]) -> &[X] {
        x.get(self.start..self.end).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn of_mut<X>(self, x: &mut [X]) -> &mut [X] {
        x.get_mut(self.start..self.end).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn before<X>(self, x: &mut [X]) -> &mut [X] {
        x.get_mut(..self.start).unwrap_or_default()
    }

    #[inline(always)]
    pub(crate) fn after<X>(self, x: &mut [X]) -> &mut [X] {
        x.get_mut(self.end..).unwrap_or_default()
    }
}

/// The rule of [`Attend::lengths`](crate::Attend::lengths).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Lengths};
///
/// static LENGTHS: [usize; 2] = [2, 1];
/// static ATTEND: Attend<And<All, Lengths<'_, 2>>> = Attend::new().lengths(&LENGTHS);
/// # let mut x = [[0.0_f32; 2]; 2];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[0.5, 0.5], [1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lengths<'a, const N: usize>(pub(crate) &'a [usize; N]);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Lengths<'_, N> {
    type Keys<'r>
        = Range
    where
        Self: 'r;

    #[inline(always)]
    fn keys(&self, n: usize, _: usize) -> Range {
        Range {
            start: 0,
            end: self.0.get(n).copied().unwrap_or_default(),
        }
    }
}

/// The rule of [`Attend::causal`](crate::Attend::causal).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Causal};
///
/// static ATTEND: Attend<And<All, Causal>> = Attend::new().causal(0);
/// # let mut x = [[0.0_f32; 2]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Causal(pub(crate) isize);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Causal {
    type Keys<'r> = Range;

    #[inline(always)]
    fn keys(&self, _: usize, u: usize) -> Range {
        around(self.0, u, None, 0)
    }
}

/// The rule of [`Attend::causal_rows`](crate::Attend::causal_rows).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, CausalRows};
///
/// static OFFSETS: [isize; 2] = [0, 1];
/// static ATTEND: Attend<And<All, CausalRows<'_, 2>>> = Attend::new().causal_rows(&OFFSETS);
/// # let mut x = [[0.0_f32; 2]; 2];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0], [0.5, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CausalRows<'a, const N: usize>(pub(crate) &'a [isize; N]);

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T>
    for CausalRows<'_, N>
{
    type Keys<'r>
        = Range
    where
        Self: 'r;

    #[inline(always)]
    fn keys(&self, n: usize, u: usize) -> Range {
        around(self.0.get(n).copied().unwrap_or_default(), u, None, 0)
    }
}

/// The rule of [`Attend::window`](crate::Attend::window).
///
/// # Example
///
/// ```
/// use microattention::Attend;
/// use microattention::rule::{All, And, Window};
///
/// static ATTEND: Attend<And<All, Window>> = Attend::new().window(8, 0);
/// # let mut x = [[0.0_f32; 2]];
/// # ATTEND.softmax(&mut x);
/// # assert_eq!(x, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub(crate) offset: isize,
    pub(crate) back: usize,
    pub(crate) ahead: usize,
}

impl<F: Float, const N: usize, const U: usize, const T: usize> Rule<F, N, U, T> for Window {
    type Keys<'r> = Range;

    #[inline(always)]
    fn keys(&self, _: usize, u: usize) -> Range {
        around(self.offset, u, Some(self.back), self.ahead)
    }
}

/// The keys from `back` before to `ahead` after the time `u + offset`, both included.
#[inline(always)]
fn around(offset: isize, u: usize, back: Option<usize>, ahead: usize) -> Range {
    let late = usize::try_from(offset).unwrap_or_default().wrapping_add(u);
    let early = offset.min(0).unsigned_abs();
    let end = late.saturating_add(ahead).saturating_add(1);
    Range {
        start: back.map_or(0, |back| late.saturating_sub(early).saturating_sub(back)),
        end: end.saturating_sub(early),
    }
}

impl<F: Float> Keys<F> for Range {
    const RANGED: bool = true;

    #[inline(always)]
    fn range(self) -> Range {
        self
    }
}
