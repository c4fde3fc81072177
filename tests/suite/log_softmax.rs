//! The logarithm of the softmax, forward and backward.

#![allow(
    clippy::extra_unused_type_parameters,
    reason = "stamped on the shapes as every property is, but differences of `f32` would say little"
)]

use microattention::{log_softmax, log_softmax_backward};

use crate::double_double::{self, DoubleDouble};
use crate::element::{Element, assert_same_bits, unwritten};
use crate::exact;
use crate::shapes::on_every_shape;
use crate::values::{Case, Kind, Source};

mod single {
    use super::*;

    on_every_shape! { FINITE(f32, f64) =>
        results_are_within_the_bound, gradients_are_within_the_bound, exponentials_sum_to_one,
        only_differences_of_scores_matter, gradients_sum_to_zero, one_row_does_not_see_another,
    }
}

mod slope {
    use super::*;

    on_every_shape! { EVEN(f64) => the_gradient_is_the_slope }
}

/// What first order leaves out: products of errors, each below 2⁻¹⁰.
pub const FIRST_ORDER: f64 = 1.0 + 1.0 / 512.0;

/// `m = max_t x[t]` and `ln Σ_t exp(x[t] − m)` to about 100 bits, of finite numbers.
pub fn normalizer(x: &[f64]) -> (f64, DoubleDouble) {
    let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = DoubleDouble::new(0.0);
    for &x in x {
        // The difference is not rounded: e^(hi + lo) = e^hi·(1 + lo).
        let d = DoubleDouble::new(x).plus(DoubleDouble::new(-m));
        if d.hi > -746.0 {
            let (e, k) = double_double::exp(d.hi);
            let e = e.times(DoubleDouble::new(1.0).plus(DoubleDouble::new(d.lo)));
            sum = sum.plus(DoubleDouble {
                hi: libm::ldexp(e.hi, k),
                lo: libm::ldexp(e.lo, k),
            });
        }
    }
    (m, exact::ln(sum))
}

/// `y[t] = (x[t] − m) − ln Σ_j exp(x[j] − m)` to about 100 bits, of finite numbers.
pub fn exact(x: &[f64]) -> Vec<DoubleDouble> {
    if x.is_empty() {
        return Vec::new();
    }
    let (m, DoubleDouble { hi, lo }) = normalizer(x);
    let log_sum = DoubleDouble { hi: -hi, lo: -lo };
    let d = |x: f64| DoubleDouble::new(x).plus(DoubleDouble::new(-m));
    x.iter().map(|x| d(*x).plus(log_sum)).collect()
}

/// `⌈log2 n⌉`, and 0 for nothing.
pub fn levels(n: usize) -> f64 {
    f64::from(n.max(1).next_power_of_two().ilog2())
}

/// The natural logarithm of a number of terms.
pub fn log(n: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a few thousand at most")]
    libm::log(n.max(1) as f64)
}

/// The documented bound of a result whose score is `distance` below the largest.
fn bound<F: Element>(distance: f64, count: usize) -> f64 {
    F::ROUNDOFF * (2.0 * distance + levels(count) + 8.0 + log(count))
}

/// The documented bound of a gradient, whatever `y` is.
fn gradient_bound<F: Element>(y: f64, d: f64, total: f64, count: usize) -> f64 {
    F::ROUNDOFF * (d.abs() + (levels(count) + 8.0) * libm::exp(y) * total)
}

/// Scores with a random spread, ties among them.
fn scores<F: Element, const N: usize, const T: usize>(source: &mut Source) -> Box<[[F; T]; N]> {
    let spread = [0.01, 1.0, 10.0, 200.0][source.below(4)];
    let mut x = source.array::<[F; T], N>();
    for row in &mut *x {
        for score in row.iter_mut() {
            *score = F::of(score.wide() * spread);
        }
        if T > 0 {
            row[source.below(T)] = row[source.below(T)];
        }
    }
    x
}

pub fn error<F: Element>(result: F, exact: DoubleDouble) -> f64 {
    ((result.wide() - exact.hi) - exact.lo).abs()
}

/// The largest error of a row as a share of its bound.
fn share_of_bound<F: Element, const T: usize>(x: &[F; T]) -> f64 {
    let mut y = [*x];
    log_softmax(&mut y);
    let wide = x.map(F::wide);
    let m = wide.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut share = 0.0;
    for (t, exact) in exact(&wide).into_iter().enumerate() {
        let error = error(y[0][t], exact);
        assert!(!error.is_nan(), "{} for {:?}", y[0][t], x[t]);
        share = f64::max(share, error / bound::<F>(m - wide[t], T));
    }
    share
}

fn results_are_within_the_bound<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    for x in &*scores::<F, N, T>(&mut case.source()) {
        let share = share_of_bound(x);
        assert!(share <= FIRST_ORDER, "{share} of the bound");
    }
}

/// The exact gradient for a given `y`, as `(gradient, Σ_t |d[t]|)`.
fn exact_gradient(y: &[f64], d: &[f64]) -> (Vec<DoubleDouble>, f64) {
    let mut sum = DoubleDouble::new(0.0);
    for d in d {
        sum = sum.plus(DoubleDouble::new(*d));
    }
    let gradient = |(&y, &d): (&f64, &f64)| {
        if y < -746.0 {
            return DoubleDouble::new(d);
        }
        let (e, k) = double_double::exp(y);
        let product = e.times(sum);
        DoubleDouble::new(d).plus(DoubleDouble {
            hi: -libm::ldexp(product.hi, k),
            lo: -libm::ldexp(product.lo, k),
        })
    };
    let total = d.iter().map(|d| d.abs()).sum();
    (y.iter().zip(d).map(gradient).collect(), total)
}

fn share_of_gradient_bound<F: Element, const T: usize>(y: &[F; T], d: &[F; T]) -> f64 {
    let mut ds = [*d];
    log_softmax_backward(&[*y], &mut ds);
    let (y, d) = (y.map(F::wide), d.map(F::wide));
    let (exact, total) = exact_gradient(&y, &d);
    let mut share = 0.0;
    for t in 0..T {
        let error = error(ds[0][t], exact[t]);
        assert!(!error.is_nan());
        // Below the normal numbers the exponential is off by the smallest subnormal, the product by
        // half of it.
        let underflow = 2.0 * F::SMALLEST_NORMAL * F::ROUNDOFF * (1.0 + total);
        let bound = gradient_bound::<F>(y[t], d[t], total, T) + underflow;
        share = f64::max(share, error / bound);
    }
    share
}

fn gradients_are_within_the_bound<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let mut y = scores::<F, N, T>(&mut source);
    log_softmax(&mut y);
    let d = source.array::<[F; T], N>();
    for n in 0..N {
        let share = share_of_gradient_bound(&y[n], &d[n]);
        assert!(share <= FIRST_ORDER, "{share} of the bound");
    }
}

/// The bounds say something: inputs chosen to be bad come near them, where a score is far below the
/// largest and where it is near.
fn bounds_are_reached<F: Element>() {
    let mut source = Source::new(5, Kind::Even);
    let (mut far, mut near) = (0.0, 0.0);
    let (mut of_small_weights, mut of_large_weights) = (0.0, 0.0);
    for _ in 0..200 {
        // Differences right above a power of two round by as much as their distance allows, and
        // so does the result.
        let x = [0.0, -(128.0 + source.unit()), 0.3 * source.unit()].map(F::of);
        far = f64::max(far, share_of_bound(&x));
        // A logarithm right above 4 does too.
        let x: [F; 56] = *source.array::<[F; 56], 1>().first().expect("one row");
        let x = x.map(|x| F::of(0.01 * x.wide()));
        near = f64::max(near, share_of_bound(&x));

        let d: [F; 3] = core::array::from_fn(|_| source.value());
        let mut y = [[0.0, 0.0, -7.0].map(F::of)];
        log_softmax(&mut y);
        let small = share_of_gradient_bound(&y[0], &d.map(|d| F::of(1.0 + d.wide().abs() / 8.0)));
        of_small_weights = f64::max(of_small_weights, small);
        let d: [F; 2] = core::array::from_fn(|_| F::of(1.0 + source.unit()));
        let mut y = [[F::of(source.unit()), F::of(source.unit())]];
        log_softmax(&mut y);
        of_large_weights = f64::max(of_large_weights, share_of_gradient_bound(&y[0], &d));
    }
    println!("log_softmax: {far:.3} of the bound far from the maximum, {near:.3} near it");
    println!(
        "its gradient: {of_small_weights:.3} at small weights, {of_large_weights:.3} at large ones"
    );
    for share in [far, near, of_small_weights, of_large_weights] {
        assert!((0.125..=FIRST_ORDER).contains(&share), "{share}");
    }
}

#[test]
fn the_bounds_are_reached() {
    bounds_are_reached::<f32>();
    bounds_are_reached::<f64>();
}

fn exponentials_sum_to_one<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let x = scores::<F, N, T>(&mut case.source());
    let mut y = x.clone();
    log_softmax(&mut y);
    if T == 0 {
        return;
    }
    for (x, y) in x.iter().zip(&*y) {
        assert!(y.iter().all(|y| y.wide() <= 0.0), "a probability above 1");
        let m = x.iter().map(|x| x.wide()).fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut limit) = (DoubleDouble::new(0.0), 0.0);
        for (x, y) in x.iter().zip(y) {
            let (x, y) = (x.wide(), y.wide());
            if y > -746.0 {
                let (e, k) = double_double::exp(y);
                sum = sum.plus(DoubleDouble {
                    hi: libm::ldexp(e.hi, k),
                    lo: libm::ldexp(e.lo, k),
                });
                // An absolute error of a logarithm is a relative one of the number.
                limit += libm::exp(y) * bound::<F>(m - x, T);
            }
        }
        let error = ((sum.hi - 1.0) + sum.lo).abs();
        assert!(error <= FIRST_ORDER * limit, "off by {error}");
    }
}

/// Adding one number to all scores changes no bit where the additions are exact.
fn only_differences_of_scores_matter<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    // Multiples of 1/64 below 2048: 17 bits, and 18 after the shift.
    let coarse = |x: f64| F::of((x * 64.0).trunc().clamp(-1e5, 1e5) / 64.0);
    let mut x = source.array::<[F; T], N>();
    for x in x.as_flattened_mut() {
        *x = coarse(x.wide());
    }
    let mut shifted = x.clone();
    let shift = coarse(2000.0 * source.unit() - 1000.0);
    for x in shifted.as_flattened_mut() {
        *x += shift;
    }
    log_softmax(&mut x);
    log_softmax(&mut shifted);
    assert_same_bits(&*shifted, &*x, "log-softmax of shifted scores");
}

/// The gradients of a row cancel, because a shift of all scores changes nothing.
fn gradients_sum_to_zero<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut y = scores::<F, N, T>(&mut source);
    log_softmax(&mut y);
    let d = source.array::<[F; T], N>();
    for n in 0..N {
        let mut ds = [d[n]];
        log_softmax_backward(&[y[n]], &mut ds);
        let total: f64 = d[n].iter().map(|d| d.wide().abs()).sum();
        let (mut sum, mut limit, mut weights) =
            (DoubleDouble::new(0.0), 0.0, DoubleDouble::new(-1.0));
        for t in 0..T {
            let y = y[n][t].wide();
            sum = sum.plus(DoubleDouble::new(ds[0][t].wide()));
            limit += gradient_bound::<F>(y, d[n][t].wide(), total, T) + F::SMALLEST_NORMAL;
            weights = weights.plus(DoubleDouble::new(libm::exp(y)));
        }
        // That the rounded weights do not sum to 1 shows too; and `libm::exp` is off by an ulp.
        let limit = FIRST_ORDER * limit + total * (weights.hi.abs() + 4.0 * f64::ROUNDOFF);
        let sum = if T == 0 { 0.0 } else { sum.hi.abs() };
        assert!(sum <= limit, "{sum}, at most {limit}");
    }
}

fn one_row_does_not_see_another<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let x = scores::<F, N, T>(&mut source);
    let d = source.array::<[F; T], N>();
    let mut y = x.clone();
    log_softmax(&mut y);
    let mut ds = d.clone();
    log_softmax_backward(&y, &mut ds);
    for n in 0..N {
        // The other rows are poisoned.
        let (mut alone, mut alone_ds) = (unwritten::<[F; T], N>(), unwritten::<[F; T], N>());
        (alone[n], alone_ds[n]) = (x[n], d[n]);
        log_softmax(&mut alone);
        assert_same_bits(&alone[n..=n], &y[n..=n], "log-softmax of a row");
        log_softmax_backward(&alone, &mut alone_ds);
        assert_same_bits(&alone_ds[n..=n], &ds[n..=n], "gradient of a row");
    }
}

/// The derivative of a loss at `x` along one of its variables, from three symmetric differences,
/// extrapolated twice, so that the error is of sixth order: below 10⁻¹⁴ for a softmax.
pub fn slope(x: f64, mut difference: impl FnMut(f64, f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 256.0;
    let mut slope = |step: f64| difference(x + step, x - step) / (2.0 * step);
    let (d1, d2, d4) = (slope(STEP), slope(2.0 * STEP), slope(4.0 * STEP));
    let (e1, e2) = ((4.0 * d1 - d2) / 3.0, (4.0 * d2 - d4) / 3.0);
    (16.0 * e1 - e2) / 15.0
}

/// How much a rounding error of a loss can grow in [`slope`]: two losses over two steps, and the
/// extrapolation.
pub const SLOPE_OF_A_ROUNDING: f64 = 512.0;

/// The loss is `Σ_t d[t]·y[t]`, so that `d` is the upstream gradient.
fn the_gradient_is_the_slope<F, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let x = source.array::<[f64; T], N>();
    let d = source.array::<[f64; T], N>();
    let mut y = x.clone();
    log_softmax(&mut y);
    let mut ds = d.clone();
    log_softmax_backward(&y, &mut ds);
    for n in 0..N {
        let total: f64 = d[n].iter().map(|d| d.abs()).sum();
        // All scores are within 2 of the largest.
        let tolerance = SLOPE_OF_A_ROUNDING * total * bound::<f64>(2.1, T) + 1e-12;
        for t in (0..T).take(3).chain((3..T).skip(8).step_by(31)) {
            let of = |x_t: f64| {
                let mut y = [x[n]];
                y[0][t] = x_t;
                log_softmax(&mut y);
                y[0]
            };
            let expected = slope(x[n][t], |after, before| {
                let differences = of(after).into_iter().zip(of(before));
                let terms = d[n].iter().zip(differences);
                terms.map(|(d, (after, before))| d * (after - before)).sum()
            });
            let error = (ds[n][t] - expected).abs();
            assert!(error <= tolerance, "{} is not {expected}", ds[n][t]);
        }
    }
}

/// `log_softmax` of one row, and that it leaves the rows around it alone.
fn of_row<F: Element, const T: usize>(x: [f64; T]) -> [f64; T] {
    let other = [F::of(0.25); T];
    let mut rows = [other, x.map(F::of), other];
    log_softmax(&mut rows);
    let mut expected = [other];
    log_softmax(&mut expected);
    assert_same_bits(&rows[..1], &expected, "the row before");
    assert_same_bits(&rows[2..], &expected, "the row after");
    rows[1].map(F::wide)
}

fn backward_of_row<F: Element, const T: usize>(y: [f64; T], d: [f64; T]) -> [f64; T] {
    let (other_y, other_d) = ([F::of(-0.75); T], [F::of(0.5); T]);
    let mut rows = [other_d, d.map(F::of), other_d];
    log_softmax_backward(&[other_y, y.map(F::of), other_y], &mut rows);
    let mut expected = [other_d];
    log_softmax_backward(&[other_y], &mut expected);
    assert_same_bits(&rows[..1], &expected, "the row before");
    assert_same_bits(&rows[2..], &expected, "the row after");
    rows[1].map(F::wide)
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[track_caller]
fn assert_all_nan(x: &[f64]) {
    assert!(x.iter().all(|x| x.is_nan()), "{x:?}");
}

fn special_scores<F: Element>() {
    // A score of −∞ gives −∞, and the others are those of the row without it.
    let alone = of_row::<F, 2>([0.5, -1.5]);
    assert_eq!(
        of_row::<F, 4>([-INF, 0.5, -1.5, -INF]),
        [-INF, alone[0], alone[1], -INF]
    );
    // Nothing but −∞ stays as it is.
    assert_eq!(of_row::<F, 1>([-INF]), [-INF]);
    assert_eq!(of_row::<F, 9>([-INF; 9]), [-INF; 9]);
    // NaN and +∞ take the whole row, −∞ included, wherever they stand.
    for t in 0..9 {
        for poison in [NAN, -NAN, INF] {
            for others in [1.0, -INF, F::LARGEST, -F::LARGEST] {
                let mut x = [others; 9];
                x[t] = poison;
                assert_all_nan(&of_row::<F, 9>(x));
            }
        }
    }
    assert_all_nan(&of_row::<F, 1>([NAN]));
    assert_all_nan(&of_row::<F, 1>([INF]));
    // A single finite score gives exactly 0.
    for x in [
        0.0,
        -0.0,
        1.5,
        -1e4,
        3e38,
        -3e38,
        F::LARGEST,
        -F::LARGEST,
        F::SMALLEST_NORMAL,
    ] {
        let mut y = [[F::of(x)]];
        log_softmax(&mut y);
        assert_eq!(y[0][0].pattern(), F::of(0.0).pattern(), "for {x}");
    }
    // Any finite score is an ordinary one, also where its softmax underflows.
    assert_eq!(of_row::<F, 3>([1e4, 0.0, -1e4]), [0.0, -1e4, -2e4]);
    let lowest = F::of(-3e38).wide();
    assert_eq!(of_row::<F, 3>([0.0, lowest, -200.0]), [0.0, lowest, -200.0]);
    let (low, log_2) = (-F::LARGEST, F::of(core::f64::consts::LN_2));
    let two = of_row::<F, 2>([low, low]);
    assert!(two.iter().all(|y| (y + log_2.wide()).abs() <= F::ulp(0.6)));
    assert_eq!(two, of_row::<F, 2>([F::LARGEST; 2]));
    assert_eq!(two, of_row::<F, 2>([0.0; 2]));
    assert_eq!(two, of_row::<F, 2>([0.0, -0.0]));
}

fn special_gradients<F: Element>() {
    // The gradient is 0 and the upstream one not used where y is −∞.
    let y = of_row::<F, 3>([0.5, -INF, -1.5]);
    let expected = backward_of_row::<F, 2>([y[0], y[2]], [3.0, -5.0]);
    for unused in [0.0, 7.0, F::LARGEST, INF, -INF, NAN, -NAN] {
        let ds = backward_of_row::<F, 3>(y, [3.0, unused, -5.0]);
        assert_eq!(ds, [expected[0], 0.0, expected[1]], "with {unused}");
        assert_eq!(backward_of_row::<F, 1>([-INF], [unused]), [0.0]);
        assert_eq!(
            backward_of_row::<F, 11>([-INF; 11], [unused; 11]),
            [0.0; 11]
        );
    }
    // NaN takes the row, but not where y is −∞.
    for poison in [NAN, -NAN] {
        let ds = backward_of_row::<F, 3>([-0.5, -INF, poison], [1.0; 3]);
        assert!(ds[2].is_nan() && ds[1] == 0.0, "{ds:?}");
        let ds = backward_of_row::<F, 3>([-0.5, -INF, -1.5], [1.0, 1.0, poison]);
        assert!(ds[0].is_nan() && ds[1] == 0.0 && ds[2].is_nan(), "{ds:?}");
    }
    // A single score has no gradient.
    for d in [0.0, 1.0, -3.5, F::LARGEST, F::SMALLEST_NORMAL] {
        assert_eq!(backward_of_row::<F, 1>([0.0], [d]), [0.0]);
    }
    // Where the softmax underflows, the upstream gradient is all there is.
    let y = of_row::<F, 2>([0.0, -1e4]);
    assert_eq!(backward_of_row::<F, 2>(y, [0.0, 3.0]), [-3.0, 3.0]);
}

/// NaN in an entry of `y` makes the gradient of that entry NaN, and no other.
fn nan_in_y_takes_its_own_entry<F: Element>() {
    for t in 0..9 {
        let mut y = [-2.0; 9];
        y[t] = NAN;
        let gradient = backward_of_row::<F, 9>(y, [1.0; 9]);
        for (i, g) in gradient.iter().enumerate() {
            assert_eq!(g.is_nan(), i == t);
        }
    }
}

#[test]
fn specials() {
    special_scores::<f32>();
    special_scores::<f64>();
    special_gradients::<f32>();
    special_gradients::<f64>();
}

#[test]
fn nan_in_the_forward_result_makes_its_entry_nan() {
    nan_in_y_takes_its_own_entry::<f32>();
    nan_in_y_takes_its_own_entry::<f64>();
}

#[test]
fn empty_arrays_are_left_alone() {
    let mut no_rows: [[f32; 3]; 0] = [];
    log_softmax(&mut no_rows);
    log_softmax_backward(&no_rows.clone(), &mut no_rows);
    let mut no_scores = [[0.0_f64; 0]; 3];
    log_softmax(&mut no_scores);
    log_softmax_backward(&no_scores.clone(), &mut no_scores);
}
