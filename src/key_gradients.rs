//! The gradients of keys, or of values, that several queries share.

use crate::Float;
use crate::gradient::{Gradient, put};
use crate::rule::{Keys, Range, part};

/// How many queries are computed at a time where loops fill vector registers: what they share is then
/// read and written once for all of them.
pub(crate) const QUERIES: usize = 4;

/// The keys that each of the queries attends, if they are one range.
#[inline(always)]
pub(crate) fn shared_range<F: Float, K: Keys<F>>(keys: [K; QUERIES], len: usize) -> Option<Range> {
    let ranges = keys.map(|keys| part(keys, len).0);
    (!K::TESTED && ranges == [ranges[0]; QUERIES]).then_some(ranges[0])
}

/// `dhs[t,i] = Σ_q dx(q, i, a[q][t], g[q][t])` in the order of the queries for the keys in `range`, zeros
/// for the others. Each row is written once.
#[inline(always)]
pub(crate) fn key_gradients<F: Float, Dhs, const Q: usize, const T: usize, const H: usize>(
    range: Range,
    a: [&[F; T]; Q],
    g: &[[F; T]; Q],
    mut dhs: Dhs,
    dx: impl Fn(usize, usize, F, F) -> F,
) where
    Dhs: Gradient<[[F; H]; T]>,
{
    dhs.put_zeros(|dhs| range.before(dhs));
    dhs.put_zeros(|dhs| range.after(dhs));
    for (t, mut row) in (range.start..range.end).zip(dhs.rows(|dhs| range.of_mut(dhs))) {
        let key = |x: &[F; T]| x.get(t).copied().unwrap_or(F::ZERO);
        let (a, g) = (a.map(key), g.each_ref().map(key));
        for i in 0..H {
            put(&mut row, i, dx(0, i, a[0], g[0]));
            for q in 1..Q {
                put(&mut row.of(|row| row).then(), i, dx(q, i, a[q], g[q]));
            }
        }
    }
}
