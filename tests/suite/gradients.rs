//! The backward passes are the derivatives of the forward passes.
//!
//! A scalar loss is made of a function's output by weighting each of its elements with a random
//! number, which is then its upstream gradient. Each element of each input in turn is moved a
//! little both ways. The crate and the naive reference are differentiated, and the gradients of
//! both are compared with both.

#![allow(
    clippy::extra_unused_type_parameters,
    reason = "stamped on the shapes as every property is, but differences of `f32` would say little"
)]

use microattention::{
    attention, attention_backward, attention_weights, attention_weights_backward, cross_attention,
    cross_attention_backward, dot_scores, dot_scores_backward, softmax, softmax_backward,
    weighted_sum, weighted_sum_backward,
};

use crate::budgets::CENTRAL_DIFFERENCE;
use crate::element::{Tensor, unwritten};
use crate::naive;
use crate::shapes::{on_every_cross_shape, on_every_shape};
use crate::values::{Case, Source};

mod single {
    use super::*;

    on_every_shape! { EVEN(f64) =>
        of_weighted_sum, of_dot_scores, of_softmax, of_attention_weights, of_attention,
    }
}

mod cross {
    use super::*;

    on_every_cross_shape! { EVEN(f64) => of_cross_attention }
}

/// `Σ weight·y` over all elements.
fn loss<R: Tensor<Scalar = f64>>(weights: &[R], y: &[R]) -> f64 {
    R::flat(weights)
        .iter()
        .zip(R::flat(y))
        .map(|(weight, y)| weight * y)
        .sum()
}

/// Some elements of an input: all, or a few of them where there are many.
fn some_of(count: usize, source: &mut Source) -> Vec<usize> {
    match count {
        0..=40 => (0..count).collect(),
        _ => (0..12).map(|_| source.below(count)).collect(),
    }
}

/// Compares gradients with the slope of `loss` along elements of one input.
fn check<R: Tensor<Scalar = f64>>(
    input: &mut [R],
    gradients: [&[R]; 2],
    source: &mut Source,
    loss: impl Fn(&[R]) -> f64,
) {
    const STEP: f64 = 1.0 / 256.0;
    for i in some_of(R::flat(input).len(), source) {
        let x = R::flat(input)[i];
        let mut at = |offset: f64| {
            R::flat_mut(input)[i] = x + offset;
            let loss = loss(input);
            R::flat_mut(input)[i] = x;
            loss
        };
        // Three symmetric differences, extrapolated twice: the error is of sixth order.
        let mut slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
        let (d1, d2, d4) = (slope(STEP), slope(2.0 * STEP), slope(4.0 * STEP));
        let (e1, e2) = ((4.0 * d1 - d2) / 3.0, (4.0 * d2 - d4) / 3.0);
        let expected = (16.0 * e1 - e2) / 15.0;
        for gradient in gradients {
            let error = (R::flat(gradient)[i] - expected).abs();
            CENTRAL_DIFFERENCE.check::<f64>(error / 1e-12);
        }
    }
}

fn of_weighted_sum<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut a = source.array::<[f64; T], N>();
    let mut hs = source.array::<[[f64; H]; T], N>();
    let dc = source.array::<[f64; H], N>();

    let (mut da, mut dhs) = (unwritten(), unwritten());
    weighted_sum_backward(&a, &hs, &dc, &mut *da, &mut *dhs);
    let (mut naive_da, mut naive_dhs) =
        (unwritten::<[f64; T], N>(), unwritten::<[[f64; H]; T], N>());
    for n in 0..N {
        let (da, dhs) = (&mut naive_da[n], &mut naive_dhs[n]);
        naive::weighted_sum_backward(&a[n], &hs[n], &dc[n], da, dhs);
    }

    let crate_loss = |a: &[[f64; T]], hs: &[[[f64; H]; T]]| {
        let mut c = unwritten::<[f64; H], N>();
        weighted_sum(whole(a), whole(hs), &mut c);
        loss(&*dc, &*c)
    };
    let naive_loss = |a: &[[f64; T]], hs: &[[[f64; H]; T]]| {
        let mut c = unwritten::<[f64; H], N>();
        for n in 0..N {
            naive::weighted_sum(&a[n], &hs[n], &mut c[n]);
        }
        loss(&*dc, &*c)
    };
    let (da, dhs) = ([&da[..], &naive_da[..]], [&dhs[..], &naive_dhs[..]]);
    check(&mut *a, da, &mut source, |a| crate_loss(a, &*hs));
    check(&mut *a, da, &mut source, |a| naive_loss(a, &*hs));
    check(&mut *hs, dhs, &mut source, |hs| crate_loss(&*a, hs));
    check(&mut *hs, dhs, &mut source, |hs| naive_loss(&*a, hs));
}

/// A slice that is known to be all of an array.
fn whole<R, const N: usize>(rows: &[R]) -> &[R; N] {
    rows.try_into().expect("the slice was made of the array")
}

fn of_dot_scores<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut h = source.array::<[f64; H], N>();
    let mut hs = source.array::<[[f64; H]; T], N>();
    let ds = source.array::<[f64; T], N>();

    let (mut dh, mut dhs) = (unwritten(), unwritten());
    dot_scores_backward(&h, &hs, &ds, &mut *dh, &mut *dhs);
    let (mut naive_dh, mut naive_dhs) =
        (unwritten::<[f64; H], N>(), unwritten::<[[f64; H]; T], N>());
    for n in 0..N {
        let (dh, dhs) = (&mut naive_dh[n], &mut naive_dhs[n]);
        naive::dot_scores_backward(&h[n], &hs[n], &ds[n], dh, dhs);
    }

    let crate_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut s = unwritten::<[f64; T], N>();
        dot_scores(whole(h), whole(hs), &mut s);
        loss(&*ds, &*s)
    };
    let naive_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut s = unwritten::<[f64; T], N>();
        for n in 0..N {
            naive::dot_scores(&h[n], &hs[n], &mut s[n]);
        }
        loss(&*ds, &*s)
    };
    let (dh, dhs) = ([&dh[..], &naive_dh[..]], [&dhs[..], &naive_dhs[..]]);
    check(&mut *h, dh, &mut source, |h| crate_loss(h, &*hs));
    check(&mut *h, dh, &mut source, |h| naive_loss(h, &*hs));
    check(&mut *hs, dhs, &mut source, |hs| crate_loss(&*h, hs));
    check(&mut *hs, dhs, &mut source, |hs| naive_loss(&*h, hs));
}

fn of_softmax<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut x = source.array::<[f64; T], N>();
    let da = source.array::<[f64; T], N>();

    let mut a = x.clone();
    softmax(&mut a);
    let mut ds = da.clone();
    softmax_backward(&a, &mut ds);
    let mut naive_ds = da.clone();
    for n in 0..N {
        naive::softmax_backward(&a[n], &mut naive_ds[n]);
    }

    let ds = [&ds[..], &naive_ds[..]];
    check(&mut *x, ds, &mut source, |x| {
        let mut a = unwritten::<[f64; T], N>();
        a.copy_from_slice(x);
        softmax(&mut a);
        loss(&*da, &*a)
    });
    check(&mut *x, ds, &mut source, |x| {
        let mut a = x.to_vec();
        for row in &mut a {
            naive::softmax(row);
        }
        loss(&*da, &a)
    });
}

fn of_attention_weights<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut h = source.array::<[f64; H], N>();
    let mut hs = source.array::<[[f64; H]; T], N>();
    let da = source.array::<[f64; T], N>();

    let mut a = unwritten::<[f64; T], N>();
    attention_weights(&h, &hs, &mut a);
    let (mut dh, mut dhs) = (unwritten(), unwritten());
    attention_weights_backward(&h, &hs, &a, &da, &mut *dh, &mut *dhs);
    let (mut naive_dh, mut naive_dhs) =
        (unwritten::<[f64; H], N>(), unwritten::<[[f64; H]; T], N>());
    for n in 0..N {
        let (dh, dhs) = (&mut naive_dh[n], &mut naive_dhs[n]);
        naive::attention_weights_backward(&h[n], &hs[n], &a[n], &da[n], dh, dhs);
    }

    let crate_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut a = unwritten::<[f64; T], N>();
        attention_weights(whole(h), whole(hs), &mut a);
        loss(&*da, &*a)
    };
    let naive_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut a = unwritten::<[f64; T], N>();
        for n in 0..N {
            naive::attention_weights(&h[n], &hs[n], &mut a[n]);
        }
        loss(&*da, &*a)
    };
    let (dh, dhs) = ([&dh[..], &naive_dh[..]], [&dhs[..], &naive_dhs[..]]);
    check(&mut *h, dh, &mut source, |h| crate_loss(h, &*hs));
    check(&mut *h, dh, &mut source, |h| naive_loss(h, &*hs));
    check(&mut *hs, dhs, &mut source, |hs| crate_loss(&*h, hs));
    check(&mut *hs, dhs, &mut source, |hs| naive_loss(&*h, hs));
}

fn of_attention<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut h = source.array::<[f64; H], N>();
    let mut hs = source.array::<[[f64; H]; T], N>();
    let dc = source.array::<[f64; H], N>();

    let mut a = unwritten::<[f64; T], N>();
    attention(&h, &hs, &mut a, &mut unwritten());
    let (mut dh, mut dhs) = (unwritten(), unwritten());
    attention_backward(&h, &hs, &a, &dc, &mut *dh, &mut *dhs);
    let (mut naive_dh, mut naive_dhs) =
        (unwritten::<[f64; H], N>(), unwritten::<[[f64; H]; T], N>());
    for n in 0..N {
        let (dh, dhs) = (&mut naive_dh[n], &mut naive_dhs[n]);
        naive::attention_backward(&h[n], &hs[n], &a[n], &dc[n], dh, dhs);
    }

    let crate_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut c = unwritten::<[f64; H], N>();
        attention(whole(h), whole(hs), &mut unwritten::<[f64; T], N>(), &mut c);
        loss(&*dc, &*c)
    };
    let naive_loss = |h: &[[f64; H]], hs: &[[[f64; H]; T]]| {
        let mut c = unwritten::<[f64; H], N>();
        for n in 0..N {
            naive::attention(&h[n], &hs[n], &mut [f64::NAN; T], &mut c[n]);
        }
        loss(&*dc, &*c)
    };
    let (dh, dhs) = ([&dh[..], &naive_dh[..]], [&dhs[..], &naive_dhs[..]]);
    check(&mut *h, dh, &mut source, |h| crate_loss(h, &*hs));
    check(&mut *h, dh, &mut source, |h| naive_loss(h, &*hs));
    check(&mut *hs, dhs, &mut source, |hs| crate_loss(&*h, hs));
    check(&mut *hs, dhs, &mut source, |hs| naive_loss(&*h, hs));
}

fn of_cross_attention<F, const N: usize, const U: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let mut hs_dec = source.array::<[[f64; H]; U], N>();
    let mut hs_enc = source.array::<[[f64; H]; T], N>();
    let dc = source.array::<[[f64; H]; U], N>();

    let mut a = unwritten::<[[f64; T]; U], N>();
    cross_attention(&hs_dec, &hs_enc, &mut a, &mut unwritten());
    let (mut dec, mut enc) = (unwritten(), unwritten());
    cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, &mut *dec, &mut *enc);
    let mut naive_dec = unwritten::<[[f64; H]; U], N>();
    let mut naive_enc = unwritten::<[[f64; H]; T], N>();
    for n in 0..N {
        let (dec, enc) = (&mut naive_dec[n], &mut naive_enc[n]);
        naive::cross_attention_backward(&hs_dec[n], &hs_enc[n], &a[n], &dc[n], dec, enc);
    }

    let crate_loss = |hs_dec: &[[[f64; H]; U]], hs_enc: &[[[f64; H]; T]]| {
        let (mut a, mut c) = (unwritten::<[[f64; T]; U], N>(), unwritten());
        cross_attention(whole(hs_dec), whole(hs_enc), &mut a, &mut c);
        loss(&*dc, &*c)
    };
    let naive_loss = |hs_dec: &[[[f64; H]; U]], hs_enc: &[[[f64; H]; T]]| {
        let mut c = unwritten::<[[f64; H]; U], N>();
        for n in 0..N {
            let mut a = [[f64::NAN; T]; U];
            naive::cross_attention(&hs_dec[n], &hs_enc[n], &mut a, &mut c[n]);
        }
        loss(&*dc, &*c)
    };
    let (dec, enc) = ([&dec[..], &naive_dec[..]], [&enc[..], &naive_enc[..]]);
    check(&mut *hs_dec, dec, &mut source, |x| crate_loss(x, &*hs_enc));
    check(&mut *hs_dec, dec, &mut source, |x| naive_loss(x, &*hs_enc));
    check(&mut *hs_enc, enc, &mut source, |x| crate_loss(&*hs_dec, x));
    check(&mut *hs_enc, enc, &mut source, |x| naive_loss(&*hs_dec, x));
}
