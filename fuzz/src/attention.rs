//! The plain functions: every rounding step, and what the equations say.

use microattention::{
    Accumulate, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, softmax,
    weighted_sum, weighted_sum_backward,
};

use crate::ball::{Ball, In};
use crate::element::assert_same_bits;
use crate::equations::{Row, Total};
use crate::order;
use crate::source::{Number, Source, unwritten};

pub fn check(bytes: &[u8]) {
    let source = &mut Source::new(bytes);
    match source.byte() % 22 {
        0 => single::<f32, 0, 3, 2>(source),
        1 => single::<f32, 2, 0, 3>(source),
        2 => single::<f32, 2, 5, 0>(source),
        3 => single::<f32, 2, 1, 3>(source),
        4 => single::<f32, 3, 2, 1>(source),
        5 | 6 => single::<f32, 2, 3, 4>(source),
        7 | 8 => single::<f32, 2, 9, 7>(source),
        9 => single::<f32, 1, 17, 10>(source),
        10 => single::<f32, 1, 6, 17>(source),
        11 => single::<f64, 2, 3, 2>(source),
        12 => single::<f64, 1, 9, 9>(source),
        13 => cross::<f32, 2, 0, 3, 2>(source),
        14 => cross::<f32, 2, 2, 0, 2>(source),
        15 => cross::<f32, 1, 3, 4, 0>(source),
        16 => cross::<f32, 2, 1, 1, 1>(source),
        17 | 18 => cross::<f32, 2, 2, 3, 3>(source),
        19 => cross::<f32, 1, 3, 9, 5>(source),
        20 => cross::<f64, 1, 2, 3, 2>(source),
        _ => cross::<f64, 1, 3, 9, 4>(source),
    }
}

fn single<F: Number, const N: usize, const T: usize, const H: usize>(source: &mut Source) {
    let h = source.array::<[F; H], N>();
    let hs = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[F; H], N>();
    let given = source.array::<[F; T], N>();
    let arrays = (&h, &hs, &dc);
    sums(arrays, &given);

    let (mut a, mut c) = (unwritten(), unwritten());
    attention(&h, &hs, &mut a, &mut c);
    let mut weights = unwritten();
    attention_weights(&h, &hs, &mut weights);
    assert_same_bits(&weights, &a, "attention_weights is part of attention");
    let (mut composed, mut context) = (unwritten(), unwritten());
    dot_scores(&h, &hs, &mut composed);
    softmax(&mut composed);
    weighted_sum(&composed, &hs, &mut context);
    assert_same_bits(&composed, &a, "scores, then softmax");
    assert_same_bits(&context, &c, "and the weighted sum");

    for n in 0..N {
        let (mut by_order, mut context) = ([F::of(f64::NAN); T], [F::of(f64::NAN); H]);
        order::attention(&h[n], &hs[n], &mut by_order, &mut context);
        assert_same_bits(&a[n], &by_order, "weights against the order");
        assert_same_bits(&c[n], &context, "context against the order");
        let row = Row::all(T);
        row.check_forward((&h[n], &hs[n], &hs[n]), (&a[n], &c[n]), "attention");
    }

    let before = (source.array(), source.array());
    // With weights that no softmax has made, too.
    for a in [&a, &given] {
        backward(arrays, a, &before);
        backward_of_weights(arrays, a, &given, &before);
    }
}

/// The weighted sum, the scores and their backward passes, on inputs that are not related.
fn sums<F: Number, const N: usize, const T: usize, const H: usize>(
    (h, hs, dc): (&[[F; H]; N], &[[[F; H]; T]; N], &[[F; H]; N]),
    a: &[[F; T]; N],
) {
    let (mut c, mut s) = (unwritten(), unwritten());
    weighted_sum(a, hs, &mut c);
    dot_scores(h, hs, &mut s);
    let (mut da, mut dh) = (unwritten(), unwritten());
    let (mut of_sum, mut of_scores) = (unwritten(), unwritten());
    weighted_sum_backward(a, hs, dc, &mut da, &mut of_sum);
    dot_scores_backward(h, hs, a, &mut dh, &mut of_scores);

    for n in 0..N {
        let (mut row, mut features) = ([F::of(f64::NAN); T], [F::of(f64::NAN); H]);
        let mut rows = [[F::of(f64::NAN); H]; T];
        order::weighted_sum(&a[n], &hs[n], &mut features);
        assert_same_bits(&c[n], &features, "weighted_sum");
        order::dot_scores(&h[n], &hs[n], &mut row);
        assert_same_bits(&s[n], &row, "dot_scores");
        order::weighted_sum_backward(&a[n], &hs[n], &dc[n], &mut row, &mut rows);
        assert_same_bits(&da[n], &row, "weighted_sum_backward, da");
        assert_same_bits(&of_sum[n], &rows, "weighted_sum_backward, dhs");
        order::dot_scores_backward(&h[n], &hs[n], &a[n], &mut features, &mut rows);
        assert_same_bits(&dh[n], &features, "dot_scores_backward, dh");
        assert_same_bits(&of_scores[n], &rows, "dot_scores_backward, dhs");

        for t in 0..T {
            In::check(s[n][t], In::<F>::dot(&h[n], &hs[n][t]), "dot_scores");
            In::check(da[n][t], In::<F>::dot(&dc[n], &hs[n][t]), "da");
            for i in 0..H {
                let weight = In::exact(a[n][t]);
                let product = In::<F>::product(weight, In::exact(dc[n][i]));
                In::check(of_sum[n][t][i], product, "dhs of the weighted sum");
                let product = In::<F>::product(weight, In::exact(h[n][i]));
                In::check(of_scores[n][t][i], product, "dhs of the scores");
            }
        }
        for i in 0..H {
            let column: Vec<F> = hs[n].iter().map(|x| x[i]).collect();
            let expected = In::<F>::dot(&a[n], &column);
            In::check(c[n][i], expected, "weighted_sum");
            In::check(dh[n][i], expected, "dh of the scores");
        }
    }
}

type Before<F, const N: usize, const T: usize, const H: usize> = ([[F; H]; N], [[[F; H]; T]; N]);

fn backward<F: Number, const N: usize, const T: usize, const H: usize>(
    (h, hs, dc): (&[[F; H]; N], &[[[F; H]; T]; N], &[[F; H]; N]),
    a: &[[F; T]; N],
    before: &Before<F, N, T, H>,
) {
    let fresh = || -> Before<F, N, T, H> { (unwritten(), unwritten()) };
    let (mut dh, mut dhs) = fresh();
    attention_backward(h, hs, a, dc, &mut dh, &mut dhs);

    let (mut by_order_dh, mut by_order_dhs) = fresh();
    for n in 0..N {
        let gradients = (&mut by_order_dh[n], &mut by_order_dhs[n]);
        order::attention_backward(
            &h[n],
            &hs[n],
            &a[n],
            &dc[n],
            gradients.0,
            &mut gradients.1[..],
        );

        let arrays = (&h[n], &hs[n][..], &hs[n][..]);
        let expected = Row::all(T).backward(arrays, (&a[n], &dc[n]));
        In::check_all(&dh[n], &expected.query, "dh");
        let mut total = Total::zeros(T * H);
        total.add(expected.keys.into_iter().flatten());
        total.add(expected.values.into_iter().flatten());
        total.check(dhs[n].as_flattened(), "dhs");
    }
    assert_same_bits(&dh, &by_order_dh, "dh against the order");
    assert_same_bits(&dhs, &by_order_dhs, "dhs against the order");

    let (mut added_dh, mut added_dhs) = *before;
    order::put(dh.as_flattened(), added_dh.as_flattened_mut(), true);
    let dhs_flat = dhs.as_flattened().as_flattened();
    order::put(
        dhs_flat,
        added_dhs.as_flattened_mut().as_flattened_mut(),
        true,
    );
    let (mut x, mut y) = *before;
    let both = (Accumulate(&mut x), Accumulate(&mut y));
    attention_backward(h, hs, a, dc, both.0, both.1);
    assert_same_bits(&x, &added_dh, "dh accumulates");
    assert_same_bits(&y, &added_dhs, "dhs accumulates");
    let (mut x, _) = *before;
    let (_, mut y) = fresh();
    attention_backward(h, hs, a, dc, Accumulate(&mut x), &mut y);
    assert_same_bits(&x, &added_dh, "only dh accumulates");
    assert_same_bits(&y, &dhs, "dhs does not");
    let (mut x, _) = fresh();
    let (_, mut y) = *before;
    attention_backward(h, hs, a, dc, &mut x, Accumulate(&mut y));
    assert_same_bits(&x, &dh, "dh does not accumulate");
    assert_same_bits(&y, &added_dhs, "only dhs does");
    let (mut x, mut y) = fresh();
    attention_backward(h, hs, a, dc, &mut x, Skip);
    attention_backward(h, hs, a, dc, Skip, &mut y);
    assert_same_bits(&x, &dh, "dh alone");
    assert_same_bits(&y, &dhs, "dhs alone");
    let (mut x, mut y) = *before;
    attention_backward(h, hs, a, dc, Accumulate(&mut x), Skip);
    attention_backward(h, hs, a, dc, Skip, Accumulate(&mut y));
    assert_same_bits(&x, &added_dh, "dh alone accumulates");
    assert_same_bits(&y, &added_dhs, "dhs alone accumulates");
}

fn backward_of_weights<F: Number, const N: usize, const T: usize, const H: usize>(
    (h, hs, _): (&[[F; H]; N], &[[[F; H]; T]; N], &[[F; H]; N]),
    a: &[[F; T]; N],
    da: &[[F; T]; N],
    before: &Before<F, N, T, H>,
) {
    let (mut dh, mut dhs) = (unwritten(), unwritten());
    attention_weights_backward(h, hs, a, da, &mut dh, &mut dhs);
    let (mut added_dh, mut added_dhs) = *before;
    attention_weights_backward(h, hs, a, da, Accumulate(&mut added_dh), Skip);
    attention_weights_backward(h, hs, a, da, Skip, Accumulate(&mut added_dhs));

    for n in 0..N {
        let (mut x, mut y) = ([F::of(f64::NAN); H], [[F::of(f64::NAN); H]; T]);
        order::attention_weights_backward(&h[n], &hs[n], &a[n], &da[n], &mut x, &mut y);
        assert_same_bits(&dh[n], &x, "attention_weights_backward, dh");
        assert_same_bits(&dhs[n], &y, "attention_weights_backward, dhs");
        let mut sums = (before.0[n], before.1[n]);
        order::put(&x, &mut sums.0, true);
        order::put(y.as_flattened(), sums.1.as_flattened_mut(), true);
        assert_same_bits(&added_dh[n], &sums.0, "dh accumulates");
        assert_same_bits(&added_dhs[n], &sums.1, "dhs accumulates");

        let weights: Vec<Option<Ball>> = a[n].iter().map(|a| Some(In::exact(*a))).collect();
        let upstream: Vec<Ball> = da[n].iter().map(|da| In::exact(*da)).collect();
        let ds = In::<F>::softmax_backward(&weights, &upstream);
        for i in 0..H {
            let column = hs[n].iter().map(|x| In::exact(x[i]));
            let expected = In::<F>::sum_of_products(ds.iter().copied().zip(column));
            In::check(dh[n][i], expected, "attention_weights_backward, dh");
            for t in 0..T {
                let expected = In::<F>::product(ds[t], In::exact(h[n][i]));
                In::check(dhs[n][t][i], expected, "attention_weights_backward, dhs");
            }
        }
    }
}

fn cross<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    source: &mut Source,
) {
    let dec = source.array::<[[F; H]; U], N>();
    let enc = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[[F; H]; U], N>();
    let before_dec = source.array::<[[F; H]; U], N>();
    let before_enc = source.array::<[[F; H]; T], N>();

    let (mut a, mut c) = (unwritten(), unwritten());
    cross_attention(&dec, &enc, &mut a, &mut c);
    let (mut ddec, mut denc) = (unwritten(), unwritten());
    cross_attention_backward(&dec, &enc, &a, &dc, &mut ddec, &mut denc);
    let (mut added_dec, mut added_enc) = (before_dec, before_enc);
    let both = (Accumulate(&mut added_dec), Accumulate(&mut added_enc));
    cross_attention_backward(&dec, &enc, &a, &dc, both.0, both.1);

    for n in 0..N {
        let nan = F::of(f64::NAN);
        let (mut weights, mut context) = ([[nan; T]; U], [[nan; H]; U]);
        order::cross_attention(&dec[n], &enc[n], &mut weights, &mut context);
        assert_same_bits(&a[n], &weights, "weights against the order");
        assert_same_bits(&c[n], &context, "context against the order");

        let (mut x, mut y) = ([[nan; H]; U], [[nan; H]; T]);
        let to = ((&mut x[..], false), (&mut y[..], false));
        order::cross_attention_backward(&dec[n], &enc[n], &a[n], &dc[n], to.0, to.1);
        assert_same_bits(&ddec[n], &x, "dhs_dec against the order");
        assert_same_bits(&denc[n], &y, "dhs_enc against the order");
        (x, y) = (before_dec[n], before_enc[n]);
        let to = ((&mut x[..], true), (&mut y[..], true));
        order::cross_attention_backward(&dec[n], &enc[n], &a[n], &dc[n], to.0, to.1);
        assert_same_bits(&added_dec[n], &x, "dhs_dec accumulates");
        assert_same_bits(&added_enc[n], &y, "dhs_enc accumulates");

        let row = Row::all(T);
        let mut total = Total::zeros(T * H);
        let mut added = Total::new(before_enc[n].as_flattened());
        for u in 0..U {
            let arrays = (&dec[n][u], &enc[n][..], &enc[n][..]);
            row.check_forward(arrays, (&a[n][u], &c[n][u]), "cross_attention");
            let expected = row.backward(arrays, (&a[n][u], &dc[n][u]));
            In::check_all(&ddec[n][u], &expected.query, "dhs_dec");
            for of in [expected.keys, expected.values] {
                total.add(of.iter().flatten().copied());
                added.add(of.iter().flatten().copied());
            }
        }
        total.check(denc[n].as_flattened(), "dhs_enc");
        added.check(added_enc[n].as_flattened(), "dhs_enc, accumulated");
    }

    let (mut x, mut y) = (unwritten(), unwritten());
    cross_attention_backward(&dec, &enc, &a, &dc, &mut x, Skip);
    cross_attention_backward(&dec, &enc, &a, &dc, Skip, &mut y);
    assert_same_bits(&x, &ddec, "dhs_dec alone");
    assert_same_bits(&y, &denc, "dhs_enc alone");
}
