//! The keys of one query as the kernels see them: a range, and a test where there is one.

use core::marker::PhantomData;
use core::ops;

use super::{Keys, Range};
use crate::Float;
use crate::lanes::VECTOR;

/// Which keys of a range are attended, counted from its start.
pub(crate) trait Attends: Copy {
    /// Whether a key may not be attended: false lets the compiler drop each test.
    const TESTED: bool;

    fn key(self, i: usize) -> bool;

    #[inline(always)]
    fn all_of(self, mut keys: ops::Range<usize>) -> bool {
        !Self::TESTED || keys.all(|i| self.key(i))
    }

    #[inline(always)]
    fn any(self, len: usize) -> bool {
        if Self::TESTED {
            (0..len).any(|i| self.key(i))
        } else {
            len > 0
        }
    }
}

/// Whether a test of each key is cheaper than a loop of a length that is not known: where there are so few that
/// it unrolls.
pub(crate) const fn unrolls<F: Float, K: Keys<F>, const T: usize>() -> bool {
    VECTOR && K::RANGED && T < 16
}

/// Part of `T` keys: a range, or all of them and a test of each.
#[derive(Clone, Copy)]
struct Part<K, F, const T: usize> {
    keys: K,
    range: Range,
    element: PhantomData<F>,
}

impl<F: Float, K: Keys<F>, const T: usize> Attends for Part<K, F, T> {
    const TESTED: bool = K::TESTED || unrolls::<F, K, T>();

    #[inline(always)]
    fn key(self, i: usize) -> bool {
        if unrolls::<F, K, T>() {
            self.range.contains(i) && (!K::TESTED || self.keys.attends(i))
        } else {
            !K::TESTED || self.keys.attends(self.range.start.wrapping_add(i))
        }
    }
}

/// Whether a key may not be attended.
#[inline(always)]
pub(crate) fn tested<A: Attends>(_: A) -> bool {
    A::TESTED
}

/// The range of `keys` among `len`, and which of its keys are attended.
#[inline(always)]
pub(crate) fn part<F: Float, K: Keys<F>>(keys: K, len: usize) -> (Range, impl Attends) {
    let range = keys.range().within(len);
    let attends = Part::<K, F, { usize::MAX }> {
        keys,
        range,
        element: PhantomData,
    };
    (range, attends)
}

/// [`part`] of a row for loops over its keys: all of them where those loops unroll.
#[inline(always)]
pub(crate) fn row_part<F: Float, K: Keys<F>, const T: usize>(keys: K) -> (Range, impl Attends) {
    let range = keys.range().within(T);
    let attends = Part::<K, F, T> {
        keys,
        range,
        element: PhantomData,
    };
    let range = if unrolls::<F, K, T>() {
        Range { start: 0, end: T }
    } else {
        range
    };
    (range, attends)
}
