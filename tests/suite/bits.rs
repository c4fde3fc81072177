//! Exact equality with the order of all rounding steps, which is one of each row alone, of the parts of a
//! function in turn and of one query after the other, for the three things a caller may want of a gradient.
//!
//! It holds for every input, so NaN, infinities and subnormals are among them.

use microattention::{
    Accumulate, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, weighted_sum,
    weighted_sum_backward,
};

use crate::element::{Element, Tensor, assert_same_bits, unwritten};
use crate::order;
use crate::shapes::{on_every_cross_shape, on_every_shape};
use crate::values::{Case, Source};

mod single {
    use super::*;

    on_every_shape! { ALL(f32, f64) =>
        weighted_sum_in_order, dot_scores_in_order, attention_weights_in_order, attention_in_order,
    }
}

mod cross {
    use super::*;

    on_every_cross_shape! { ALL(f32, f64) => cross_attention_in_order }
}

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
}

/// A gradient argument that overwrites, accumulates or skips, and the check of what it has become.
macro_rules! gradient {
    (overwritten $g:ident) => {
        &mut *$g
    };
    (accumulated $g:ident) => {
        Accumulate(&mut *$g)
    };
    (before $g:ident) => {
        Skip
    };
}

/// Calls a function that ends in two gradients; each is overwritten, accumulated and skipped, alone and with
/// the other.
macro_rules! check_wishes {
    ($function:ident $inputs:tt, $first:expr, $second:expr) => {
        check_wishes! { @ $function $inputs, $first, $second,
            (overwritten overwritten) (accumulated accumulated) (overwritten before)
            (before overwritten) (accumulated before) (before accumulated)
        }
    };
    (@ $function:ident $inputs:tt, $first:expr, $second:expr, $($wishes:tt)+) => { $(
        check_wishes! { @@ $function $inputs, $first, $second, $wishes }
    )+ };
    (@@ $function:ident($($input:expr),+), $first:expr, $second:expr, ($x:ident $y:ident)) => {
        #[allow(unused_mut, reason = "what is skipped is not written")]
        let (mut x, mut y) = ($first.before.clone(), $second.before.clone());
        $function($($input),+, gradient!($x x), gradient!($y y));
        let what = concat!(stringify!($function), ": ", stringify!($x), ", ", stringify!($y));
        assert_same_bits(&*x, &*$first.$x, what);
        assert_same_bits(&*y, &*$second.$y, what);
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
    check_wishes!(weighted_sum_backward(&a, &hs, &dc), da, dhs);
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
    check_wishes!(dot_scores_backward(&h, &hs, &ds), dh, dhs);
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
        check_wishes!(attention_weights_backward(&h, &hs, &a, &da), dh, dhs);
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
        check_wishes!(attention_backward(&h, &hs, &a, &dc), dh, dhs);
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
    check_wishes!(
        cross_attention_backward(&hs_dec, &hs_enc, &a, &dc),
        dec,
        enc
    );
}
