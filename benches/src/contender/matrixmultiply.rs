//! `matrixmultiply`: every product as one `sgemm`, the softmax as plain loops with std's exponential.
//! It finds FMA and AVX-512 at run time, whatever the build is for.

use super::{Contender, Naive, Rows, StdExp};

pub struct Matrixmultiply;

/// A matrix in memory: its elements, rows, columns and the strides of both.
type Matrix<'x> = (&'x [f32], [usize; 2], [isize; 2]);

fn matrix<const R: usize, const C: usize>(x: &Rows<R, C>) -> Matrix<'_> {
    (x.as_flattened(), [R, C], [C.cast_signed(), 1])
}

fn transposed((x, [rows, columns], [row, column]): Matrix) -> Matrix {
    (x, [columns, rows], [column, row])
}

/// `c = x·y + beta·c`
fn multiply<const R: usize, const C: usize>(x: Matrix, y: Matrix, beta: f32, c: &mut Rows<R, C>) {
    let ((x, [m, k], [rsx, csx]), (y, [l, n], [rsy, csy])) = (x, y);
    assert!(k == l && m == R && n == C);
    let (x, y, c, rsc) = (
        x.as_ptr(),
        y.as_ptr(),
        c.as_flattened_mut().as_mut_ptr(),
        C.cast_signed(),
    );
    // SAFETY: each slice holds all elements of its matrix, and `c` is the only mutable one.
    unsafe {
        ::matrixmultiply::sgemm(m, k, n, 1.0, x, rsx, csx, y, rsy, csy, beta, c, rsc, 1);
    }
}

impl<const T: usize, const H: usize> Contender<T, H> for Matrixmultiply {
    const NAME: &str = "matrixmultiply";

    fn scores<const U: usize>(q: &Rows<U, H>, k: &Rows<T, H>, s: &mut Rows<U, T>) {
        multiply(matrix(q), transposed(matrix(k)), 0.0, s);
    }

    fn contexts<const U: usize>(a: &Rows<U, T>, v: &Rows<T, H>, c: &mut Rows<U, H>) {
        multiply(matrix(a), matrix(v), 0.0, c);
    }

    fn outer<const U: usize, const ADD: bool>(a: &Rows<U, T>, q: &Rows<U, H>, d: &mut Rows<T, H>) {
        multiply(transposed(matrix(a)), matrix(q), f32::from(ADD), d);
    }

    fn softmax(x: &mut [f32; T]) {
        <StdExp as Contender<T, H>>::softmax(x);
    }

    fn softmax_backward(a: &[f32; T], d: &mut [f32; T]) {
        <Naive as Contender<T, H>>::softmax_backward(a, d);
    }
}
