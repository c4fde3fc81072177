//! `matrixmultiply`: every product as one `sgemm`, the softmax as plain loops with std's exponential.
//! It finds FMA and AVX-512 at run time, whatever the build is for.

use super::naive;
use crate::layers::Rows;

pub struct Matrixmultiply;

/// A matrix in memory and its strides of rows and columns.
#[derive(Clone, Copy)]
struct Matrix<'x> {
    x: &'x [f32],
    rows: usize,
    columns: usize,
    strides: (isize, isize),
}

fn rows<const R: usize, const C: usize>(x: &[[f32; C]; R]) -> Matrix<'_> {
    Matrix {
        x: x.as_flattened(),
        rows: R,
        columns: C,
        strides: (C.cast_signed(), 1),
    }
}

fn row<const C: usize>(x: &[f32; C]) -> Matrix<'_> {
    rows(std::array::from_ref(x))
}

impl Matrix<'_> {
    fn transposed(self) -> Self {
        let (row, column) = self.strides;
        Self {
            rows: self.columns,
            columns: self.rows,
            strides: (column, row),
            ..self
        }
    }
}

/// `c = x·y + beta·c`
fn multiply(x: Matrix, y: Matrix, beta: f32, c: &mut [f32]) {
    assert!(x.columns == y.rows && c.len() == x.rows * y.columns);
    let (row, column) = (y.columns.cast_signed(), 1);
    // SAFETY: each slice holds all elements of its matrix, and `c` is the only mutable one.
    unsafe {
        ::matrixmultiply::sgemm(
            x.rows,
            x.columns,
            y.columns,
            1.0,
            x.x.as_ptr(),
            x.strides.0,
            x.strides.1,
            y.x.as_ptr(),
            y.strides.0,
            y.strides.1,
            beta,
            c.as_mut_ptr(),
            row,
            column,
        );
    }
}

impl<const T: usize, const H: usize> Rows<T, H> for Matrixmultiply {
    const NAME: &str = "matrixmultiply";

    fn weighted_sum(a: &[f32; T], hs: &[[f32; H]; T], c: &mut [f32; H]) {
        multiply(row(a), rows(hs), 0.0, c);
    }

    fn weighted_sum_backward(
        a: &[f32; T],
        hs: &[[f32; H]; T],
        dc: &[f32; H],
        da: &mut [f32; T],
        dhs: &mut [[f32; H]; T],
    ) {
        multiply(rows(hs), row(dc).transposed(), 0.0, da);
        multiply(row(a).transposed(), row(dc), 0.0, dhs.as_flattened_mut());
    }

    fn dot_scores(h: &[f32; H], hs: &[[f32; H]; T], s: &mut [f32; T]) {
        multiply(rows(hs), row(h).transposed(), 0.0, s);
    }

    fn dot_scores_backward(
        h: &[f32; H],
        hs: &[[f32; H]; T],
        ds: &[f32; T],
        dh: &mut [f32; H],
        dhs: &mut [[f32; H]; T],
    ) {
        multiply(row(ds), rows(hs), 0.0, dh);
        multiply(row(ds).transposed(), row(h), 0.0, dhs.as_flattened_mut());
    }

    fn softmax(x: &mut [f32; T]) {
        naive::softmax(x, f32::exp);
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        <super::Naive as Rows<T, H>>::softmax_backward(a, d);
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
        multiply(rows(hs), row(dc).transposed(), 0.0, &mut ds);
        <Self as Rows<T, H>>::softmax_backward(a, &mut ds);
        multiply(row(&ds), rows(hs), 0.0, dh);
        let dhs = dhs.as_flattened_mut();
        multiply(row(a).transposed(), row(dc), 0.0, dhs);
        multiply(row(&ds).transposed(), row(h), 1.0, dhs);
    }

    fn queries<const U: usize>(
        q: &[[f32; H]; U],
        k: &[[f32; H]; T],
        v: &[[f32; H]; T],
        a: &mut [[f32; T]; U],
        c: &mut [[f32; H]; U],
    ) {
        multiply(rows(q), rows(k).transposed(), 0.0, a.as_flattened_mut());
        for a in &mut *a {
            <Self as Rows<T, H>>::softmax(a);
        }
        multiply(rows(a), rows(v), 0.0, c.as_flattened_mut());
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
        multiply(rows(dc), rows(v).transposed(), 0.0, ds.as_flattened_mut());
        for (a, ds) in a.iter().zip(&mut ds) {
            <Self as Rows<T, H>>::softmax_backward(a, ds);
        }
        multiply(rows(&ds), rows(k), 0.0, dq.as_flattened_mut());
        multiply(rows(&ds).transposed(), rows(q), 0.0, dk.as_flattened_mut());
        match dv {
            Some(dv) => multiply(rows(a).transposed(), rows(dc), 0.0, dv.as_flattened_mut()),
            None => multiply(rows(a).transposed(), rows(dc), 1.0, dk.as_flattened_mut()),
        }
    }
}
