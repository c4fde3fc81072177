//! `ndarray`, with views of the arrays and results written in place.

use ::ndarray::linalg::{general_mat_mul, general_mat_vec_mul};
use ::ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, Zip, aview1, aview2};

use crate::layers::Rows;

pub struct Ndarray;

impl<const T: usize, const H: usize> Rows<T, H> for Ndarray {
    const NAME: &str = "ndarray";

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        general_mat_vec_mul(
            1.0,
            &aview2(hs).t(),
            &aview1(a),
            0.0,
            &mut ArrayViewMut1::from(c),
        );
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &[[f32; H]; T],
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut [[f32; H]; T],
    ) {
        general_mat_vec_mul(
            1.0,
            &aview2(hs),
            &aview1(dc),
            0.0,
            &mut ArrayViewMut1::from(da),
        );
        outer(a, dc, dhs);
    }

    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        general_mat_vec_mul(
            1.0,
            &aview2(hs),
            &aview1(h),
            0.0,
            &mut ArrayViewMut1::from(s),
        );
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        <Self as Rows<T, H>>::weighted_sum(ds, hs, dh);
        outer(ds, h, dhs);
    }

    fn softmax(x: &mut [f32; T]) {
        let mut x = ArrayViewMut1::from(x);
        let max = x.fold(f32::NEG_INFINITY, |m, &x| m.max(x));
        x.mapv_inplace(|x| (x - max).exp());
        let sum = x.sum();
        x /= sum;
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        let (a, mut d) = (aview1(a), ArrayViewMut1::from(d));
        let sum = a.dot(&d);
        d.zip_mut_with(&a, |d, &a| *d = a * (*d - sum));
    }

    fn attention_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        let mut ds = [0.0; T];
        <Self as Rows<T, H>>::dot_scores(dc, hs, &mut ds);
        <Self as Rows<T, H>>::softmax_backward(a, &mut ds);
        <Self as Rows<T, H>>::weighted_sum(&ds, hs, dh);
        Zip::from(ArrayViewMut2::from(dhs).rows_mut())
            .and(a)
            .and(&ds)
            .for_each(|row, &a, &g| {
                Zip::from(row)
                    .and(dc)
                    .and(h)
                    .for_each(|x, &dc, &h| *x = a * dc + g * h);
            });
    }

    fn queries<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &mut [[f32; T]; U],
        c: &mut [[f32; H]; U],
    ) {
        general_mat_mul(
            1.0,
            &aview2(q),
            &aview2(k).t(),
            0.0,
            &mut ArrayViewMut2::from(&mut *a),
        );
        for a in &mut *a {
            <Self as Rows<T, H>>::softmax(a);
        }
        general_mat_mul(
            1.0,
            &aview2(a),
            &aview2(v),
            0.0,
            &mut ArrayViewMut2::from(c),
        );
    }

    fn queries_backward<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &[[f32; T]; U],
        dc: &[[f32; H]; U],
        dq: &mut [[f32; H]; U],
        dk: &mut [[f32; H]; T],
        dv: Option<&mut [[f32; H]; T]>,
    ) {
        let mut ds = [[0.0; T]; U];
        let (dc, k): (ArrayView2<_>, _) = (aview2(dc), aview2(k));
        general_mat_mul(
            1.0,
            &dc,
            &aview2(v).t(),
            0.0,
            &mut ArrayViewMut2::from(&mut ds),
        );
        for (a, ds) in a.iter().zip(&mut ds) {
            <Self as Rows<T, H>>::softmax_backward(a, ds);
        }
        let (a, ds, mut dk) = (aview2(a), aview2(&ds), ArrayViewMut2::from(dk));
        general_mat_mul(1.0, &ds, &k, 0.0, &mut ArrayViewMut2::from(dq));
        general_mat_mul(1.0, &ds.t(), &aview2(q), 0.0, &mut dk);
        match dv {
            Some(dv) => general_mat_mul(1.0, &a.t(), &dc, 0.0, &mut ArrayViewMut2::from(dv)),
            None => general_mat_mul(1.0, &a.t(), &dc, 1.0, &mut dk),
        }
    }
}

/// `out[t,h] = x[t]·y[h]`
fn outer<const T: usize, const H: usize>(x: &[f32; T], y: &[f32; H], out: &mut [[f32; H]; T]) {
    Zip::from(ArrayViewMut2::from(out).rows_mut())
        .and(x)
        .for_each(|row, &x| Zip::from(row).and(y).for_each(|out, &y| *out = x * y));
}
