//! Scores and weighted sums beside the exact ones.

use microattention::{
    Attend, dot_scores as kernel_dot_scores, dot_scores_backward as kernel_dot_scores_backward,
    weighted_sum as kernel_weighted_sum, weighted_sum_backward as kernel_weighted_sum_backward,
};

use super::{Flat, wide, wide_rows};
use crate::bounds::attention::Query;
use crate::bounds::{self, column};
use crate::climb::{Output, outputs};
use crate::element::Element;
use crate::exact::{self, number, numbers};

fn nan<F: Element>() -> F {
    F::of(f64::NAN)
}

pub fn weighted_sum<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (a, hs) = (x.row::<T>(), x.rows::<T, H>());
    let mut c = [[nan(); H]];
    kernel_weighted_sum(&[a], &[hs], &mut c);

    let (a, hs) = (wide(&a), wide_rows(&hs));
    let exact = exact::row_sum(&numbers(&a), &exact::rows(&hs));
    let units: Vec<f64> = (0..H)
        .map(|i| bounds::row_sum(&a, &column(&hs, i)))
        .collect();
    outputs("c", &c[0], &exact, &units).collect()
}

/// `x[t]·y[i]` for each `t` and `i`, each rounded once.
fn products<F: Element, const H: usize>(
    name: &'static str,
    actual: &[[F; H]],
    x: &[f64],
    y: &[f64],
) -> Vec<Output> {
    let each = || x.iter().flat_map(|x| y.iter().map(move |y| (*x, *y)));
    let exact: Vec<_> = each().map(|(x, y)| number(x).times(number(y))).collect();
    let units: Vec<f64> = each().map(|(x, y)| bounds::product(x, y)).collect();
    outputs(name, actual.as_flattened(), &exact, &units).collect()
}

/// `Σ_i x[i]·rows[t][i]` for each `t`.
fn dots<F: Element>(name: &'static str, actual: &[F], x: &[f64], rows: &[Vec<f64>]) -> Vec<Output> {
    let exact: Vec<_> = rows
        .iter()
        .map(|row| exact::dot(&numbers(x), &numbers(row)))
        .collect();
    let units: Vec<f64> = rows.iter().map(|row| bounds::dot(x, row)).collect();
    outputs(name, actual, &exact, &units).collect()
}

pub fn weighted_sum_backward<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (dc, hs, a) = (x.row::<H>(), x.rows::<T, H>(), x.row::<T>());
    let (mut da, mut dhs) = ([[nan(); T]], [[[nan(); H]; T]]);
    kernel_weighted_sum_backward(&[a], &[hs], &[dc], &mut da, &mut dhs);

    let (dc, hs, a) = (wide(&dc), wide_rows(&hs), wide(&a));
    let mut all = dots("da", &da[0], &dc, &hs);
    all.extend(products("dhs", &dhs[0], &a, &dc));
    all
}

pub fn dot_scores<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let mut s = [[nan(); T]];
    kernel_dot_scores(&[h], &[hs], &mut s);
    dots("s", &s[0], &wide(&h), &wide_rows(&hs))
}

pub fn dot_scores_biased<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (h, hs) = (x.row::<H>(), x.rows::<T, H>());
    let ([scale], bias) = (x.row::<1>(), x.row::<T>());
    let mut s = [[nan(); T]];
    let att = Attend::new().scale(scale);
    att.bias(&[bias]).dot_scores(&[h], &[hs], &mut s);

    let query = Query {
        q: wide(&h),
        k: wide_rows(&hs),
        v: Vec::new(),
        scale: Some(scale.wide()),
        bias: Some(wide(&bias)),
    };
    let exact = query.exact_scores();
    outputs("s, scaled and biased", &s[0], &exact, &query.dot_scores()).collect()
}

pub fn dot_scores_backward<F: Element, const T: usize, const H: usize>(x: &[F]) -> Vec<Output> {
    let mut x = Flat(x);
    let (ds, hs, h) = (x.row::<T>(), x.rows::<T, H>(), x.row::<H>());
    let (mut dh, mut dhs) = ([[nan(); H]], [[[nan(); H]; T]]);
    kernel_dot_scores_backward(&[h], &[hs], &[ds], &mut dh, &mut dhs);

    let (ds, hs, h) = (wide(&ds), wide_rows(&hs), wide(&h));
    let exact = exact::row_sum(&numbers(&ds), &exact::rows(&hs));
    let units: Vec<f64> = (0..H)
        .map(|i| bounds::row_sum(&ds, &column(&hs, i)))
        .collect();
    let mut all: Vec<_> = outputs("dh", &dh[0], &exact, &units).collect();
    all.extend(products("dhs", &dhs[0], &ds, &h));
    all
}
