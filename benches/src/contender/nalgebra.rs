//! `nalgebra`, with static sizes and results written in place. It stores columns one after the other, so
//! R rows are the columns of its matrix.

use ::nalgebra::{SMatrixView, SMatrixViewMut, SVectorView, SVectorViewMut};

use super::{Contender, Rows};

pub struct Nalgebra;

fn view<const R: usize, const L: usize>(x: &Rows<R, L>) -> SMatrixView<'_, f32, L, R> {
    SMatrixView::from_slice(x.as_flattened())
}

fn view_mut<const R: usize, const L: usize>(x: &mut Rows<R, L>) -> SMatrixViewMut<'_, f32, L, R> {
    SMatrixViewMut::from_slice(x.as_flattened_mut())
}

fn vector<const L: usize>(x: &[f32; L]) -> SVectorView<'_, f32, L> {
    SVectorView::from_slice(x)
}

fn vector_mut<const L: usize>(x: &mut [f32; L]) -> SVectorViewMut<'_, f32, L> {
    SVectorViewMut::from_slice(x)
}

impl<const T: usize, const H: usize> Contender<T, H> for Nalgebra {
    const NAME: &str = "nalgebra";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        if U == 1 {
            vector_mut(&mut s[0]).gemv_tr(1.0, &view(k), &vector(&q[0]), 0.0);
        } else {
            view_mut(s).gemm_tr(1.0, &view(k), &view(q), 0.0);
        }
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        if U == 1 {
            vector_mut(&mut c[0]).gemv(1.0, &view(v), &vector(&a[0]), 0.0);
        } else {
            view_mut(c).gemm(1.0, &view(v), &view(a), 0.0);
        }
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        let beta = f32::from(ADD);
        if U == 1 {
            view_mut(d).ger(1.0, &vector(&q[0]), &vector(&a[0]), beta);
        } else {
            view_mut(d).gemm(1.0, &view(q), &view(a).transpose(), beta);
        }
    }

    fn softmax(x: &mut [f32; T]) {
        let mut x = vector_mut(x);
        let max = x.max();
        x.apply(|x| *x = (*x - max).exp());
        let sum = x.sum();
        x /= sum;
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        let (a, mut d) = (vector(a), vector_mut(d));
        let sum = a.dot(&d);
        d.zip_apply(&a, |d, a| *d = a * (*d - sum));
    }
}
