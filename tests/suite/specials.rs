//! Every special value has a stated meaning, forward and backward.

use microattention::{
    Accumulate, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    dot_scores, dot_scores_backward, softmax, softmax_backward, weighted_sum,
    weighted_sum_backward,
};

use crate::element::{Element, Tensor};
use crate::values::{Kind, Source};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

macro_rules! for_both_types {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn f32() {
                super::$name::<f32>();
            }

            #[test]
            fn f64() {
                super::$name::<f64>();
            }
        }
    )+ };
}

for_both_types! {
    a_score_of_minus_infinity_has_no_weight, a_key_without_weight_gets_no_gradient,
    scores_that_are_all_minus_infinity, a_score_of_infinity_or_nan, the_lowest_scores_are_ordinary,
    far_scores, ties, scores_of_both_zeros, subnormal_scores, weights_underflow_gradually,
    subnormal_values, one_key, a_weight_of_zero_still_reads, overflow, empty_sums,
    zero_weights_give_zero_gradients,
    every_output_is_overwritten, gradients_of_infinity,
}

fn row<F: Element, const T: usize>(x: [f64; T]) -> [F; T] {
    x.map(F::of)
}

fn softmax_of<F: Element, const T: usize>(x: [f64; T]) -> [F; T] {
    let mut x = [row(x)];
    softmax(&mut x);
    x[0]
}

fn gradient_of<F: Element, const T: usize>(a: [F; T], da: [f64; T]) -> [F; T] {
    let mut d = [row(da)];
    softmax_backward(&[a], &mut d);
    d[0]
}

fn nan<R: Tensor>() -> R {
    R::filled(R::Scalar::of(NAN))
}

#[track_caller]
fn assert_bits<F: Element, const T: usize>(actual: [F; T], expected: [f64; T]) {
    let patterns = |x: [F; T]| x.map(F::pattern);
    assert_eq!(
        patterns(actual),
        patterns(row(expected)),
        "{actual:?} instead of {expected:?}"
    );
}

#[track_caller]
fn assert_all_nan<R: Tensor>(x: &[R]) {
    assert!(R::flat(x).iter().all(|x| x.wide().is_nan()));
}

#[track_caller]
fn assert_no_nan<R: Tensor>(x: &[R]) {
    assert!(R::flat(x).iter().all(|x| !x.wide().is_nan()));
}

fn a_score_of_minus_infinity_has_no_weight<F: Element>() {
    assert_bits(softmax_of::<F, 3>([1.0, -INF, 1.0]), [0.5, 0.0, 0.5]);
    assert_bits(softmax_of::<F, 2>([-INF, -1e4]), [0.0, 1.0]);
    // A gradient of 0 for any finite upstream gradient, of either sign.
    let a = softmax_of::<F, 3>([1.0, -INF, 1.0]);
    for da in [-7.0, 0.0, 5.0, 1e30] {
        let ds = gradient_of(a, [3.0, da, 1.0]);
        assert_eq!(ds, row([0.5, 0.0, -0.5]));
    }
    // At every place of a row, the same as if the score were not there.
    for t in 0..20 {
        let mut x = [[F::of(0.0); 20]];
        x[0][t] = F::of(-INF);
        softmax(&mut x);
        let mut others = [[F::of(0.0); 19]];
        softmax(&mut others);
        for (i, a) in x[0].iter().enumerate() {
            let expected = if i == t { F::of(0.0) } else { others[0][0] };
            assert_eq!(a.pattern(), expected.pattern());
        }
    }
}

/// Scores set to `−∞` between the two halves, as for frames that do not exist.
fn a_key_without_weight_gets_no_gradient<F: Element>() {
    let h = [row::<F, 2>([0.5, -2.0])];
    let hs = [[row([1.0, 2.0]), row([-3.0, 0.25]), row([0.0, 0.0])]];
    let mut a = nan();
    dot_scores(&h, &hs, &mut a);
    a[0][2] = F::of(-INF);
    softmax(&mut a);
    assert_bits([a[0][2]], [0.0]);
    let dc = [row([-1.0, 10.0])];
    let (mut dh, mut dhs) = (nan::<[[F; 2]; 1]>(), nan::<[[[F; 2]; 3]; 1]>());
    attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
    assert_eq!(dhs[0][2], row([0.0, 0.0]));

    // The same gradients as without that key.
    let short = [[hs[0][0], hs[0][1]]];
    let a = [[a[0][0], a[0][1]]];
    let (mut short_dh, mut short_dhs) = (nan::<[[F; 2]; 1]>(), nan::<[[[F; 2]; 2]; 1]>());
    attention_backward(&h, &short, &a, &dc, &mut short_dh, &mut short_dhs);
    assert_eq!(dh, short_dh);
    assert_eq!(dhs[0][..2], short_dhs[0]);
}

fn scores_that_are_all_minus_infinity<F: Element>() {
    assert_bits(softmax_of::<F, 1>([-INF]), [0.0]);
    assert_bits(softmax_of::<F, 3>([-INF; 3]), [0.0; 3]);
    assert_bits(softmax_of::<F, 17>([-INF; 17]), [0.0; 17]);
    let ds = gradient_of(softmax_of::<F, 17>([-INF; 17]), [-2.0; 17]);
    assert_eq!(ds, row([0.0; 17]));

    // In attention, by scores that overflow.
    let h = [row::<F, 1>([-F::LARGEST])];
    let hs = [[row([2.0]), row([3.0])]];
    let (mut a, mut c) = (nan(), nan());
    attention(&h, &hs, &mut a, &mut c);
    assert_bits(a[0], [0.0; 2]);
    assert_bits(c[0], [0.0]);
    let (mut dh, mut dhs) = (nan(), nan::<[[[F; 1]; 2]; 1]>());
    attention_backward(&h, &hs, &a, &[row([1.0])], &mut dh, &mut dhs);
    assert_eq!(dh, [row([0.0])]);
    assert_eq!(dhs, [[row([0.0]), row([0.0])]]);
}

fn a_score_of_infinity_or_nan<F: Element>() {
    for special in [INF, NAN, -NAN] {
        // In whole lanes and in the rest of a row.
        for t in 0..19 {
            let mut x = [[F::of(0.5); 19]; 3];
            x[1][t] = F::of(special);
            x[1][(t + 5) % 19] = F::of(-INF);
            let alone = softmax_of::<F, 19>([0.5; 19]);
            softmax(&mut x);
            assert_eq!([x[0], x[2]], [alone, alone]);
            assert_all_nan(&x[1]);

            let mut d = [[F::of(2.0); 19]; 3];
            softmax_backward(&x, &mut d);
            assert_no_nan(&[d[0], d[2]]);
            assert_all_nan(&d[1]);
        }
    }
    assert_all_nan(&softmax_of::<F, 3>([NAN; 3]));
    assert_all_nan(&softmax_of::<F, 3>([-INF, NAN, -INF]));
    assert_all_nan(&softmax_of::<F, 2>([INF, INF]));
}

fn the_lowest_scores_are_ordinary<F: Element>() {
    for low in [-3e38, -F::LARGEST] {
        assert_bits(softmax_of::<F, 1>([low]), [1.0]);
        assert_bits(softmax_of::<F, 4>([low; 4]), [0.25; 4]);
        assert_bits(softmax_of::<F, 3>([-INF, low, -INF]), [0.0, 1.0, 0.0]);
        assert_bits(softmax_of::<F, 2>([low, 0.0]), [0.0, 1.0]);
    }
    let x = [-F::LARGEST, F::LARGEST];
    assert_bits(softmax_of::<F, 2>(x), [0.0, 1.0]);
}

fn far_scores<F: Element>() {
    assert_bits(softmax_of::<F, 3>([1e4, -1e4, 1e4]), [0.5, 0.0, 0.5]);
    assert_bits(softmax_of::<F, 3>([-1e4, 0.0, -1e4]), [0.0, 1.0, 0.0]);
    assert_bits(
        softmax_of::<F, 3>([-1e4; 3]),
        softmax_of::<F, 3>([1e4; 3]).map(F::wide),
    );
    assert_bits(softmax_of::<F, 2>([3e38, -3e38]), [1.0, 0.0]);
    assert_bits(softmax_of::<F, 2>([3e38, 3e38]), [0.5, 0.5]);
    let ds = gradient_of(softmax_of::<F, 3>([1e4, -1e4, 1e4]), [1.0, 2.0, -1.0]);
    assert_eq!(ds, row([0.5, 0.0, -0.5]));
}

/// T equal scores: T ones are summed exactly, so each weight is 1/T, rounded once.
fn ties<F: Element>() {
    fn of_length<F: Element, const T: usize>() {
        let count = f64::from(u16::try_from(T).expect("it is short"));
        for x in [0.0, -0.7, 88.8] {
            let expected = F::of(1.0) / F::of(count);
            assert_bits(softmax_of::<F, T>([x; T]), [expected.wide(); T]);
        }
    }
    of_length::<F, 1>();
    of_length::<F, 2>();
    of_length::<F, 3>();
    of_length::<F, 7>();
    of_length::<F, 8>();
    of_length::<F, 9>();
    of_length::<F, 10>();
    of_length::<F, 23>();
    of_length::<F, 64>();
    of_length::<F, 100>();
    of_length::<F, 1000>();
    // A tie for the first place.
    assert_bits(softmax_of::<F, 3>([5.0, -1000.0, 5.0]), [0.5, 0.0, 0.5]);
}

fn scores_of_both_zeros<F: Element>() {
    assert_bits(softmax_of::<F, 2>([-0.0, 0.0]), [0.5, 0.5]);
    assert_bits(softmax_of::<F, 2>([0.0, -0.0]), [0.5, 0.5]);
    assert_bits(softmax_of::<F, 1>([-0.0]), [1.0]);
    assert_bits(softmax_of::<F, 2>([-0.0, -INF]), [1.0, 0.0]);
}

fn subnormal_scores<F: Element>() {
    let tiny = F::SMALLEST_NORMAL * F::ROUNDOFF * 2.0;
    let x = [tiny, -tiny, 0.25 * F::SMALLEST_NORMAL, 0.0];
    assert_bits(softmax_of::<F, 4>(x), [0.25; 4]);
    let ds = gradient_of(softmax_of::<F, 4>(x), [4.0, 0.0, 0.0, -4.0]);
    assert_eq!(ds, row([1.0, 0.0, 0.0, -1.0]));
}

/// Between the smallest normal number and zero, a weight is still the nearest but one.
fn weights_underflow_gradually<F: Element>() {
    let tiny = F::SMALLEST_NORMAL * F::ROUNDOFF * 2.0;
    let (from, to) = if F::IS_SINGLE {
        (87.4, 103.2)
    } else {
        (708.5, 744.4)
    };
    for step in 0..=50 {
        let x = F::of(-(from + (to - from) * f64::from(step) / 50.0));
        let a = softmax_of::<F, 2>([0.0, x.wide()]);
        assert_bits([a[0]], [1.0]);
        let exact = libm::exp(x.wide());
        assert!(a[1].wide() > 0.0);
        assert!(
            (a[1].wide() - exact).abs() <= 1.5 * tiny,
            "{:?} at {x:?}",
            a[1]
        );
    }
    assert_bits(softmax_of::<F, 2>([0.0, -to - 2.0]), [1.0, 0.0]);
}

fn subnormal_values<F: Element>() {
    let tiny = F::SMALLEST_NORMAL * F::ROUNDOFF * 2.0;
    let a = [row::<F, 3>([0.5, 0.25, 0.25])];
    let hs = [[row([8.0 * tiny]), row([4.0 * tiny]), row([-12.0 * tiny])]];
    let mut c = nan();
    weighted_sum(&a, &hs, &mut c);
    assert_bits(c[0], [2.0 * tiny]);
    let mut s = nan();
    dot_scores(&[row([0.5])], &hs, &mut s);
    assert_bits(s[0], [4.0 * tiny, 2.0 * tiny, -6.0 * tiny]);
    let (mut da, mut dhs) = (nan(), nan::<[[[F; 1]; 3]; 1]>());
    weighted_sum_backward(&a, &hs, &[row([4.0 * tiny])], &mut da, &mut dhs);
    assert_bits(da[0], [0.0, 0.0, -0.0]);
    assert_eq!(dhs[0], [row([2.0 * tiny]), row([tiny]), row([tiny])]);
}

fn one_key<F: Element>() {
    let mut source = Source::new(3, Kind::Even);
    for x in [0.0, -0.0, 7.5, -1e4, 3e38, -3e38] {
        assert_bits(softmax_of::<F, 1>([x]), [1.0]);
        let ds = gradient_of(softmax_of::<F, 1>([x]), [source.unit() * 100.0 - 50.0]);
        assert_eq!(ds, row([0.0]));
    }
    let h = source.array::<[F; 9], 3>();
    let hs = source.array::<[[F; 9]; 1], 3>();
    let dc = source.array::<[F; 9], 3>();
    let (mut a, mut c) = (nan(), nan());
    attention(&h, &hs, &mut a, &mut c);
    assert_eq!(a, [row([1.0]); 3]);
    let (mut dh, mut dhs) = (nan(), nan::<[[[F; 9]; 1]; 3]>());
    attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
    assert_eq!(dh, [row([0.0; 9]); 3]);
    for n in 0..3 {
        assert_eq!(c[n], hs[n][0]);
        assert_eq!(dhs[n][0], dc[n]);
    }
}

/// A weight of 0 does not hide what it multiplies: only a mask would.
fn a_weight_of_zero_still_reads<F: Element>() {
    for special in [NAN, INF, -INF] {
        let a = [row::<F, 2>([1.0, 0.0])];
        let hs = [[row([1.0, 2.0]), row([special, 4.0])]];
        let mut c = nan();
        weighted_sum(&a, &hs, &mut c);
        assert_bits(c[0], [NAN, 2.0]);

        let ds = gradient_of(a[0], [1.0, special]);
        assert_all_nan(&ds);
        let (mut dh, mut dhs) = (nan(), nan());
        dot_scores_backward(&[row([1.0, 1.0])], &hs, &a, &mut dh, &mut dhs);
        assert_bits(dh[0], [NAN, 2.0]);
        assert_bits(dhs[0][1], [0.0, 0.0]);
    }
    // A key with NaN has a score of NaN, so nothing of its row is left.
    let h = [row::<F, 2>([1.0, 0.0])];
    let hs = [[row([1.0, 2.0]), row([-1000.0, NAN])]];
    let (mut a, mut c) = (nan(), [row([0.0; 2])]);
    attention(&h, &hs, &mut a, &mut c);
    assert_all_nan(&a);
    assert_all_nan(&c);
}

/// Finite inputs whose score is too large are the same as an infinite score.
fn overflow<F: Element>() {
    let hs = [[row::<F, 1>([F::LARGEST]), row([1.0])]];
    let mut a = nan::<[[F; 2]; 1]>();
    attention_weights(&[row([2.0])], &hs, &mut a);
    assert_all_nan(&a);
    attention_weights(&[row([-2.0])], &hs, &mut a);
    assert_bits(a[0], [0.0, 1.0]);
}

/// A sum of nothing is `+0.0`, and so is every gradient that is one.
fn empty_sums<F: Element>() {
    let (mut c, mut dh) = (nan::<[[F; 3]; 2]>(), nan::<[[F; 3]; 2]>());
    let one = F::of(1.0);
    let (no_weights, no_keys) = ([[one; 0]; 2], [[[one; 3]; 0]; 2]);
    let h = [row([1.0, -2.0, 3.0]); 2];
    weighted_sum(&no_weights, &no_keys, &mut c);
    assert_bits(c[0], [0.0; 3]);
    assert_bits(c[1], [0.0; 3]);
    dot_scores_backward(&h, &no_keys, &no_weights, &mut dh, &mut [[]; 2]);
    assert_bits(dh[1], [0.0; 3]);
    let mut c = nan::<[[F; 3]; 2]>();
    attention(&h, &no_keys, &mut [[]; 2], &mut c);
    assert_bits(c[1], [0.0; 3]);
    let mut dh = nan::<[[F; 3]; 2]>();
    attention_backward(&h, &no_keys, &no_weights, &h, &mut dh, Skip);
    assert_bits(dh[1], [0.0; 3]);
    let mut dh = nan::<[[F; 3]; 2]>();
    attention_weights_backward(&h, &no_keys, &no_weights, &no_weights, &mut dh, Skip);
    assert_bits(dh[1], [0.0; 3]);
    let mut dh = [row::<F, 3>([1.5, 2.5, -3.5]); 2];
    attention_backward(&h, &no_keys, &no_weights, &h, Accumulate(&mut dh), Skip);
    assert_bits(dh[1], [1.5, 2.5, -3.5]);

    // Without features all scores are 0, so all keys weigh the same.
    let (no_query, featureless) = ([[one; 0]; 2], [[[one; 0]; 4]; 2]);
    let mut s = nan::<[[F; 4]; 2]>();
    dot_scores(&no_query, &featureless, &mut s);
    assert_bits(s[1], [0.0; 4]);
    let mut a = nan::<[[F; 4]; 2]>();
    attention(&no_query, &featureless, &mut a, &mut [[]; 2]);
    assert_bits(a[1], [0.25; 4]);
    let mut da = nan::<[[F; 4]; 2]>();
    weighted_sum_backward(&a, &featureless, &no_query, &mut da, Skip);
    assert_bits(da[1], [0.0; 4]);
}

/// The backward pass of a query that attended nothing.
fn zero_weights_give_zero_gradients<F: Element>() {
    let mut source = Source::new(9, Kind::Even);
    let h = source.array::<[F; 9], 2>();
    let hs = source.array::<[[F; 9]; 11], 2>();
    let dc = source.array::<[F; 9], 2>();
    let a = [row::<F, 11>([0.0; 11]); 2];
    let (mut dh, mut dhs) = (nan(), nan::<[[[F; 9]; 11]; 2]>());
    attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
    assert_eq!(dh, [row([0.0; 9]); 2]);
    assert_eq!(dhs, [[row([0.0; 9]); 11]; 2]);
    let mut c = nan();
    weighted_sum(&a, &hs, &mut c);
    assert_eq!(c, [row([0.0; 9]); 2]);
}

/// Outputs may hold anything before: NaN everywhere else, infinities and numbers here.
fn every_output_is_overwritten<F: Element>() {
    let mut source = Source::new(11, Kind::Even);
    let h = source.array::<[F; 9], 2>();
    let hs = source.array::<[[F; 9]; 11], 2>();
    let results = |before: f64| {
        let x = F::of(before);
        let (mut a, mut c) = ([[x; 11]; 2], [[x; 9]; 2]);
        attention(&h, &hs, &mut a, &mut c);
        let (mut dh, mut dhs) = ([[x; 9]; 2], [[[x; 9]; 11]; 2]);
        attention_backward(&h, &hs, &a, &h, &mut dh, &mut dhs);
        (a, c, dh, dhs)
    };
    let clean = results(0.0);
    assert!(clean == results(NAN));
    assert!(clean == results(INF));
    assert!(clean == results(-1e30));
}

/// An infinite upstream gradient is not hidden either.
fn gradients_of_infinity<F: Element>() {
    let a = softmax_of::<F, 2>([0.0, 0.0]);
    assert_bits(gradient_of(a, [INF, 1.0]), [NAN, -INF]);
    assert_all_nan(&gradient_of(a, [NAN, 1.0]));
    let hs = [[row::<F, 2>([1.0, -1.0]); 2]];
    let (mut da, mut dhs) = (nan(), nan());
    weighted_sum_backward(&[a], &hs, &[row([INF, 0.0])], &mut da, &mut dhs);
    assert_bits(da[0], [INF, INF]);
    assert_bits(dhs[0][0], [INF, 0.0]);
}
