//! The ends of what is allowed: no elements, rows longer than any block, scores of `−∞`, labels that
//! are no class.

use microattention::{
    Accumulate, Attend, Normalizer, Running, Skip, attention, attention_backward, dot_scores,
    dot_scores_backward, log_softmax, softmax, softmax_backward, softmax_cross_entropy,
    weighted_sum, weighted_sum_backward,
};

use crate::double_double::DoubleDouble;
use crate::element::{Element, assert_same_bits, boxed};
use crate::exact::{minus, number, sum};
use crate::values::{Kind, Source};

/// More than the 8192 elements that are summed as a tree: each weight within the derived bound.
fn long_row<F: Element>() {
    const T: usize = 8 * 1024 + 77;
    let mut source = Source::new(3, Kind::Even);
    let x: Vec<F> = (0..T).map(|_| F::of(-source.unit())).collect();
    let wide: Vec<f64> = x.iter().map(|x| x.wide()).collect();
    let exact = crate::exact::Softmax::new(&crate::exact::numbers(&wide));
    let weights = crate::exact::rounded(&exact.weights);
    let units = crate::bounds::softmax::softmax(&weights, &exact.below(), &vec![0.0; T]);

    let mut a = boxed::<[F; T], 1>(F::of(0.0));
    a[0].copy_from_slice(&x);
    softmax(&mut a);
    for t in 0..T {
        let error = minus(number(a[0][t].wide()), exact.weights[t]).hi.abs();
        assert!(
            error <= 1.01 * units[t] * F::ROUNDOFF,
            "weight {t}: {error}"
        );
    }
    let total = sum(a[0].iter().map(|a| DoubleDouble::new(a.wide())));
    assert!((total.hi - 1.0).abs() < 5.0 * F::ROUNDOFF);
}

#[test]
fn long_rows() {
    long_row::<f32>();
    long_row::<f64>();
}

/// Rows too wide for sums in registers, of which some groups of four are attended in part, forward and backward.
fn wide_rows<F: Element>() {
    const T: usize = 14;
    const H: usize = 70;
    let mut source = Source::new(5, Kind::Even);
    let a = [core::array::from_fn::<F, T, _>(|_| F::of(source.unit()))];
    let hs = [[(); T].map(|()| [(); H].map(|()| F::of(source.unit())))];
    let h = [[(); H].map(|()| F::of(source.unit()))];
    let mask = core::array::from_fn::<bool, T, _>(|t| t % 5 != 0);
    for attends in [None, Some([true; T]), Some(mask)] {
        let (mut c, mut dh) = ([[F::NAN; H]], [[F::NAN; H]]);
        let mut dhs = [[[F::NAN; H]; T]];
        if let Some(mask) = attends.map(|mask| [mask]) {
            let attend = Attend::new().mask(&mask);
            attend.weighted_sum(&a, &hs, &mut c);
            attend.dot_scores_backward(&h, &hs, &a, &mut dh, &mut dhs);
        } else {
            weighted_sum(&a, &hs, &mut c);
            dot_scores_backward(&h, &hs, &a, &mut dh, &mut dhs);
        }
        let attends = attends.unwrap_or([true; T]);
        assert_same_bits(&dh, &c, "gradient of the query");
        for t in 0..T {
            let a = if attends[t] { a[0][t] } else { F::ZERO };
            assert_eq!(dhs[0][t], h[0].map(|h| a * h), "gradient of row {t}");
        }
        for h in 0..H {
            let in_order = (0..T)
                .filter(|t| attends[*t])
                .fold(F::of(-0.0), |sum, t| sum + a[0][t] * hs[0][t][h]);
            assert_eq!(c[0][h].pattern(), in_order.pattern(), "column {h}");
        }
    }
}

#[test]
fn rows_in_groups_of_four() {
    wide_rows::<f32>();
    wide_rows::<f64>();
}

/// The gradients of keys and values are the sums of those of single queries in their order.
#[test]
fn gradients_of_several_queries() {
    const U: usize = 14;
    const T: usize = 15;
    const D: usize = 7;
    const E: usize = 3;
    let mut source = Source::new(7, Kind::Even);
    let q = source.array::<[[f32; D]; U], 1>();
    let k = source.array::<[[f32; D]; T], 1>();
    let v = source.array::<[[f32; E]; T], 1>();
    let dc = source.array::<[[f32; E]; U], 1>();
    let dc_keys = source.array::<[[f32; D]; U], 1>();
    // All queries the same keys, then each its own.
    let offsets = [[1_000], [-2]];
    for offset in offsets.each_ref() {
        let attend = Attend::new().lengths(&[13]).causal_rows(offset);
        let (mut a, mut c) = ([[[0.0; T]; U]], [[[0.0; E]; U]]);
        attend.dot_product_attention(&q, &k, &v, &mut a, &mut c);
        let (mut dq, mut dk, mut dv) = (
            [[[f32::NAN; D]; U]],
            [[[f32::NAN; D]; T]],
            [[[f32::NAN; E]; T]],
        );
        attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
        let (mut dh, mut dhs) = ([[[f32::NAN; D]; U]], [[[f32::NAN; D]; T]]);
        attend.cross_attention_backward(&q, &k, &a, &dc_keys, &mut dh, &mut dhs);

        let (mut dk_sum, mut dhs_sum) = ([[[-0.0; D]; T]], [[[-0.0; D]; T]]);
        let mut dv_sum = [[[-0.0; E]; T]];
        for u in 0..U {
            let (q, a, dc, dc_keys) = ([[q[0][u]]], [[a[0][u]]], [[dc[0][u]]], [[dc_keys[0][u]]]);
            let offset = [offset[0] + isize::try_from(u).expect("few")];
            let attend = Attend::new().lengths(&[13]).causal_rows(&offset);
            let mut one = [[[f32::NAN; D]]];
            let (dk, dv) = (Accumulate(&mut dk_sum), Accumulate(&mut dv_sum));
            attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut one, dk, dv);
            assert_same_bits(&one[0], &dq[0][u..=u], "dq");
            let dhs = Accumulate(&mut dhs_sum);
            attend.cross_attention_backward(&q, &k, &a, &dc_keys, &mut one, dhs);
            assert_same_bits(&one[0], &dh[0][u..=u], "dh");
        }
        assert_eq!(dk, dk_sum);
        assert_eq!(dv, dv_sum);
        assert_eq!(dhs, dhs_sum);
    }
}

/// The gradient of a bias of each query goes to that query.
#[test]
fn bias_gradients_of_groups() {
    const U: usize = 14;
    let mut source = Source::new(17, Kind::Even);
    let q = source.array::<[[f32; 2]; U], 1>();
    let k = source.array::<[[f32; 2]; 3], 1>();
    let dc = source.array::<[[f32; 2]; U], 1>();
    let bias = source.array::<[[f32; 3]; U], 1>();
    let attend = Attend::new().bias(&*bias);
    let (mut a, mut c) = ([[[f32::NAN; 3]; U]], [[[f32::NAN; 2]; U]]);
    attend.cross_attention(&q, &k, &mut a, &mut c);
    let mut db = [[[f32::NAN; 3]; U]];
    attend.bias_gradient(&q, &k, &k, &a, &dc, &mut db);
    attend.bias_gradient(&q, &k, &k, &a, &dc, Skip);
    for u in 0..U {
        let (q, a, dc, bias) = ([[q[0][u]]], [[a[0][u]]], [[dc[0][u]]], [[bias[0][u]]]);
        let mut alone = [[[f32::NAN; 3]]];
        let attend = Attend::new().bias(&bias);
        attend.bias_gradient(&q, &k, &k, &a, &dc, &mut alone);
        assert_same_bits(&alone[0], &db[0][u..=u], "gradient of the bias");
    }
}

/// Each gradient alone is the one of all together.
fn one_gradient<const U: usize>() {
    let mut source = Source::new(11, Kind::Even);
    let (q, k) = (
        source.array::<[[f32; 4]; U], 1>(),
        source.array::<[[f32; 4]; 3], 1>(),
    );
    let (v, dc) = (
        source.array::<[[f32; 5]; 3], 1>(),
        source.array::<[[f32; 5]; U], 1>(),
    );
    let attend = Attend::new();
    let (mut a, mut c) = ([[[f32::NAN; 3]; U]], [[[f32::NAN; 5]; U]]);
    attend.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    let (mut dq, mut dk, mut dv) = (
        [[[f32::NAN; 4]; U]],
        [[[f32::NAN; 4]; 3]],
        [[[f32::NAN; 5]; 3]],
    );
    attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
    let (mut dq_alone, mut dk_alone, mut dv_alone) = (
        [[[f32::NAN; 4]; U]],
        [[[f32::NAN; 4]; 3]],
        [[[f32::NAN; 5]; 3]],
    );
    attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq_alone, Skip, Skip);
    attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, &mut dk_alone, Skip);
    attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, Skip, &mut dv_alone);
    assert_eq!((&dq_alone, &dk_alone, &dv_alone), (&dq, &dk, &dv));

    // Added to zero, it is the same; of what several queries share, in the same order.
    let (mut dq_sum, mut dv_sum) = ([[[0.0; 4]; U]], [[[0.0; 5]; 3]]);
    let (to_dq, to_dv) = (Accumulate(&mut dq_sum), Accumulate(&mut dv_sum));
    attend.dot_product_attention_backward(&q, &k, &v, &a, &dc, to_dq, Skip, to_dv);
    assert_eq!((&dq_sum, &dv_sum), (&dq, &dv));

    let (mut dec, mut enc) = ([[[f32::NAN; 4]; U]], [[[f32::NAN; 4]; 3]]);
    attend.cross_attention_backward(&q, &k, &a, &q, &mut dec, &mut enc);
    let (mut dec_alone, mut enc_alone) = ([[[f32::NAN; 4]; U]], [[[f32::NAN; 4]; 3]]);
    attend.cross_attention_backward(&q, &k, &a, &q, &mut dec_alone, Skip);
    attend.cross_attention_backward(&q, &k, &a, &q, Skip, &mut enc_alone);
    assert_eq!((dec_alone, enc_alone), (dec, enc));
}

#[test]
fn weights_accumulate() {
    let mut source = Source::new(19, Kind::Even);
    let (a, hs, dc) = (
        source.array::<[f32; 3], 1>(),
        source.array::<[[f32; 5]; 3], 1>(),
        source.array::<[f32; 5], 1>(),
    );
    let (mut da, mut dhs) = ([[f32::NAN; 3]], [[[f32::NAN; 5]; 3]]);
    weighted_sum_backward(&a, &hs, &dc, &mut da, &mut dhs);
    let (mut da_sum, mut dhs_sum) = ([[0.0; 3]], [[[0.0; 5]; 3]]);
    let sums = (Accumulate(&mut da_sum), Accumulate(&mut dhs_sum));
    weighted_sum_backward(&a, &hs, &dc, sums.0, sums.1);
    assert_eq!((da_sum, dhs_sum), (da, dhs));
}

/// A feature has the gradients that it has among half as many, which loops of another layout compute.
#[test]
fn features_of_long_rows() {
    const T: usize = 6; // four rows, and some
    let mut source = Source::new(23, Kind::Even);
    let (h, hs) = (
        source.array::<[f32; 72], 1>(),
        source.array::<[[f32; 72]; T], 1>(),
    );
    let ds = source.array::<[f32; T], 1>();
    let (mut dh, mut dhs) = ([[f32::NAN; 72]], [[[f32::NAN; 72]; T]]);
    dot_scores_backward(&h, &hs, &ds, &mut dh, &mut dhs);
    for start in [0, 36] {
        let half = |row: &[f32; 72]| core::array::from_fn::<_, 36, _>(|i| row[start + i]);
        let (h, hs) = (h.map(|h| half(&h)), hs.map(|hs| hs.map(|h| half(&h))));
        let (mut dh_half, mut dhs_half) = ([[f32::NAN; 36]], [[[f32::NAN; 36]; T]]);
        dot_scores_backward(&h, &hs, &ds, &mut dh_half, &mut dhs_half);
        assert_eq!(dh_half, dh.map(|dh| half(&dh)));
        assert_eq!(dhs_half, dhs.map(|dhs| dhs.map(|dh| half(&dh))));
    }
}

#[test]
fn one_gradient_at_a_time() {
    one_gradient::<0>();
    one_gradient::<2>();
    one_gradient::<5>();
}

/// More features than the eight lanes take twice, and more keys than a stream takes at once.
#[test]
fn sums_of_several_rounds() {
    const T: usize = 37;
    const H: usize = 23;
    let mut source = Source::new(13, Kind::Even);
    let (h, hs) = (
        source.array::<[f32; H], 1>(),
        source.array::<[[f32; H]; T], 1>(),
    );
    let mut s = [[f32::NAN; T]];
    dot_scores(&h, &hs, &mut s);
    for (s, x) in s[0].iter().zip(&hs[0]) {
        let products = h[0].iter().zip(x).map(|(h, x)| h.wide() * x.wide());
        let (exact, magnitude) = products.fold((0.0, 0.0), |(s, m), p| (s + p, m + p.abs()));
        assert!((s.wide() - exact).abs() <= 6.0 * f32::ROUNDOFF * magnitude);
    }

    let (mut a, mut expected) = ([[f32::NAN; T]], [[f32::NAN; H]]);
    attention(&h, &hs, &mut a, &mut expected);
    let mut running = Running::new();
    running.push_rows(&s[0], &hs[0]);
    let mut c = [f32::NAN; H];
    running.context(&mut c);
    for (c, expected) in c.iter().zip(&expected[0]) {
        assert!((c - expected).abs() < 1e-5, "{c}, not {expected}");
    }
}

/// A range of many keys, or of few: the call with the others cut off.
fn range_of_keys<const T: usize, const L: usize>() {
    let mut source = Source::new(15, Kind::Even);
    let (a, d) = (source.array::<[f32; T], 1>(), source.array::<[f32; T], 1>());
    let mut in_range = *d;
    Attend::new()
        .lengths(&[L])
        .softmax_backward(&a, &mut in_range);
    let mut cut = [*d[0].first_chunk::<L>().expect("fewer")];
    softmax_backward(&[*a[0].first_chunk().expect("fewer")], &mut cut);
    assert_same_bits(&cut[0], &in_range[0][..L], "gradients of the scores");
    assert!(in_range[0][L..].iter().all(|d| *d == 0.0));
}

#[test]
fn ranges_of_keys() {
    range_of_keys::<7, 5>();
    range_of_keys::<13, 11>();
    range_of_keys::<45, 41>();
}

/// So many short rows that they share one loop of exponentials: each has the bits that it has alone.
fn short_rows<const T: usize>() {
    const N: usize = 8;
    let mut source = Source::new(9, Kind::Even);
    let (h, hs) = (
        source.array::<[f32; 3], N>(),
        source.array::<[[f32; 3]; T], N>(),
    );
    let lengths: [usize; N] = [T, 0, 1, 2, 3, T - 1, T, T + 1];
    let mask: [[bool; T]; N] =
        core::array::from_fn(|n| core::array::from_fn(|t| (t + n) % 3 > 0 && n != 4));
    let (mut a, mut c) = ([[[f32::NAN; T]; N]; 3], [[[f32::NAN; 3]; N]; 3]);
    let [in_range, masked, windowed] = &mut a;
    let [of_range, of_mask, of_window] = &mut c;
    let window = Attend::new().lengths(&lengths).window_at(3, 1, 4);
    Attend::new()
        .lengths(&lengths)
        .attention(&h, &hs, in_range, of_range);
    Attend::new()
        .mask(&mask)
        .attention(&h, &hs, masked, of_mask);
    window.attention(&h, &hs, windowed, of_window);
    let mut scores = [[f32::NAN; T]; N];
    dot_scores(&h, &hs, &mut scores);
    Attend::new().lengths(&lengths).softmax(&mut scores);
    assert_same_bits(&scores, in_range, "weights of scores");
    let mut weights = [[f32::NAN; T]; N];
    Attend::new()
        .lengths(&lengths)
        .attention_weights(&h, &hs, &mut weights);
    assert_same_bits(&weights, in_range, "weights alone");
    for n in 0..N {
        let (h, hs, length, mask) = ([h[n]], [hs[n]], [lengths[n]], [mask[n]]);
        let (mut alone, mut context) = ([[f32::NAN; T]], [[f32::NAN; 3]]);
        let window = Attend::new().lengths(&length).window_at(3, 1, 4);
        Attend::new()
            .lengths(&length)
            .attention(&h, &hs, &mut alone, &mut context);
        assert_same_bits(&alone, &in_range[n..=n], "weights in a range");
        assert_same_bits(&context, &of_range[n..=n], "context of a range");
        Attend::new()
            .mask(&mask)
            .attention(&h, &hs, &mut alone, &mut context);
        assert_same_bits(&alone, &masked[n..=n], "weights under a mask");
        assert_same_bits(&context, &of_mask[n..=n], "context of a mask");
        window.attention(&h, &hs, &mut alone, &mut context);
        assert_same_bits(&alone, &windowed[n..=n], "weights in a window");
        assert_same_bits(&context, &of_window[n..=n], "context of a window");
    }
}

#[test]
fn short_rows_together() {
    short_rows::<5>();
    short_rows::<11>();
}

#[test]
fn weights_below_the_normal_numbers() {
    let mut a = [[0.0_f32, -95.0]];
    softmax(&mut a);
    let smallest = f64::from(f32::from_bits(1));
    assert!((f64::from(a[0][1]) - (-95.0_f64).exp()).abs() < smallest);
    assert!(a[0][1] > 0.0 && a[0][1] < f32::MIN_POSITIVE);
}

#[test]
fn labels() {
    let mut x = [[1.0, 2.0], [3.0, 4.0], [f64::NEG_INFINITY, 0.0]];
    let loss = softmax_cross_entropy(&mut x, &[None, Some(2), Some(0)]);
    assert!(loss.is_nan());
    assert_eq!(x[0], [0.0, 0.0]);
    assert!(x[1].iter().all(|x| x.is_nan()));
    assert_eq!(x[2], [-1.0, 1.0]);
}

#[test]
fn nothing_but_minus_infinity() {
    let low = f64::NEG_INFINITY;
    let mut x = [[low; 9]];
    softmax(&mut x);
    assert_eq!(x, [[0.0; 9]]);
    let mut x = [[low; 9]];
    log_softmax(&mut x);
    assert_eq!(x, [[low; 9]]);
}

/// What is saved has the zero that is documented, whichever zero is the largest score.
#[test]
fn the_largest_zero() {
    let low = f32::NEG_INFINITY;
    for [one, other] in [
        [0.0, -0.0],
        [-0.0, 0.0],
        [-0.0, -0.0],
        [-0.0, low],
        [low, low],
    ] {
        let mut saved = [Normalizer::default()];
        Attend::new().attention(&[[1.0]], &[[[one], [other]]], &mut saved, &mut [[0.0]]);
        assert_eq!(saved[0].max.to_bits(), 0, "{one} and {other}");
    }
}

#[test]
fn streams() {
    let context = |running: &Running<f32, 1>| {
        let mut c = [f32::NAN];
        running.context(&mut c);
        c[0]
    };
    let nothing = Running::default();
    assert_eq!(context(&nothing), 0.0);
    let mut low = Running::new();
    low.push(f32::NEG_INFINITY, &[5.0]);
    assert_eq!(context(&low), 0.0);

    let (mut left, mut right) = (Running::new(), Running::new());
    left.push_rows(&[1.0, 2.0], &[[4.0], [4.0]]);
    right.push(1.5, &[4.0]);
    let mut both = left.clone();
    both.merge(&right);
    right.merge(&left);
    for merged in [context(&both), context(&right)] {
        assert!((merged - 4.0).abs() < 1e-6);
    }
    let before = context(&both);
    both.merge(&nothing);
    assert_eq!(context(&both), before);
    // Far apart, the lower one is forgotten.
    let mut high = Running::new();
    high.push(200.0, &[7.0]);
    both.merge(&high);
    assert_eq!(context(&both), 7.0);
    both.push(f32::NAN, &[4.0]);
    assert!(context(&both).is_nan());
    // A context that overflows is infinite, not NaN.
    let mut large = Running::new();
    large.push_rows(&[0.0; 3], &[[f32::MAX]; 3]);
    assert_eq!(context(&large), f32::INFINITY);
}

/// No element on one axis or the other: what is left is zeros.
fn empty<const N: usize, const T: usize, const H: usize>() {
    let (h, hs) = ([[1.0; H]; N], [[[1.0; H]; T]; N]);
    let (mut a, mut c) = ([[f64::NAN; T]; N], [[f64::NAN; H]; N]);
    attention(&h, &hs, &mut a, &mut c);
    let (mut dh, mut dhs) = ([[f64::NAN; H]; N], [[[f64::NAN; H]; T]; N]);
    attention_backward(&h, &hs, &a, &h, &mut dh, &mut dhs);
    assert!(
        a.iter()
            .flatten()
            .all(|a| *a == 1.0 / f64::from(u8::try_from(T).expect("few")))
    );
    assert!(c.iter().flatten().all(|c| *c == 0.0));
    assert!(dh.iter().flatten().all(|dh| *dh == 0.0));
    assert_eq!(dhs, [[[0.0; H]; T]; N]);
}

#[test]
fn sizes_of_zero() {
    empty::<0, 2, 2>();
    empty::<2, 0, 3>();
    empty::<2, 4, 0>();
}

/// Options are values: a copy means the same.
#[test]
fn options_are_copied() {
    let (mask, bias) = ([[true, false]], [[0.0_f32, 1.0]]);
    let att = Attend::new().mask(&mask).bias(&bias);
    let (mut x, mut y) = ([[1.0, f32::NAN]], [[1.0, f32::NAN]]);
    att.softmax(&mut x);
    Clone::clone(&att).softmax(&mut y);
    assert_eq!((x, y), ([[1.0, 0.0]], [[1.0, 0.0]]));
}
