//! `nalgebra`, with static sizes and results written in place. It stores columns one after the other, so
//! `hs` is a matrix of H rows and T columns.

use ::nalgebra::{SMatrix, SMatrixView, SMatrixViewMut, SVectorView, SVectorViewMut};

use crate::layers::Rows;

pub struct Nalgebra;

fn view<const T: usize, const H: usize>(x: &[[f32; H]; T]) -> SMatrixView<'_, f32, H, T> {
    SMatrixView::from_slice(x.as_flattened())
}

fn view_mut<const T: usize, const H: usize>(
    x: &mut [[f32; H]; T],
) -> SMatrixViewMut<'_, f32, H, T> {
    SMatrixViewMut::from_slice(x.as_flattened_mut())
}

fn vector<const L: usize>(x: &[f32; L]) -> SVectorView<'_, f32, L> {
    SVectorView::from_slice(x)
}

fn vector_mut<const L: usize>(x: &mut [f32; L]) -> SVectorViewMut<'_, f32, L> {
    SVectorViewMut::from_slice(x)
}

impl<const T: usize, const H: usize> Rows<T, H> for Nalgebra {
    const NAME: &str = "nalgebra";

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        vector_mut(c).gemv(1.0, &view(hs), &vector(a), 0.0);
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &[[f32; H]; T],
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut [[f32; H]; T],
    ) {
        vector_mut(da).gemv_tr(1.0, &view(hs), &vector(dc), 0.0);
        view_mut(dhs).ger(1.0, &vector(dc), &vector(a), 0.0);
    }

    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        vector_mut(s).gemv_tr(1.0, &view(hs), &vector(h), 0.0);
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        vector_mut(dh).gemv(1.0, &view(hs), &vector(ds), 0.0);
        view_mut(dhs).ger(1.0, &vector(h), &vector(ds), 0.0);
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
        vector_mut(dh).gemv(1.0, &view(hs), &vector(&ds), 0.0);
        let mut dhs = view_mut(dhs);
        dhs.ger(1.0, &vector(dc), &vector(a), 0.0);
        dhs.ger(1.0, &vector(h), &vector(&ds), 1.0);
    }

    fn queries<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &mut [[f32; T]; U],
        c: &mut [[f32; H]; U],
    ) {
        view_mut(a).gemm_tr(1.0, &view(k), &view(q), 0.0);
        for a in &mut *a {
            <Self as Rows<T, H>>::softmax(a);
        }
        view_mut(c).gemm(1.0, &view(v), &view(a), 0.0);
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
        view_mut(&mut ds).gemm_tr(1.0, &view(v), &view(dc), 0.0);
        for (a, ds) in a.iter().zip(&mut ds) {
            <Self as Rows<T, H>>::softmax_backward(a, ds);
        }
        view_mut(dq).gemm(1.0, &view(k), &view(&ds), 0.0);
        let mut dk = view_mut(dk);
        let by_key: SMatrix<f32, U, T> = view(&ds).transpose();
        dk.gemm(1.0, &view(q), &by_key, 0.0);
        let by_key: SMatrix<f32, U, T> = view(a).transpose();
        match dv {
            Some(dv) => view_mut(dv).gemm(1.0, &view(dc), &by_key, 0.0),
            None => dk.gemm(1.0, &view(dc), &by_key, 1.0),
        }
    }
}
