//! Softmax, its logarithm and their backward passes: every rounding step or the balls of the equations, the
//! laws of weights, how exact they are, and special values.

use core::any::type_name;
use core::ptr;

use microattention::{log_softmax, log_softmax_backward, softmax, softmax_backward};

use crate::ball::{Ball, In, ONE, ZERO};
use crate::budgets::{Budget, WEIGHT, WEIGHT_ABSOLUTE, WEIGHT_NEAR_MAXIMUM, WEIGHTS_SUM_TO_ONE};
use crate::element::{Element, assert_same_bits, boxed};
use crate::exact::{Softmax, minus, number, numbers, sum};
use crate::order;
use crate::shapes::on_every_shape;
use crate::values::{Case, Kind, Source};

mod any {
    use super::*;

    on_every_shape! { ALL(f32, f64) => rows }
}

mod finite {
    use super::*;

    on_every_shape! { FINITE(f32, f64) => accuracy, only_differences_of_scores_matter }
}

fn balls<F: Element>(x: &[F]) -> Vec<Option<Ball>> {
    x.iter().map(|x| Some(In::exact(*x))).collect()
}

/// Every property that holds for any numbers.
pub fn rows<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    // Scores as sums of H numbers, so that their spread depends on the shape.
    let mut x = source.array::<[F; T], N>();
    for score in x.as_flattened_mut() {
        for _ in 0..H {
            *score += source.value();
        }
    }
    let d = source.array::<[F; T], N>();
    let a = forward(&x);
    backward(&a, &d);
    backward(&source.array(), &d);
    let y = log_forward(&x);
    log_backward(&y, &d);
}

fn forward<F: Element, const N: usize, const T: usize>(x: &[[F; T]; N]) -> Box<[[F; T]; N]> {
    let mut a = Box::new(*x);
    softmax(&mut a);
    for (x, a) in x.iter().zip(&*a) {
        In::check_all(a, &In::<F>::softmax(&balls(x)), "softmax");

        let mut by_order = *x;
        order::softmax(&mut by_order);
        assert_same_bits(a, &by_order, "softmax against the order");

        let mut alone = [*x];
        softmax(&mut alone);
        assert_same_bits(&alone[0], a, "a row alone");

        if a.iter().any(|a| a.wide().is_nan()) {
            continue;
        }
        let mut by_score: Vec<usize> = (0..T).collect();
        by_score.sort_by(|s, t| x[*s].wide().total_cmp(&x[*t].wide()));
        for pair in by_score.windows(2) {
            let (s, t) = (pair[0], pair[1]);
            assert!(a[s] <= a[t], "a higher score with a lower weight");
            assert!(x[s] != x[t] || a[s] == a[t], "equal scores");
        }
    }
    a
}

fn backward<F: Element, const N: usize, const T: usize>(a: &[[F; T]; N], d: &[[F; T]; N]) {
    let mut ds = Box::new(*d);
    softmax_backward(a, &mut ds);
    for ((a, d), ds) in a.iter().zip(d).zip(&*ds) {
        let upstream: Vec<Ball> = d.iter().map(|d| In::exact(*d)).collect();
        let expected = In::<F>::softmax_backward(&balls(a), &upstream);
        In::check_all(ds, &expected, "softmax_backward");

        let mut by_order = *d;
        order::softmax_backward(a, &mut by_order);
        assert_same_bits(ds, &by_order, "softmax_backward against the order");

        let mut alone = [*d];
        softmax_backward(&[*a], &mut alone);
        assert_same_bits(&alone[0], ds, "a row alone");
    }
}

fn log_forward<F: Element, const N: usize, const T: usize>(x: &[[F; T]; N]) -> Box<[[F; T]; N]> {
    let mut y = Box::new(*x);
    log_softmax(&mut y);
    for (x, y) in x.iter().zip(&*y) {
        let expected: Vec<Ball> = match In::<F>::log_sum(&balls(x)) {
            Err(all) => vec![all; T],
            // Nothing but −∞ stays as it is.
            Ok((Ball::Infinite(_), _)) => vec![Ball::Infinite(-1.0); T],
            Ok((max, log)) => x
                .iter()
                .map(|x| In::<F>::difference(In::<F>::difference(In::exact(*x), max), log))
                .collect(),
        };
        In::check_all(y, &expected, "log_softmax");

        let mut alone = [*x];
        log_softmax(&mut alone);
        assert_same_bits(&alone[0], y, "a row alone");
    }
    y
}

fn log_backward<F: Element, const N: usize, const T: usize>(y: &[[F; T]; N], d: &[[F; T]; N]) {
    let mut ds = Box::new(*d);
    log_softmax_backward(y, &mut ds);
    for ((y, d), ds) in y.iter().zip(d).zip(&*ds) {
        let reads = |y: &F| y.wide() != f64::NEG_INFINITY;
        let read = y.iter().zip(d).filter(|(y, _)| reads(y));
        let sum = In::<F>::sum(read.map(|(_, d)| In::exact(*d)));
        for ((y, d), ds) in y.iter().zip(d).zip(ds) {
            let weight = match y.wide() {
                0.0 => ONE,
                y if y.is_nan() => Ball::Nan,
                y => In::<F>::exp_nonpositive(y, y),
            };
            let expected = if reads(y) {
                In::<F>::difference(In::exact(*d), In::<F>::product(weight, sum))
            } else {
                ZERO
            };
            In::check(*ds, expected, "log_softmax_backward");
        }
        let mut alone = [*d];
        log_softmax_backward(&[*y], &mut alone);
        assert_same_bits(&alone[0], ds, "a row alone");
    }
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

/// From nearly equal scores to one that outweighs all others.
fn accuracy<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut errors = Errors::default();
    for spread in [0.1, 1.0, 10.0, 100.0] {
        for row in &*source.array::<[F; T], N>() {
            measure(&row.map(|x| F::of(x.wide() * spread)), &mut errors);
        }
    }
    errors.check::<F>();
}

/// The errors of the weights of a row.
fn measure<F: Element, const T: usize>(x: &[F; T], errors: &mut Errors) {
    if T == 0 {
        return;
    }
    let mut a = [*x];
    softmax(&mut a);
    let x = x.map(F::wide);
    let exact = Softmax::new(&numbers(&x));
    for ((a, exact), below) in a[0].iter().zip(&exact.weights).zip(exact.below()) {
        assert!((0.0..=1.0).contains(&a.wide()));
        let error = minus(number(a.wide()), *exact).hi.abs();
        let unit = F::ROUNDOFF * (exact.hi + 2.0 * F::SMALLEST_NORMAL);
        errors.see(&WEIGHT, error / unit - below);
        errors.see(&WEIGHT_ABSOLUTE, error / F::ROUNDOFF);
        if below <= 1.0 {
            errors.see(&WEIGHT_NEAR_MAXIMUM, error / F::ulp(exact.hi));
        }
    }
    let total = sum(a[0].iter().map(|a| number(a.wide())));
    let distance = minus(total, number(1.0)).hi.abs();
    errors.see(&WEIGHTS_SUM_TO_ONE, distance / F::ROUNDOFF);
}

/// Rows of one score over and over, but for a single larger one: the exponential is off the same
/// way each time, and many additions are.
fn repeated_scores<F: Element, const T: usize>(errors: &mut Errors) {
    let mut source = Source::new(7, Kind::Even);
    for _ in 0..60_000 / T {
        let mut x = boxed::<[F; T], 1>(F::of(-source.unit()));
        x[0][source.below(T)] = F::of(0.0);
        measure(&x[0], errors);
    }
}

/// Rows near the maximum, sorted rows, and rows with a long tail.
fn spread_scores<F: Element, const T: usize>(errors: &mut Errors) {
    let mut source = Source::new(8, Kind::Even);
    for round in 0..24_000 / T {
        let spread = [0.01, 1.0, 1.0, 10.0, 80.0][round % 5];
        let mut x = source.array::<[F; T], 1>();
        for x in &mut x[0] {
            *x = F::of(x.wide() * spread);
        }
        if round % 3 == 0 {
            x[0].sort_by(|x, y| x.wide().total_cmp(&y.wide()));
        }
        measure(&x[0], errors);
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

/// Adding one number to all scores changes no bit where the additions are exact.
fn only_differences_of_scores_matter<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut source = case.source();
    let mut a = boxed::<[F; T], N>(F::of(0.0));
    for x in a.as_flattened_mut() {
        // Multiples of 2⁻⁸ below 16.
        *x = F::of((source.unit() * 4096.0).trunc() / 256.0 - 8.0);
    }
    let shift = F::of((source.unit() * 2000.0).trunc() - 1000.0);
    let mut shifted = a.clone();
    for x in shifted.as_flattened_mut() {
        *x += shift;
    }
    let (mut y, mut shifted_y) = (a.clone(), shifted.clone());
    softmax(&mut a);
    softmax(&mut shifted);
    assert_same_bits(&*a, &*shifted, "weights of shifted scores");
    log_softmax(&mut y);
    log_softmax(&mut shifted_y);
    assert_same_bits(&*y, &*shifted_y, "log-softmax of shifted scores");
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
