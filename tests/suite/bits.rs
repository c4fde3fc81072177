//! Exact equality: with the summation order, among the three things a caller may want of a
//! gradient, between the fused functions and their parts, and between a batch and its rows.
//!
//! These properties hold for every input, so NaN, infinities and subnormals are among them.

use microattention::{
    Accumulate, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, softmax,
    softmax_backward, weighted_sum, weighted_sum_backward,
};

use crate::element::{Element, Tensor, assert_same_bits, boxed, unwritten};
use crate::order;
use crate::shapes::{on_every_cross_shape, on_every_shape};
use crate::values::{Case, Source};

mod single {
    use super::*;

    on_every_shape! { ALL(f32, f64) =>
        weighted_sum_in_order, dot_scores_in_order, softmax_in_order, attention_weights_in_order,
        attention_in_order, fused_is_composed, row_alone_is_row_in_batch,
    }
}

mod cross {
    use super::*;

    on_every_cross_shape! { ALL(f32, f64) =>
        cross_attention_in_order, cross_attention_is_one_call_for_each_query,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Overwritten,
    Accumulated,
    Skipped,
}

const EVERY_WISH: [Wanted; 3] = [Wanted::Overwritten, Wanted::Accumulated, Wanted::Skipped];

/// A gradient, and what is right in it after a call.
struct Expected<R, const N: usize> {
    before: Box<[R; N]>,
    overwritten: Box<[R; N]>,
    accumulated: Box<[R; N]>,
}

impl<R: Tensor, const N: usize> Expected<R, N> {
    /// For a function that puts each element once.
    fn new(overwritten: Box<[R; N]>, source: &mut Source) -> Self {
        let before: Box<[R; N]> = source.array();
        let mut accumulated = before.clone();
        order::put(R::flat(&*overwritten), R::flat_mut(&mut *accumulated), true);
        Self {
            before,
            overwritten,
            accumulated,
        }
    }

    fn buffer(&self, wanted: Wanted) -> Box<[R; N]> {
        match wanted {
            Wanted::Overwritten => unwritten(),
            Wanted::Accumulated | Wanted::Skipped => self.before.clone(),
        }
    }

    fn check(&self, wanted: Wanted, gradient: &[R; N], what: &str) {
        match wanted {
            Wanted::Overwritten => assert_same_bits(gradient, &*self.overwritten, what),
            Wanted::Accumulated => assert_same_bits(gradient, &*self.accumulated, what),
            Wanted::Skipped => {}
        }
    }
}

/// Calls a function that ends in two gradients with all nine pairs of wishes for them.
macro_rules! check_every_pair_of_wishes {
    ($function:ident($($input:expr),+), $first:expr, $second:expr) => {
        for (x_wanted, y_wanted) in EVERY_WISH
            .into_iter()
            .flat_map(|x| EVERY_WISH.map(|y| (x, y)))
        {
            use Wanted::{Accumulated, Overwritten, Skipped};
            let (mut x, mut y) = ($first.buffer(x_wanted), $second.buffer(y_wanted));
            let (dx, dy) = (&mut *x, &mut *y);
            match (x_wanted, y_wanted) {
                (Overwritten, Overwritten) => $function($($input),+, dx, dy),
                (Overwritten, Accumulated) => $function($($input),+, dx, Accumulate(dy)),
                (Overwritten, Skipped) => $function($($input),+, dx, Skip),
                (Accumulated, Overwritten) => $function($($input),+, Accumulate(dx), dy),
                (Accumulated, Accumulated) => {
                    $function($($input),+, Accumulate(dx), Accumulate(dy));
                }
                (Accumulated, Skipped) => $function($($input),+, Accumulate(dx), Skip),
                (Skipped, Overwritten) => $function($($input),+, Skip, dy),
                (Skipped, Accumulated) => $function($($input),+, Skip, Accumulate(dy)),
                (Skipped, Skipped) => $function($($input),+, Skip, Skip),
            }
            let wishes = format!("{} ({x_wanted:?}, {y_wanted:?})", stringify!($function));
            $first.check(x_wanted, &x, &format!("first gradient of {wishes}"));
            $second.check(y_wanted, &y, &format!("second gradient of {wishes}"));
        }
    };
}

pub fn weighted_sum_in_order<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let a = source.array::<[F; T], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();

    let mut c = unwritten();
    weighted_sum(&a, &hs, &mut c);
    let mut expected = unwritten::<[F; H], N>();
    for n in 0..N {
        order::weighted_sum(&a[n], &hs[n], &mut expected[n]);
    }
    assert_same_bits(&*c, &*expected, "c");

    let mut da = unwritten::<[F; T], N>();
    let mut dhs = unwritten::<[[F; H]; T], N>();
    for n in 0..N {
        order::weighted_sum_backward(&a[n], &hs[n], &dc[n], &mut da[n], &mut dhs[n]);
    }
    let da = Expected::new(da, &mut source);
    let dhs = Expected::new(dhs, &mut source);
    check_every_pair_of_wishes!(weighted_sum_backward(&a, &hs, &dc), da, dhs);
}

pub fn dot_scores_in_order<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let ds = source.array::<[F; T], N>();

    let mut s = unwritten();
    dot_scores(&h, &hs, &mut s);
    let mut expected = unwritten::<[F; T], N>();
    for n in 0..N {
        order::dot_scores(&h[n], &hs[n], &mut expected[n]);
    }
    assert_same_bits(&*s, &*expected, "s");

    let mut dh = unwritten::<[F; H], N>();
    let mut dhs = unwritten::<[[F; H]; T], N>();
    for n in 0..N {
        order::dot_scores_backward(&h[n], &hs[n], &ds[n], &mut dh[n], &mut dhs[n]);
    }
    let dh = Expected::new(dh, &mut source);
    let dhs = Expected::new(dhs, &mut source);
    check_every_pair_of_wishes!(dot_scores_backward(&h, &hs, &ds), dh, dhs);
}

pub fn softmax_in_order<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    // Scores as sums of H numbers, so that their spread depends on the shape.
    let mut x = source.array::<[F; T], N>();
    for score in x.as_flattened_mut() {
        for _ in 0..H {
            *score += source.value();
        }
    }
    let mut expected = x.clone();
    softmax(&mut x);
    for row in &mut *expected {
        order::softmax(row);
    }
    assert_same_bits(&*x, &*expected, "a");

    for a in [source.array(), x] {
        let mut d = source.array::<[F; T], N>();
        let mut expected = d.clone();
        softmax_backward(&a, &mut d);
        for n in 0..N {
            order::softmax_backward(&a[n], &mut expected[n]);
        }
        assert_same_bits(&*d, &*expected, "ds");
    }
}

pub fn attention_weights_in_order<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let da = source.array::<[F; T], N>();

    let mut a = unwritten::<[F; T], N>();
    attention_weights(&h, &hs, &mut a);
    let mut expected = unwritten::<[F; T], N>();
    for n in 0..N {
        order::attention_weights(&h[n], &hs[n], &mut expected[n]);
    }
    assert_same_bits(&*a, &*expected, "a");

    // The weights of a forward pass, and numbers that no forward pass gives.
    for a in [a, source.array()] {
        let mut dh = unwritten::<[F; H], N>();
        let mut dhs = unwritten::<[[F; H]; T], N>();
        for n in 0..N {
            let (dh, dhs) = (&mut dh[n], &mut dhs[n]);
            order::attention_weights_backward(&h[n], &hs[n], &a[n], &da[n], dh, dhs);
        }
        let dh = Expected::new(dh, &mut source);
        let dhs = Expected::new(dhs, &mut source);
        check_every_pair_of_wishes!(attention_weights_backward(&h, &hs, &a, &da), dh, dhs);
    }
}

pub fn attention_in_order<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();

    let (mut a, mut c) = (unwritten::<[F; T], N>(), unwritten());
    attention(&h, &hs, &mut a, &mut c);
    let (mut expected_a, mut expected_c) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
    for n in 0..N {
        order::attention(&h[n], &hs[n], &mut expected_a[n], &mut expected_c[n]);
    }
    assert_same_bits(&*a, &*expected_a, "a");
    assert_same_bits(&*c, &*expected_c, "c");

    for a in [a, source.array()] {
        let mut dh = unwritten::<[F; H], N>();
        let mut dhs = unwritten::<[[F; H]; T], N>();
        for n in 0..N {
            let (dh, dhs) = (&mut dh[n], &mut dhs[n]);
            order::attention_backward(&h[n], &hs[n], &a[n], &dc[n], dh, dhs);
        }
        let dh = Expected::new(dh, &mut source);
        let dhs = Expected::new(dhs, &mut source);
        check_every_pair_of_wishes!(attention_backward(&h, &hs, &a, &dc), dh, dhs);
    }
}

pub fn cross_attention_in_order<
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let mut source = case.source();
    let hs_dec = source.array::<[[F; H]; U], N>();
    let hs_enc = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[[F; H]; U], N>();

    let mut a = unwritten::<[[F; T]; U], N>();
    let mut c = unwritten();
    cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
    let mut expected_a = unwritten::<[[F; T]; U], N>();
    let mut expected_c = unwritten::<[[F; H]; U], N>();
    for n in 0..N {
        let (a, c) = (&mut expected_a[n], &mut expected_c[n]);
        order::cross_attention(&hs_dec[n], &hs_enc[n], a, c);
    }
    assert_same_bits(&*a, &*expected_a, "a");
    assert_same_bits(&*c, &*expected_c, "c");

    let gradients = |dec: &mut [[[F; H]; U]; N], enc: &mut [[[F; H]; T]; N], accumulate| {
        for n in 0..N {
            order::cross_attention_backward(
                &hs_dec[n],
                &hs_enc[n],
                &a[n],
                &dc[n],
                (&mut dec[n], accumulate),
                (&mut enc[n], accumulate),
            );
        }
    };
    let (mut dec, mut enc) = (unwritten(), unwritten());
    gradients(&mut dec, &mut enc, false);
    let mut dec = Expected::new(dec, &mut source);
    let mut enc = Expected::new(enc, &mut source);
    // The queries accumulate one after the other, not their finished sum.
    dec.accumulated.clone_from(&dec.before);
    enc.accumulated.clone_from(&enc.before);
    gradients(&mut dec.accumulated, &mut enc.accumulated, true);
    check_every_pair_of_wishes!(
        cross_attention_backward(&hs_dec, &hs_enc, &a, &dc),
        dec,
        enc
    );
}

/// One query after the other through the single-query functions: `hs_dec[:, u]` for each `u`.
pub fn cross_attention_is_one_call_for_each_query<
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
) {
    let mut source = case.source();
    let hs_dec = source.array::<[[F; H]; U], N>();
    let hs_enc = source.array::<[[F; H]; T], N>();
    let dc_dec = source.array::<[[F; H]; U], N>();
    let before = source.array::<[[F; H]; T], N>();

    let mut a = unwritten::<[[F; T]; U], N>();
    let mut c = unwritten::<[[F; H]; U], N>();
    cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
    let mut dhs_dec = unwritten::<[[F; H]; U], N>();
    let mut dhs_enc = unwritten();
    cross_attention_backward(&hs_dec, &hs_enc, &a, &dc_dec, &mut *dhs_dec, &mut *dhs_enc);
    let mut accumulated = before.clone();
    let accumulate = Accumulate(&mut *accumulated);
    cross_attention_backward(&hs_dec, &hs_enc, &a, &dc_dec, Skip, accumulate);

    let query = |of: &[[[F; H]; U]; N], u: usize| {
        let mut rows = unwritten::<[F; H], N>();
        for n in 0..N {
            rows[n] = of[n][u];
        }
        rows
    };
    let mut sum = unwritten::<[[F; H]; T], N>();
    let mut sum_from_before = before;
    for u in 0..U {
        let (h, dc) = (query(&hs_dec, u), query(&dc_dec, u));
        let (mut a_of_u, mut c_of_u) = (unwritten::<[F; T], N>(), unwritten());
        attention(&h, &hs_enc, &mut a_of_u, &mut c_of_u);
        let mut dh = unwritten();
        if u == 0 {
            attention_backward(&h, &hs_enc, &a_of_u, &dc, &mut *dh, &mut *sum);
        } else {
            let sum = Accumulate(&mut *sum);
            attention_backward(&h, &hs_enc, &a_of_u, &dc, &mut *dh, sum);
        }
        let sum = Accumulate(&mut *sum_from_before);
        attention_backward(&h, &hs_enc, &a_of_u, &dc, Skip, sum);
        for n in 0..N {
            assert_same_bits(&a[n][u], &a_of_u[n], "a");
        }
        assert_same_bits(&*query(&c, u), &*c_of_u, "c");
        assert_same_bits(&*query(&dhs_dec, u), &*dh, "dhs_dec");
    }
    if U == 0 {
        sum = boxed(F::of(0.0));
    }
    assert_same_bits(&*dhs_enc, &*sum, "dhs_enc");
    assert_same_bits(&*accumulated, &*sum_from_before, "accumulated dhs_enc");
}

pub fn fused_is_composed<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();

    let mut weights = unwritten::<[F; T], N>();
    dot_scores(&h, &hs, &mut weights);
    softmax(&mut weights);
    let mut context = unwritten();
    weighted_sum(&weights, &hs, &mut context);

    let (mut a, mut c) = (unwritten(), unwritten());
    attention(&h, &hs, &mut a, &mut c);
    assert_same_bits(&*a, &*weights, "a of attention");
    assert_same_bits(&*c, &*context, "c");
    let mut a = unwritten();
    attention_weights(&h, &hs, &mut a);
    assert_same_bits(&*a, &*weights, "a of attention_weights");

    let mut d = unwritten::<[F; T], N>();
    let mut dhs_of_sum = unwritten::<[[F; H]; T], N>();
    weighted_sum_backward(&a, &hs, &dc, &mut *d, &mut *dhs_of_sum);
    let da = d.clone();
    softmax_backward(&a, &mut d);
    let mut dh_of_scores = unwritten();
    let mut dhs_of_scores = unwritten();
    dot_scores_backward(&h, &hs, &d, &mut *dh_of_scores, &mut *dhs_of_scores);

    let (mut dh, mut dhs) = (unwritten(), unwritten());
    attention_weights_backward(&h, &hs, &a, &da, &mut *dh, &mut *dhs);
    assert_same_bits(&*dh, &*dh_of_scores, "dh of attention_weights");
    assert_same_bits(&*dhs, &*dhs_of_scores, "dhs of attention_weights");

    let (mut dh, mut dhs) = (unwritten(), unwritten());
    attention_backward(&h, &hs, &a, &dc, &mut *dh, &mut *dhs);
    assert_same_bits(&*dh, &*dh_of_scores, "dh of attention");
    let mut added = dhs_of_sum.clone();
    order::put(
        Tensor::flat(&*dhs_of_scores),
        Tensor::flat_mut(&mut *added),
        true,
    );
    assert_same_bits(&*dhs, &*added, "dhs of attention");

    // The same sum through the crate's own accumulation.
    let sum = Accumulate(&mut *dhs_of_sum);
    dot_scores_backward(&h, &hs, &d, Skip, sum);
    assert_same_bits(&*dhs, &*dhs_of_sum, "accumulated dhs");
}

pub fn row_alone_is_row_in_batch<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let weights = source.array::<[F; T], N>();
    let da = source.array::<[F; T], N>();
    let dc = source.array::<[F; H], N>();

    let (mut a, mut c) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
    attention(&h, &hs, &mut a, &mut c);
    let mut sum = unwritten::<[F; H], N>();
    weighted_sum(&weights, &hs, &mut sum);
    let mut of_sum = (unwritten::<[F; T], N>(), unwritten::<[[F; H]; T], N>());
    weighted_sum_backward(&weights, &hs, &dc, &mut *of_sum.0, &mut *of_sum.1);
    let mut of_weights = (unwritten::<[F; H], N>(), unwritten::<[[F; H]; T], N>());
    let (dh, dhs) = (&mut *of_weights.0, &mut *of_weights.1);
    attention_weights_backward(&h, &hs, &weights, &da, dh, dhs);
    let mut of_attention = (unwritten::<[F; H], N>(), unwritten::<[[F; H]; T], N>());
    let (dh, dhs) = (&mut *of_attention.0, &mut *of_attention.1);
    attention_backward(&h, &hs, &a, &dc, dh, dhs);

    for n in 0..N {
        let row = n..=n;
        let (h, hs) = ([h[n]], Box::new([hs[n]]));
        let (weights, da, dc) = ([weights[n]], [da[n]], [dc[n]]);

        let (mut alone_a, mut alone_c) = (unwritten(), unwritten());
        attention(&h, &hs, &mut alone_a, &mut alone_c);
        assert_same_bits(&*alone_a, &a[row.clone()], "a");
        assert_same_bits(&*alone_c, &c[row.clone()], "c");

        let mut alone = unwritten();
        weighted_sum(&weights, &hs, &mut alone);
        assert_same_bits(&*alone, &sum[row.clone()], "weighted sum");

        let (mut alone_da, mut alone_dhs) = (unwritten(), unwritten());
        weighted_sum_backward(&weights, &hs, &dc, &mut *alone_da, &mut *alone_dhs);
        assert_same_bits(&*alone_da, &of_sum.0[row.clone()], "da");
        assert_same_bits(&*alone_dhs, &of_sum.1[row.clone()], "dhs of the sum");

        let (mut alone_dh, mut alone_dhs) = (unwritten(), unwritten());
        let (dh, dhs) = (&mut *alone_dh, &mut *alone_dhs);
        attention_weights_backward(&h, &hs, &weights, &da, dh, dhs);
        assert_same_bits(&*alone_dh, &of_weights.0[row.clone()], "dh of the weights");
        assert_same_bits(
            &*alone_dhs,
            &of_weights.1[row.clone()],
            "dhs of the weights",
        );

        let (mut alone_dh, mut alone_dhs) = (unwritten(), unwritten());
        let (dh, dhs) = (&mut *alone_dh, &mut *alone_dhs);
        attention_backward(&h, &hs, &alone_a, &dc, dh, dhs);
        assert_same_bits(&*alone_dh, &of_attention.0[row.clone()], "dh");
        assert_same_bits(&*alone_dhs, &of_attention.1[row.clone()], "dhs");
    }
}
