//! How far results are from the exact ones, in the units of the table of budgets.
//!
//! The same measurements serve twice: on random cases of every shape no budget may be exceeded,
//! and on fixed inputs that were chosen to be bad, each budget must be used to a third at least.

use core::any::type_name;
use core::ptr;

use microattention::{
    Skip, attention, attention_backward, attention_weights_backward, cross_attention,
    cross_attention_backward, dot_scores, dot_scores_backward, softmax, softmax_backward,
    weighted_sum, weighted_sum_backward,
};

use crate::budgets::{
    ATTENTION_WEIGHT, Budget, CONTEXT, DOT, KEY_GRADIENT, PRODUCT, QUERY_GRADIENT, ROW_SUM,
    ROW_SUM_STEPS, SCORE_GRADIENT, SCORE_GRADIENTS_SUM_TO_ZERO, SHARED_KEY_GRADIENT, WEIGHT,
    WEIGHT_ABSOLUTE, WEIGHT_NEAR_MAXIMUM, WEIGHTS_SUM_TO_ONE,
};
use crate::double_double::{self, DoubleDouble};
use crate::element::{Element, boxed, unwritten, wide};
use crate::naive;
use crate::shapes::{on_every_cross_shape, on_every_shape};
use crate::values::{Case, Kind, Source};

mod single {
    use super::*;

    on_every_shape! { FINITE(f32, f64) => sums, softmaxes, attentions }
}

mod cross {
    use super::*;

    on_every_cross_shape! { FINITE(f32, f64) => cross_attentions }
}

/// The largest error seen for each budget.
#[derive(Default)]
struct Errors(Vec<(&'static Budget, f64)>);

impl Errors {
    fn see(&mut self, budget: &'static Budget, error: f64) {
        assert!(!error.is_nan(), "{}: NaN", budget.what);
        match self.0.iter_mut().find(|seen| ptr::eq(seen.0, budget)) {
            Some(seen) => seen.1 = seen.1.max(error),
            None => self.0.push((budget, error)),
        }
    }

    /// One result whose error would be `unit` roundings of a number of this magnitude.
    fn compare<F: Element>(
        &mut self,
        budget: &'static Budget,
        actual: F,
        exact: f64,
        magnitude: f64,
    ) {
        // Where the magnitude is subnormal, so is its rounding.
        let unit = F::ROUNDOFF * (magnitude + 2.0 * F::SMALLEST_NORMAL);
        self.see(budget, (actual.wide() - exact).abs() / unit);
    }

    fn check<F: Element>(self) {
        for (budget, error) in self.0 {
            budget.check::<F>(error);
        }
    }

    fn check_tightness<F: Element>(self) {
        for (budget, error) in self.0 {
            println!(
                "{} in {}: {error:.3} of {}",
                budget.what,
                type_name::<F>(),
                budget.limit::<F>()
            );
            budget.check::<F>(error);
            budget.check_tightness::<F>(error);
        }
    }
}

fn dot_magnitude<const H: usize>(x: &[f64; H], y: &[f64; H]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x * y).abs()).sum()
}

/// The magnitudes of all products and all partial sums: what can be rounded on the way.
fn running_magnitude<const H: usize>(a: &[f64], x: &[[f64; H]], i: usize) -> f64 {
    let (mut sum, mut magnitude) = (0.0, 0.0);
    for (a, x) in a.iter().zip(x) {
        sum += a * x[i];
        magnitude += (a * x[i]).abs() + f64::abs(sum);
    }
    magnitude
}

/// Times the square root of the number of steps, because as many roundings go either way.
fn row_sum_magnitude<const H: usize>(a: &[f64], x: &[[f64; H]], i: usize) -> f64 {
    let (mut sum, mut steps) = (0.0, 0.0);
    for (a, x) in a.iter().zip(x) {
        sum += (a * x[i]).abs();
        steps += 1.0;
    }
    libm::sqrt(steps) * sum
}

fn sums<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut errors = Errors::default();
    measure_sums::<F, N, T, H>(case, &mut errors);
    errors.check::<F>();
}

/// `weighted_sum`, `dot_scores` and their backward passes.
fn measure_sums<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
    errors: &mut Errors,
) {
    let mut source = case.source();
    let a = source.array::<[F; T], N>();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();

    // With `h` as `dc` and `a` as `ds`, the forward and backward passes have the same inputs.
    let (mut s, mut c) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
    weighted_sum(&a, &hs, &mut c);
    dot_scores(&h, &hs, &mut s);
    let (mut da, mut dh) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
    let (mut dhs_of_sum, mut dhs_of_scores) =
        (unwritten::<[[F; H]; T], N>(), unwritten::<[[F; H]; T], N>());
    weighted_sum_backward(&a, &hs, &h, &mut *da, &mut *dhs_of_sum);
    dot_scores_backward(&h, &hs, &a, &mut *dh, &mut *dhs_of_scores);

    for n in 0..N {
        let (exact_a, exact_h) = (a[n].map(F::wide), h[n].map(F::wide));
        let exact_hs = wide(&hs[n]);
        let (mut exact_s, mut exact_c) = ([f64::NAN; T], [f64::NAN; H]);
        naive::dot_scores(&exact_h, &exact_hs, &mut exact_s);
        naive::weighted_sum(&exact_a, &exact_hs, &mut exact_c);
        let (mut exact_da, mut exact_dh) = ([f64::NAN; T], [f64::NAN; H]);
        let mut of_sum = vec![[f64::NAN; H]; T];
        let mut of_scores = vec![[f64::NAN; H]; T];
        naive::weighted_sum_backward(&exact_a, &exact_hs, &exact_h, &mut exact_da, &mut of_sum);
        naive::dot_scores_backward(&exact_h, &exact_hs, &exact_a, &mut exact_dh, &mut of_scores);

        for t in 0..T {
            let magnitude = dot_magnitude(&exact_hs[t], &exact_h);
            errors.compare(&DOT, s[n][t], exact_s[t], magnitude);
            errors.compare(&DOT, da[n][t], exact_da[t], magnitude);
            for i in 0..H {
                let (x, y) = (of_sum[t][i], of_scores[t][i]);
                errors.compare(&PRODUCT, dhs_of_sum[n][t][i], x, x.abs());
                errors.compare(&PRODUCT, dhs_of_scores[n][t][i], y, y.abs());
            }
        }
        for i in 0..H {
            let magnitude = row_sum_magnitude(&exact_a, &exact_hs, i);
            errors.compare(&ROW_SUM, c[n][i], exact_c[i], magnitude);
            errors.compare(&ROW_SUM, dh[n][i], exact_dh[i], magnitude);
            let magnitude = running_magnitude(&exact_a, &exact_hs, i);
            errors.compare(&ROW_SUM_STEPS, c[n][i], exact_c[i], magnitude);
        }
    }
}

fn softmaxes<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut errors = Errors::default();
    // From nearly equal scores to one that outweighs all others.
    for spread in [0.1, 1.0, 10.0, 100.0] {
        let mut x = source.array::<[F; T], N>();
        for x in x.as_flattened_mut() {
            *x = F::of(x.wide() * spread);
        }
        let da = source.array::<[F; T], N>();
        measure_softmax(&x, &da, &mut errors);
    }
    errors.check::<F>();
}

/// The naive softmax where `f64` is much better than the element type, or else one in more digits.
fn exact_softmax<F: Element>(x: &[f64]) -> Vec<DoubleDouble> {
    if !F::IS_SINGLE {
        return double_double::softmax(x);
    }
    let mut a = x.to_vec();
    naive::softmax(&mut a);
    a.into_iter().map(DoubleDouble::new).collect()
}

fn measure_softmax<F: Element, const N: usize, const T: usize>(
    x: &[[F; T]; N],
    da: &[[F; T]; N],
    errors: &mut Errors,
) {
    let mut a = boxed::<[F; T], N>(F::of(0.0));
    a.copy_from_slice(x);
    softmax(&mut a);
    for n in 0..N {
        let x: Vec<f64> = x[n].iter().map(|x| x.wide()).collect();
        let exact = exact_softmax::<F>(&x);
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = DoubleDouble::new(-1.0);
        for t in 0..T {
            let error = ((a[n][t].wide() - exact[t].hi) - exact[t].lo).abs();
            let unit = F::ROUNDOFF * (exact[t].hi + 2.0 * F::SMALLEST_NORMAL);
            errors.see(&WEIGHT, error / unit - (x[t] - max).abs());
            errors.see(&WEIGHT_ABSOLUTE, error / F::ROUNDOFF);
            if x[t] >= max - 1.0 {
                errors.see(&WEIGHT_NEAR_MAXIMUM, error / F::ulp(exact[t].hi));
            }
            sum = sum.plus(DoubleDouble::new(a[n][t].wide()));
        }
        if T > 0 {
            errors.see(&WEIGHTS_SUM_TO_ONE, sum.hi.abs() / F::ROUNDOFF);
        }
    }

    let mut ds = boxed::<[F; T], N>(F::of(0.0));
    ds.copy_from_slice(da);
    softmax_backward(&a, &mut ds);
    for n in 0..N {
        let exact_a: Vec<f64> = a[n].iter().map(|a| a.wide()).collect();
        let mut exact: Vec<f64> = da[n].iter().map(|da| da.wide()).collect();
        let magnitudes = score_gradient_magnitudes::<F>(&exact_a, &exact);
        naive::softmax_backward(&exact_a, &mut exact);
        for t in 0..T {
            errors.compare(&SCORE_GRADIENT, ds[n][t], exact[t], magnitudes[t]);
        }
        let sum: f64 = ds[n].iter().map(|ds| ds.wide()).sum();
        let magnitude: f64 = magnitudes.iter().sum();
        errors.compare(&SCORE_GRADIENTS_SUM_TO_ZERO, F::of(sum), 0.0, magnitude);
    }
}

/// `a[t]·(b[t] + Σ_j a[j]·b[j])`, where `b` are the magnitudes of `da`, and at least what makes a
/// rounding in the subnormal range one unit, since a large key or query may follow as a factor.
fn score_gradient_magnitudes<F: Element>(a: &[f64], da: &[f64]) -> Vec<f64> {
    let sum: f64 = a.iter().zip(da).map(|(a, da)| (a * da).abs()).sum();
    a.iter()
        .zip(da)
        .map(|(a, da)| a.abs() * (da.abs() + sum) + 2.0 * F::SMALLEST_NORMAL)
        .collect()
}

fn attentions<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut errors = Errors::default();
    measure_attention::<F, N, T, H>(case, &mut errors);
    errors.check::<F>();
}

fn measure_attention<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
    errors: &mut Errors,
) {
    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();
    let da = source.array::<[F; T], N>();
    let (mut a, mut c) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
    attention(&h, &hs, &mut a, &mut c);
    let (mut dh, mut dhs) = (unwritten::<[F; H], N>(), unwritten::<[[F; H]; T], N>());
    attention_backward(&h, &hs, &a, &dc, &mut *dh, &mut *dhs);
    let mut weights_dh = unwritten::<[F; H], N>();
    let mut weights_dhs = unwritten::<[[F; H]; T], N>();
    let gradients = (&mut *weights_dh, &mut *weights_dhs);
    attention_weights_backward(&h, &hs, &a, &da, gradients.0, gradients.1);

    for n in 0..N {
        let (h, dc) = (h[n].map(F::wide), dc[n].map(F::wide));
        let hs = wide(&hs[n]);
        let row = Row { h: &h, hs: &hs };
        row.compare_forward(&a[n], &c[n], errors);

        // The backward pass is given the rounded weights, so they are its exact input.
        let (a, da) = (a[n].map(F::wide), da[n].map(F::wide));
        let (mut exact_dh, mut exact_dhs) = ([f64::NAN; H], vec![[f64::NAN; H]; T]);
        naive::attention_backward(&h, &hs, &a, &dc, &mut exact_dh, &mut exact_dhs);
        let b: Vec<f64> = hs.iter().map(|hs| dot_magnitude(hs, &dc)).collect();
        let g = score_gradient_magnitudes::<F>(&a, &b);
        for i in 0..H {
            let magnitude = row_sum_magnitude(&g, &hs, i);
            errors.compare(&QUERY_GRADIENT, dh[n][i], exact_dh[i], magnitude);
            for t in 0..T {
                let magnitude = g[t] * h[i].abs() + (a[t] * dc[i]).abs();
                errors.compare(&KEY_GRADIENT, dhs[n][t][i], exact_dhs[t][i], magnitude);
            }
        }

        naive::attention_weights_backward(&h, &hs, &a, &da, &mut exact_dh, &mut exact_dhs);
        let g = score_gradient_magnitudes::<F>(&a, &da);
        for i in 0..H {
            let magnitude = row_sum_magnitude(&g, &hs, i);
            errors.compare(&QUERY_GRADIENT, weights_dh[n][i], exact_dh[i], magnitude);
            for t in 0..T {
                let (actual, exact) = (weights_dhs[n][t][i], exact_dhs[t][i]);
                errors.compare(&KEY_GRADIENT, actual, exact, g[t] * h[i].abs());
            }
        }
    }
}

/// A query and its keys in `f64`.
struct Row<'a, const H: usize> {
    h: &'a [f64; H],
    hs: &'a [[f64; H]],
}

impl<const H: usize> Row<'_, H> {
    fn compare_forward<F: Element, const T: usize>(
        &self,
        a: &[F; T],
        c: &[F; H],
        errors: &mut Errors,
    ) {
        let mut s = [f64::NAN; T];
        naive::dot_scores(self.h, self.hs, &mut s);
        let max = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut exact_a, mut exact_c) = ([f64::NAN; T], [f64::NAN; H]);
        naive::attention(self.h, self.hs, &mut exact_a, &mut exact_c);
        let w: Vec<f64> = (0..T)
            .map(|t| 1.0 + (s[t] - max).abs() + dot_magnitude(&self.hs[t], self.h))
            .collect();
        let magnitudes = score_gradient_magnitudes::<F>(&exact_a, &w);
        for t in 0..T {
            errors.compare(&ATTENTION_WEIGHT, a[t], exact_a[t], magnitudes[t]);
        }
        for i in 0..H {
            let magnitude = row_sum_magnitude(&magnitudes, self.hs, i);
            errors.compare(&CONTEXT, c[i], exact_c[i], magnitude);
        }
    }
}

fn cross_attentions<F: Element, const N: usize, const U: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut errors = Errors::default();
    measure_cross_attention::<F, N, U, T, H>(case, &mut errors);
    errors.check::<F>();
}

fn measure_cross_attention<
    F: Element,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    case: Case,
    errors: &mut Errors,
) {
    let mut source = case.source();
    let hs_dec = source.array::<[[F; H]; U], N>();
    let hs_enc = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[[F; H]; U], N>();
    let mut a = unwritten::<[[F; T]; U], N>();
    let mut c = unwritten::<[[F; H]; U], N>();
    cross_attention(&hs_dec, &hs_enc, &mut a, &mut c);
    let mut dhs_dec = unwritten::<[[F; H]; U], N>();
    let mut dhs_enc = unwritten::<[[F; H]; T], N>();
    cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, &mut *dhs_dec, Skip);
    cross_attention_backward(&hs_dec, &hs_enc, &a, &dc, Skip, &mut *dhs_enc);

    for n in 0..N {
        let (hs_dec, hs_enc) = (wide(&hs_dec[n]), wide(&hs_enc[n]));
        let (exact_a, dc) = (wide(&a[n]), wide(&dc[n]));
        let mut dec = vec![[f64::NAN; H]; U];
        let mut enc = vec![[f64::NAN; H]; T];
        naive::cross_attention_backward(&hs_dec, &hs_enc, &exact_a, &dc, &mut dec, &mut enc);

        let mut magnitudes = vec![[0.0; H]; T];
        for u in 0..U {
            let (h, hs, dc) = (&hs_dec[u], &hs_enc, &dc[u]);
            Row { h, hs }.compare_forward(&a[n][u], &c[n][u], errors);
            let a = &exact_a[u];
            let b: Vec<f64> = hs.iter().map(|hs| dot_magnitude(hs, dc)).collect();
            let g = score_gradient_magnitudes::<F>(a, &b);
            for i in 0..H {
                let magnitude = row_sum_magnitude(&g, hs, i);
                errors.compare(&QUERY_GRADIENT, dhs_dec[n][u][i], dec[u][i], magnitude);
                for t in 0..T {
                    magnitudes[t][i] += g[t] * h[i].abs() + (a[t] * dc[i]).abs();
                }
            }
        }
        for t in 0..T {
            for i in 0..H {
                let (actual, magnitude) = (dhs_enc[n][t][i], magnitudes[t][i]);
                errors.compare(&SHARED_KEY_GRADIENT, actual, enc[t][i], magnitude);
            }
        }
    }
}

/// Fixed cases of the shapes on which errors are largest for their size.
fn fixed_cases(mut measure: impl FnMut(Case)) {
    for kind in [Kind::Even, Kind::Positive, Kind::Wide] {
        for seed in 0..25 {
            measure(Case::new(seed, kind));
        }
    }
}

fn tight_sums<F: Element>() {
    let mut errors = Errors::default();
    fixed_cases(|case| {
        measure_sums::<F, 1, 9, 8>(case, &mut errors);
        measure_sums::<F, 1, 3, 130>(case, &mut errors);
        measure_sums::<F, 1, 300, 2>(case, &mut errors);
    });
    // One number again and again: each partial sum is rounded the same way for a while.
    for i in 0..60_u8 {
        let x = F::of(1.0 + f64::from(i) / 60.0);
        let mut c = unwritten::<[F; 1], 1>();
        weighted_sum(
            &boxed::<[F; 1030], 1>(F::of(1.0)),
            &boxed::<[[F; 1]; 1030], 1>(x),
            &mut c,
        );
        let magnitude = running_magnitude(&[1.0; 1030], &[[x.wide()]; 1030], 0);
        errors.compare(&ROW_SUM_STEPS, c[0][0], 1030.0 * x.wide(), magnitude);
    }
    errors.check_tightness::<F>();
}

#[test]
fn budgets_of_sums_are_tight() {
    tight_sums::<f32>();
    tight_sums::<f64>();
}

/// Rows of one score over and over, but for a single larger one: the exponential is off the same
/// way each time, and many additions are.
fn repeated_scores<F: Element, const T: usize>(errors: &mut Errors) {
    let mut source = Source::new(7, Kind::Even);
    for _ in 0..60_000 / T {
        let mut x = boxed::<[F; T], 1>(F::of(-source.unit()));
        x[0][source.below(T)] = F::of(0.0);
        measure_softmax(&x, &source.array(), errors);
    }
}

/// Rows near the maximum, sorted rows, and rows with a long tail; upstream gradients that cancel,
/// and some that do not.
fn spread_scores<F: Element, const T: usize>(errors: &mut Errors) {
    let mut source = Source::new(8, Kind::Even);
    let mut positive = Source::new(8, Kind::Positive);
    for round in 0..24_000 / T {
        let spread = [0.01, 1.0, 1.0, 10.0, 80.0][round % 5];
        let mut x = source.array::<[F; T], 1>();
        for x in &mut x[0] {
            *x = F::of(x.wide() * spread);
        }
        if round % 3 == 0 {
            x[0].sort_by(|x, y| x.wide().total_cmp(&y.wide()));
        }
        measure_softmax(&x, &source.array(), errors);
        measure_softmax(&x, &positive.array(), errors);
    }
}

fn tight_softmax<F: Element>() {
    let mut errors = Errors::default();
    repeated_scores::<F, 7>(&mut errors);
    repeated_scores::<F, 255>(&mut errors);
    repeated_scores::<F, 511>(&mut errors);
    repeated_scores::<F, 2047>(&mut errors);
    repeated_scores::<F, 4096>(&mut errors);
    spread_scores::<F, 5>(&mut errors);
    spread_scores::<F, 64>(&mut errors);
    spread_scores::<F, 300>(&mut errors);
    spread_scores::<F, 4096>(&mut errors);
    errors.check_tightness::<F>();
}

#[test]
fn budgets_of_softmax_are_tight() {
    tight_softmax::<f32>();
    tight_softmax::<f64>();
}

fn tight_attention<F: Element>() {
    let mut errors = Errors::default();
    fixed_cases(|case| {
        measure_attention::<F, 1, 2, 1>(case, &mut errors);
        measure_attention::<F, 1, 5, 8>(case, &mut errors);
        measure_attention::<F, 2, 3, 65>(case, &mut errors);
        measure_attention::<F, 1, 1030, 3>(case, &mut errors);
        measure_cross_attention::<F, 1, 3, 5, 4>(case, &mut errors);
        measure_cross_attention::<F, 1, 30, 2, 1>(case, &mut errors);
    });
    errors.check_tightness::<F>();
}

#[test]
fn budgets_of_attention_are_tight() {
    tight_attention::<f32>();
    tight_attention::<f64>();
}
