//! What weights, contexts and gradients must satisfy whatever the numbers are.

use microattention::{
    attention, attention_backward, dot_scores, softmax, softmax_backward, weighted_sum,
    weighted_sum_backward,
};

use crate::budgets::{WEIGHT, WEIGHTS_SUM_TO_ONE};
use crate::double_double::DoubleDouble;
use crate::element::{Element, Tensor, assert_same_bits, boxed, unwritten};
use crate::shapes::on_every_shape;
use crate::values::{Case, Source};

mod single {
    use super::*;

    on_every_shape! { FINITE(f32, f64) =>
        weights_are_a_distribution, order_is_preserved, only_differences_of_scores_matter,
        equal_gradients_cancel, one_hot_weights_copy_their_row, powers_of_two_pass_through,
        one_row_does_not_see_another,
    }
}

/// Scores of a random spread, with ties.
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

/// `|Σ a − 1|`, without a rounding of its own.
fn distance_from_one<F: Element>(a: &[F]) -> f64 {
    let sum = a.iter().fold(DoubleDouble::new(-1.0), |sum, a| {
        sum.plus(DoubleDouble::new(a.wide()))
    });
    sum.hi.abs()
}

fn weights_are_a_distribution<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    let mut a = scores::<F, N, T>(&mut case.source());
    softmax(&mut a);
    for a in &*a {
        assert!(a.iter().all(|a| (0.0..=1.0).contains(&a.wide())));
        if T > 0 {
            WEIGHTS_SUM_TO_ONE.check::<F>(distance_from_one(a) / F::ROUNDOFF);
        }
    }
}

/// A larger score never has a smaller weight, and equal scores have equal weights.
fn order_is_preserved<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let x = scores::<F, N, T>(&mut case.source());
    let mut a = x.clone();
    softmax(&mut a);
    for n in 0..N {
        let mut pairs: Vec<(f64, f64)> = (0..T).map(|t| (x[n][t].wide(), a[n][t].wide())).collect();
        pairs.sort_by(|x, y| x.0.total_cmp(&y.0));
        for pair in pairs.windows(2) {
            let ((lower, a), (higher, b)) = (pair[0], pair[1]);
            assert!(a <= b, "{a} for {lower}, but {b} for {higher}");
            assert!(lower < higher || a == b, "{a} and {b} for {lower}");
        }
    }
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
    softmax(&mut a);
    softmax(&mut shifted);
    assert_same_bits(&*a, &*shifted, "weights of shifted scores");
}

/// If every weight has the same upstream gradient, no score has one, as nearly as the weights sum to 1.
#[allow(clippy::cast_precision_loss, reason = "T is small")]
fn equal_gradients_cancel<F: Element, const N: usize, const T: usize, const H: usize>(case: Case) {
    let mut source = case.source();
    let mut a = scores::<F, N, T>(&mut source);
    softmax(&mut a);
    let da = source.value::<F>();
    let mut d = boxed::<[F; T], N>(da);
    softmax_backward(&a, &mut d);
    // What a term of `Σ_j a[j]·da` meets: its product, the additions of its lane, the tree of the lanes. Equal
    // terms that a lane's sum rounds away all err to the same side, so that random cases come near this.
    let roundings = 2.0 + T.div_ceil(8) as f64 + 3.0;
    for (a, d) in a.iter().zip(&*d) {
        let sum_to_one = distance_from_one(a) / F::ROUNDOFF;
        for (a, d) in a.iter().zip(d) {
            let limit = sum_to_one + roundings;
            // Each of the T products that are summed may underflow, as may the last.
            let underflow = (1 + T) as f64 * F::SMALLEST_NORMAL;
            let error = d.wide().abs() / F::ROUNDOFF;
            assert!(
                error <= limit * a.wide() * da.wide().abs() + underflow,
                "{error} roundings for a = {a}, da = {da}, with at most {limit}",
            );
        }
    }
}

fn one_hot_weights_copy_their_row<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    if T == 0 {
        return;
    }
    let mut source = case.source();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();
    let mut x = boxed::<[F; T], N>(F::of(-900.0));
    let hot: Vec<usize> = (0..N).map(|_| source.below(T)).collect();
    for n in 0..N {
        x[n][hot[n]] = F::of(source.unit());
    }
    softmax(&mut x);
    let a = x;
    for n in 0..N {
        for t in 0..T {
            let expected = if t == hot[n] { 1.0 } else { 0.0 };
            assert_eq!(a[n][t].pattern(), F::of(expected).pattern());
        }
    }

    let mut c = unwritten::<[F; H], N>();
    weighted_sum(&a, &hs, &mut c);
    let (mut da, mut dhs) = (unwritten::<[F; T], N>(), unwritten::<[[F; H]; T], N>());
    weighted_sum_backward(&a, &hs, &dc, &mut *da, &mut *dhs);
    for n in 0..N {
        assert_eq!(c[n], hs[n][hot[n]]);
        for t in 0..T {
            let expected = if t == hot[n] { dc[n] } else { [F::of(0.0); H] };
            assert_eq!(dhs[n][t], expected);
        }
    }
}

/// Everything but the softmax is linear in each input, so that doubling one, which rounds
/// nothing, doubles the result to the bit.
fn powers_of_two_pass_through<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    fn doubled<R: Tensor, const N: usize>(x: &[R; N]) -> Box<[R; N]> {
        let mut y = boxed(R::Scalar::of(0.0));
        for (y, x) in R::flat_mut(&mut *y).iter_mut().zip(R::flat(x)) {
            *y = *x + *x;
        }
        y
    }

    let mut source = case.source();
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let a = source.array::<[F; T], N>();

    let (mut s, mut twice) = (unwritten::<[F; T], N>(), unwritten());
    dot_scores(&h, &hs, &mut s);
    dot_scores(&h, &doubled(&hs), &mut twice);
    assert_same_bits(&*twice, &*doubled(&s), "scores of doubled keys");
    dot_scores(&doubled(&h), &hs, &mut twice);
    assert_same_bits(&*twice, &*doubled(&s), "scores of a doubled query");

    let (mut c, mut twice) = (unwritten::<[F; H], N>(), unwritten());
    weighted_sum(&a, &hs, &mut c);
    weighted_sum(&doubled(&a), &hs, &mut twice);
    assert_same_bits(&*twice, &*doubled(&c), "sum with doubled weights");
    weighted_sum(&a, &doubled(&hs), &mut twice);
    assert_same_bits(&*twice, &*doubled(&c), "sum of doubled rows");

    let (mut dh, mut dhs) = (unwritten::<[F; H], N>(), unwritten::<[[F; H]; T], N>());
    attention_backward(&h, &hs, &a, &h, &mut *dh, &mut *dhs);
    let (mut twice_dh, mut twice_dhs) = (unwritten(), unwritten());
    let dc = doubled(&h);
    attention_backward(&h, &hs, &a, &dc, &mut *twice_dh, &mut *twice_dhs);
    assert_same_bits(&*twice_dh, &*doubled(&dh), "dh of a doubled dc");
    assert_same_bits(&*twice_dhs, &*doubled(&dhs), "dhs of a doubled dc");
}

/// Whatever becomes of one batch row, the bits of the others stay.
fn one_row_does_not_see_another<F: Element, const N: usize, const T: usize, const H: usize>(
    case: Case,
) {
    if N < 2 || T * H == 0 {
        return;
    }
    let mut source = case.source();
    let mut h = source.array::<[F; H], N>();
    let mut hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();
    let results = |h: &[[F; H]; N], hs: &[[[F; H]; T]; N]| {
        let (mut a, mut c) = (unwritten::<[F; T], N>(), unwritten::<[F; H], N>());
        attention(h, hs, &mut a, &mut c);
        let (mut dh, mut dhs) = (unwritten::<[F; H], N>(), unwritten::<[[F; H]; T], N>());
        attention_backward(h, hs, &a, &dc, &mut *dh, &mut *dhs);
        (a, c, dh, dhs)
    };
    let before = results(&h, &hs);

    let spoilt = source.below(N);
    let special = F::of([f64::NAN, f64::INFINITY, f64::NEG_INFINITY][source.below(3)]);
    if source.below(2) == 0 {
        h[spoilt][source.below(H)] = special;
    } else {
        hs[spoilt][source.below(T)][source.below(H)] = special;
    }
    let after = results(&h, &hs);
    for n in (0..N).filter(|n| *n != spoilt) {
        assert_same_bits(&after.0[n], &before.0[n], "a");
        assert_same_bits(&after.1[n], &before.1[n], "c");
        assert_same_bits(&after.2[n], &before.2[n], "dh");
        assert_same_bits(&after.3[n], &before.3[n], "dhs");
    }
}

/// Shifts that are rounded: as good as the rounding of the scores allows.
#[test]
fn rounded_shifts_change_little() {
    let x = [[0.1_f32, -1.3, 0.7, 2.9, -0.2, 1.1, 1.2, -7.5, 0.33]];
    let mut a = x;
    softmax(&mut a);
    for shift in [1e-3_f32, 0.37, -12.4, 300.1, -4000.7] {
        let mut shifted = x;
        for x in shifted.as_flattened_mut() {
            *x += shift;
        }
        softmax(&mut shifted);
        // Each score is off by half a unit in its last place, and so is the maximum.
        let of_scores = f64::from(shift.abs() + 8.0) * 2.0;
        for (x, y) in a[0].iter().zip(shifted[0]) {
            let error = (f64::from(*x) - f64::from(y)).abs() / f64::from(*x) / f32::ROUNDOFF;
            let limit = of_scores + 2.0 * (WEIGHT.limit::<f32>() + 11.0);
            assert!(error < limit, "{error} of {limit} after a shift by {shift}");
        }
    }
}
