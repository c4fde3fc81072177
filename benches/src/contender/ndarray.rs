//! `ndarray`, with views of the arrays and results written in place.

use ::ndarray::linalg::{general_mat_mul, general_mat_vec_mul};
use ::ndarray::{ArrayView2, ArrayViewMut1, ArrayViewMut2, Zip, aview1, aview2};

use super::{Contender, Rows};

pub struct Ndarray;

/// `out = x·y`, of one row as matrix times vector.
fn product<const R: usize, const M: usize, const L: usize>(
    x: &Rows<R, M>,
    y: &ArrayView2<f32>,
    out: &mut Rows<R, L>,
) {
    if R == 1 {
        let out = &mut ArrayViewMut1::from(&mut out[0]);
        general_mat_vec_mul(1.0, &y.t(), &aview1(&x[0]), 0.0, out);
    } else {
        general_mat_mul(1.0, &aview2(x), y, 0.0, &mut ArrayViewMut2::from(out));
    }
}

impl<const T: usize, const H: usize> Contender<T, H> for Ndarray {
    const NAME: &str = "ndarray";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        product(q, &aview2(k).t(), s);
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        product(a, &aview2(v), c);
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        let mut d = ArrayViewMut2::from(d);
        if U > 1 || ADD {
            general_mat_mul(1.0, &aview2(a).t(), &aview2(q), f32::from(ADD), &mut d);
        } else {
            Zip::from(d.rows_mut()).and(&a[0]).for_each(|row, &a| {
                Zip::from(row).and(&q[0]).for_each(|d, &q| *d = a * q);
            });
        }
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
        hs: &Rows<T, H>,
        a: &[f32; T],
        dc: &[f32; H],
        dh: &mut [f32; H],
        dhs: &mut Rows<T, H>,
    ) {
        let mut ds = [0.0; T];
        <Self as Contender<T, H>>::dot_scores(dc, hs, &mut ds);
        <Self as Contender<T, H>>::softmax_backward(a, &mut ds);
        <Self as Contender<T, H>>::weighted_sum(&ds, hs, dh);
        let mut dhs = ArrayViewMut2::from(dhs);
        let rows = Zip::from(dhs.rows_mut()).and(a).and(&ds);
        rows.for_each(|row, &a, &ds| {
            let elements = Zip::from(row).and(dc).and(h);
            elements.for_each(|x, &dc, &h| *x = a * dc + ds * h);
        });
    }
}
