//! The backward pass of several queries over the same keys: one after the other, or four at a time.

use core::array;

use crate::Float;
use crate::attention::{saved_weights, score_gradients};
use crate::gradient::{Gradient, Skip, put};
use crate::query_and_key_gradients::query_and_key_gradients;
use crate::rule::{BiasGradient, Keys, NoBias, Range, part};
use crate::saved::Saved;
use crate::weighted_sum::weighted_sum_backward_row;

/// How many queries are computed at a time where loops fill vector registers: what they share is then
/// read and written once for all of them.
const QUERIES: usize = 4;

/// What the layers with several queries do each in its own way. `v` and `dv` are of no meaning where the
/// keys are the values.
pub(crate) trait Layer<F: Float, const T: usize, const D: usize, const E: usize> {
    /// Whether four queries at a time are faster, as measured.
    const BLOCKS: bool;

    /// All gradients of one query.
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn query_gradients<B, Dq, Dk>(
        keys: impl Keys<F>,
        q: &[F; D],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &impl Saved<F, T>,
        dc: &[F; E],
        dq: Dq,
        dk: Dk,
        dv: impl Gradient<[[F; E]; T]>,
        bias: (usize, usize, &mut B),
    ) where
        B: BiasGradient<F>,
        Dq: Gradient<[F; D]>,
        Dk: Gradient<[[F; D]; T]>;

    /// What several queries that attend the keys in `range` add to `dk` and `dv`, given the gradients `ds` of
    /// their scores.
    fn shared_gradients<const Q: usize>(
        range: Range,
        q: &[[F; D]; Q],
        a: [&[F; T]; Q],
        ds: &[[F; T]; Q],
        dc: &[[F; E]; Q],
        dk: impl Gradient<[[F; D]; T]>,
        dv: impl Gradient<[[F; E]; T]>,
    );

    /// The gradients of the queries of batch row `n`, in their order.
    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn backward<K: Keys<F>, const U: usize>(
        keys: impl Fn(usize) -> K + Copy,
        q: &[[F; D]; U],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &[impl Saved<F, T>; U],
        dc: &[[F; E]; U],
        mut dq: impl Gradient<[[F; D]; U]>,
        dk: impl Gradient<[[F; D]; T]>,
        dv: impl Gradient<[[F; E]; T]>,
        n: usize,
        dbias: &mut impl BiasGradient<F>,
    ) {
        let dq = dq.of(|d| &mut d[..]);
        if Self::BLOCKS && U >= QUERIES {
            Self::in_blocks(keys, q, k, v, a, dc, dq, dk, dv, (n, 0, dbias));
        } else {
            Self::one_by_one(keys, q, k, v, a, dc, dq, dk, dv, (n, 0, dbias));
        }
    }

    /// One query after the other, the first of which is `u`.
    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn one_by_one<K: Keys<F>>(
        keys: impl Fn(usize) -> K,
        q: &[[F; D]],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &[impl Saved<F, T>],
        dc: &[[F; E]],
        mut dq: impl Gradient<[[F; D]]>,
        mut dk: impl Gradient<[[F; D]; T]>,
        mut dv: impl Gradient<[[F; E]; T]>,
        (n, u, dbias): (usize, usize, &mut impl BiasGradient<F>),
    ) {
        let mut queries = q.iter().zip(a).zip(dc).zip(dq.rows(|d| d));
        if let Some((((q, a), dc), dq)) = queries.next() {
            let (dk, dv) = (dk.of(|d| d), dv.of(|d| d));
            let bias = (n, u, &mut *dbias);
            Self::query_gradients(keys(u), q, k, v, a, dc, dq, dk, dv, bias);
        } else {
            dk.put_zeros(|d| &mut d[..]);
            dv.put_zeros(|d| &mut d[..]);
        }
        let (mut dk, mut dv) = (dk.then(), dv.then());
        for (i, (((q, a), dc), dq)) in queries.enumerate() {
            let u = u + 1 + i;
            let (dk, dv) = (dk.of(|d| d), dv.of(|d| d));
            let bias = (n, u, &mut *dbias);
            Self::query_gradients(keys(u), q, k, v, a, dc, dq, dk, dv, bias);
        }
    }

    /// Four queries at a time, where they attend the same range of keys.
    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn in_blocks<K: Keys<F>>(
        keys: impl Fn(usize) -> K + Copy,
        q: &[[F; D]],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &[impl Saved<F, T>],
        dc: &[[F; E]],
        mut dq: impl Gradient<[[F; D]]>,
        mut dk: impl Gradient<[[F; D]; T]>,
        mut dv: impl Gradient<[[F; E]; T]>,
        (n, mut u, dbias): (usize, usize, &mut impl BiasGradient<F>),
    ) {
        let (q4, q_rest) = q.as_chunks::<QUERIES>();
        let (a4, a_rest) = a.as_chunks::<QUERIES>();
        let (dc4, dc_rest) = dc.as_chunks::<QUERIES>();
        let dq4 = dq.rows(|d| d.as_chunks_mut::<QUERIES>().0);
        let mut blocks = q4.iter().zip(a4).zip(dc4).zip(dq4);
        if let Some((((q, a), dc), dq)) = blocks.next() {
            let (dk, dv) = (dk.of(|d| d), dv.of(|d| d));
            Self::block(keys, q, k, v, a, dc, dq, dk, dv, (n, u, &mut *dbias));
        }
        let (mut dk, mut dv) = (dk.then(), dv.then());
        u += QUERIES;
        for (((q, a), dc), dq) in blocks {
            let (dk, dv) = (dk.of(|d| d), dv.of(|d| d));
            Self::block(keys, q, k, v, a, dc, dq, dk, dv, (n, u, &mut *dbias));
            u += QUERIES;
        }
        let dq = dq.of(|d| d.as_chunks_mut::<QUERIES>().1);
        Self::one_by_one(
            keys,
            q_rest,
            k,
            v,
            a_rest,
            dc_rest,
            dq,
            dk,
            dv,
            (n, u, dbias),
        );
    }

    #[inline(always)]
    #[expect(
        clippy::too_many_arguments,
        reason = "the inputs and gradients of one layer"
    )]
    fn block<K: Keys<F>, Dq, Dk>(
        keys: impl Fn(usize) -> K,
        q: &[[F; D]; QUERIES],
        k: &[[F; D]; T],
        v: &[[F; E]; T],
        a: &[impl Saved<F, T>; QUERIES],
        dc: &[[F; E]; QUERIES],
        mut dq: Dq,
        dk: Dk,
        dv: impl Gradient<[[F; E]; T]>,
        (n, u, dbias): (usize, usize, &mut impl BiasGradient<F>),
    ) where
        Dq: Gradient<[[F; D]; QUERIES]>,
        Dk: Gradient<[[F; D]; T]>,
    {
        let of_each = array::from_fn(|i| keys(u + i));
        let Some(range) = shared_range(of_each, T) else {
            let dq = dq.of(|d| &mut d[..]);
            Self::one_by_one(keys, q, k, v, a, dc, dq, dk, dv, (n, u, dbias));
            return;
        };
        let mut rows = [[F::ZERO; T]; QUERIES];
        let a = saved_weights_of(of_each, q, k, a, &mut rows);
        let mut ds = [[F::ZERO; T]; QUERIES];
        if Dq::WANTED || Dk::WANTED {
            for i in 0..QUERIES {
                let (keys, a, ds) = (of_each[i], a[i], &mut ds[i]);
                weighted_sum_backward_row(keys, a, v, &dc[i], &mut *ds, Skip);
                // A bias can leave out any key: no block has one.
                score_gradients(keys, a, ds, n, u, &mut NoBias);
                let dq = dq.of(|dq| &mut dq[i]);
                query_and_key_gradients(keys, k, a, ds, dq, Skip, 1, |_, _, _| F::ZERO);
            }
        }
        Self::shared_gradients(range, q, a, &ds, dc, dk, dv);
    }
}

/// The weights that the forward pass saved for several queries.
#[inline(always)]
fn saved_weights_of<'w, F: Float, K: Keys<F>, const Q: usize, const T: usize, const D: usize>(
    keys: [K; Q],
    q: &[[F; D]; Q],
    k: &[[F; D]; T],
    a: &'w [impl Saved<F, T>; Q],
    rows: &'w mut [[F; T]; Q],
) -> [&'w [F; T]; Q] {
    let mut queries = keys.iter().zip(q).zip(a);
    rows.each_mut().map(|row| match queries.next() {
        Some(((&keys, q), a)) => saved_weights(keys, q, k, a, row),
        None => row,
    })
}

/// The keys that each of the queries attends, if they are one range.
#[inline(always)]
fn shared_range<F: Float, K: Keys<F>>(keys: [K; QUERIES], len: usize) -> Option<Range> {
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
