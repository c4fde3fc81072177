//! The keys of one query as the kernels see them: a range, and a test where there is one.

use core::marker::PhantomData;
use core::ops;

use super::{Keys, Range};
use crate::Float;

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

#[derive(Clone, Copy)]
struct Part<K, F> {
    keys: K,
    start: usize,
    element: PhantomData<F>,
}

impl<F: Float, K: Keys<F>> Attends for Part<K, F> {
    const TESTED: bool = K::TESTED;

    #[inline(always)]
    fn key(self, i: usize) -> bool {
        !K::TESTED || self.keys.attends(self.start.wrapping_add(i))
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
    let attends = Part {
        keys,
        start: range.start,
        element: PhantomData,
    };
    (range, attends)
}
