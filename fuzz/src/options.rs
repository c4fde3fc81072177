//! Attention with every option of `Attend`: against the equations, against the functions that it is
//! composed of, query by query, and against itself with other arguments.

use microattention::{Accumulate, Attend, Normalizer, Skip};

use crate::ball::In;
use crate::element::{Tensor, assert_same_bits};
use crate::equations::Total;
use crate::layer::{
    Form, Layer, Options, Plain, QueryBias, QueryMask, Ranges, SharedBias, SharedMask, Single,
    Width,
};
use crate::source::{Number, Source, unwritten};

pub fn check(bytes: &[u8]) {
    let source = &mut Source::new(bytes);
    match source.byte() % 16 {
        0 => truncated::<f32, 2, 2, 9, 4, 3, 2>(source),
        1 => truncated::<f64, 1, 2, 5, 3, 2, 3>(source),
        2 => apart::<Ranges, f32, 1, 3, 0, 2, 2>(source),
        3 => apart::<QueryBias, f32, 2, 0, 3, 1, 1>(source),
        4 => apart::<QueryBias, f32, 2, 2, 3, 0, 0>(source),
        5 => apart::<SharedBias, f32, 0, 2, 3, 1, 1>(source),
        6 => each_form_apart::<f32, 2, 2, 1, 1, 3>(source),
        7 | 8 => each_form_apart::<f32, 2, 3, 4, 2, 3>(source),
        9 | 10 => each_form_apart::<f32, 1, 2, 17, 9, 5>(source),
        11 => each_form_apart::<f64, 1, 3, 5, 3, 2>(source),
        12 | 13 => each_form_together::<f32, 2, 3, 9, 3>(source),
        14 => each_form_together::<f64, 1, 2, 3, 5>(source),
        _ => together::<QueryBias, f32, 1, 2, 1, 1>(source),
    }
}

fn each_form_apart<
    F: Number,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    source: &mut Source,
) {
    match source.byte() % 8 {
        0 => apart::<Plain, F, N, U, T, D, E>(source),
        1 | 2 => apart::<Ranges, F, N, U, T, D, E>(source),
        3 => apart::<SharedMask, F, N, U, T, D, E>(source),
        4 => apart::<QueryMask, F, N, U, T, D, E>(source),
        5 => apart::<SharedBias, F, N, U, T, D, E>(source),
        6 => apart::<QueryBias, F, N, U, T, D, E>(source),
        _ => apart::<Width<D>, F, N, U, T, D, E>(source),
    }
}

fn each_form_together<F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    source: &mut Source,
) {
    match source.byte() % 8 {
        0 => together::<Plain, F, N, U, T, H>(source),
        1 | 2 => together::<Ranges, F, N, U, T, H>(source),
        3 => together::<SharedMask, F, N, U, T, H>(source),
        4 => together::<QueryMask, F, N, U, T, H>(source),
        5 => together::<SharedBias, F, N, U, T, H>(source),
        6 => together::<QueryBias, F, N, U, T, H>(source),
        _ => together::<Width<H>, F, N, U, T, H>(source),
    }
}

/// Puts the gradients of one query where they belong: over what is there or onto it. Keys that the
/// query does not attend get zeros, or stay as they are.
fn put<F: Number, const E: usize>(
    x: &[[F; E]],
    attended: &[bool],
    gradient: &mut [[F; E]],
    accumulate: bool,
) {
    for ((x, attended), gradient) in x.iter().zip(attended).zip(gradient) {
        if !accumulate {
            *gradient = if *attended { *x } else { [F::of(0.0); E] };
        } else if *attended {
            for (gradient, x) in gradient.iter_mut().zip(x) {
                *gradient += *x;
            }
        }
    }
}

/// The gradients of a call: those of queries, keys, values and the bias.
#[derive(Clone, Copy)]
struct Gradients<Q, K, V, B>([Q; 1], [K; 1], [V; 1], [B; 1]);

impl<F: Number, Q, K, V, B> Gradients<Q, K, V, B>
where
    Q: Tensor<Scalar = F>,
    K: Tensor<Scalar = F>,
    V: Tensor<Scalar = F>,
    B: Tensor<Scalar = F>,
{
    fn unwritten() -> Self {
        Self(unwritten(), unwritten(), unwritten(), unwritten())
    }

    fn arbitrary(source: &mut Source) -> Self {
        Self(
            source.array(),
            source.array(),
            source.array(),
            source.array(),
        )
    }

    #[track_caller]
    fn assert_same(&self, other: &Self, what: &str) {
        assert_same_bits(&self.0, &other.0, &format!("{what}: queries"));
        assert_same_bits(&self.1, &other.1, &format!("{what}: keys"));
        assert_same_bits(&self.2, &other.2, &format!("{what}: values"));
        assert_same_bits(&self.3, &other.3, &format!("{what}: bias"));
    }
}

fn apart<
    O: Form,
    F: Number,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    source: &mut Source,
) {
    let options = O::options::<F, N, U, T>(source);
    let q = source.array::<[[F; D]; U], N>();
    let k = source.array::<[[F; D]; T], N>();
    let v = source.array::<[[F; E]; T], N>();
    let dc = source.array::<[[F; E]; U], N>();
    let layer = O::layer(&options);
    apart_with::<O, _, F, N, U, T, D, E>(&options, &layer, (q, k, v, dc), source);
}

type Apart<F, L, const N: usize, const U: usize, const T: usize, const D: usize, const E: usize> =
    Gradients<[[[F; D]; U]; N], [[[F; D]; T]; N], [[[F; E]; T]; N], <L as Layer<F, N, U, T>>::Bias>;

type Arrays<F, const N: usize, const U: usize, const T: usize, const D: usize, const E: usize> = (
    [[[F; D]; U]; N],
    [[[F; D]; T]; N],
    [[[F; E]; T]; N],
    [[[F; E]; U]; N],
);

fn apart_with<
    O: Form,
    L: Layer<F, N, U, T>,
    F: Number,
    const N: usize,
    const U: usize,
    const T: usize,
    const D: usize,
    const E: usize,
>(
    options: &Options<F, N, U, T>,
    layer: &L,
    (mut q, mut k, mut v, mut dc): Arrays<F, N, U, T, D, E>,
    source: &mut Source,
) {
    let (mut a, mut c) = (unwritten::<[[F; T]; U], N>(), unwritten::<[[F; E]; U], N>());
    layer.forward((&q, &k, &v), &mut a, &mut c);
    let mut g = Apart::<F, L, N, U, T, D, E>::unwritten();
    let to = (&mut g.0[0], &mut g.1[0], &mut g.2[0], &mut g.3[0]);
    layer.backward((&q, &k, &v), (&a, &dc), to.0, to.1, to.2, to.3);
    let before = Apart::<F, L, N, U, T, D, E>::arbitrary(source);
    let mut added = before;
    layer.backward(
        (&q, &k, &v),
        (&a, &dc),
        Accumulate(&mut added.0[0]),
        Accumulate(&mut added.1[0]),
        Accumulate(&mut added.2[0]),
        Accumulate(&mut added.3[0]),
    );

    // Query by query, in the functions that all of it is composed of.
    let mut composed = Apart::<F, L, N, U, T, D, E>::unwritten();
    let mut onto = before;
    let has_bias = O::bias_row(U, 0, 0).is_some();
    if has_bias {
        composed.3 = [L::Bias::filled(F::of(0.0)); 1];
    }
    for n in 0..N {
        let mut totals = [Total::zeros(T * D), Total::zeros(T * E)];
        for u in 0..U {
            let row = options.row(n, u);
            let arrays = (&q[n][u], &k[n][..], &v[n][..]);
            row.check_forward(arrays, (&a[n][u], &c[n][u]), "apart");
            let expected = row.backward(arrays, (&a[n][u], &dc[n][u]));
            In::check_all(&g.0[0][n][u], &expected.query, "dq");
            totals[0].add(expected.keys.into_iter().flatten());
            totals[1].add(expected.values.into_iter().flatten());

            let single_options = options.single(n, u);
            let single = O::single(&single_options);
            let (mut weights, mut context) = (unwritten(), unwritten());
            single.scores(&q[n][u], &k[n], &mut weights);
            single.softmax(&mut weights);
            assert_same_bits(&weights[0], &a[n][u], "scores, then softmax");
            single.weighted_sum(&weights, &v[n], &mut context);
            assert_same_bits(&context[0], &c[n][u], "and the weighted sum");

            let (mut ds, mut dv) = (unwritten(), unwritten());
            single.weighted_sum_backward(&weights, &v[n], &dc[n][u], &mut ds, &mut dv);
            single.softmax_backward(&weights, &mut ds);
            let (mut dq, mut dk) = (unwritten(), unwritten());
            single.scores_backward(&q[n][u], &k[n], &ds, &mut dq, &mut dk);
            In::check_all(&ds[0], &expected.bias, "ds");

            composed.0[0][n][u] = dq[0];
            put(&dq, &[true], &mut onto.0[0][n][u..=u], true);
            let seen = &row.attended;
            put(&dk[0], seen, &mut composed.1[0][n], u > 0);
            put(&dk[0], seen, &mut onto.1[0][n], true);
            put(&dv[0], seen, &mut composed.2[0][n], u > 0);
            put(&dv[0], seen, &mut onto.2[0][n], true);
            if let Some(row) = O::bias_row(U, n, u) {
                for bias in [&mut composed.3, &mut onto.3] {
                    let (rows, _) = Tensor::flat_mut(bias).as_chunks_mut::<1>();
                    let ds = ds[0].map(|ds| [ds]);
                    put(&ds, seen, &mut rows[row * T..][..T], true);
                }
            }
        }
        if U == 0 {
            composed.1[0][n] = [[F::of(0.0); D]; T];
            composed.2[0][n] = [[F::of(0.0); E]; T];
        }
        let [keys, values] = totals;
        keys.check(g.1[0][n].as_flattened(), "dk");
        values.check(g.2[0][n].as_flattened(), "dv");
    }
    g.assert_same(&composed, "against the composition");
    added.assert_same(&onto, "accumulated");

    let mut one_by_one = Apart::<F, L, N, U, T, D, E>::unwritten();
    let to = &mut one_by_one;
    let arrays = (&q, &k, &v);
    layer.backward(arrays, (&a, &dc), &mut to.0[0], Skip, Skip, Skip);
    layer.backward(arrays, (&a, &dc), Skip, &mut to.1[0], Skip, Skip);
    layer.backward(arrays, (&a, &dc), Skip, Skip, &mut to.2[0], Skip);
    layer.backward(arrays, (&a, &dc), Skip, Skip, Skip, &mut to.3[0]);
    g.assert_same(&one_by_one, "one gradient at a time");

    let saves_less = |layer: &L, q: &_, k: &_, v: &_, dc: &_| {
        let mut saved = [[Normalizer::default(); U]; N];
        let mut context = unwritten();
        layer.forward((q, k, v), &mut saved, &mut context);
        let mut again = Apart::<F, L, N, U, T, D, E>::unwritten();
        let to = (
            &mut again.0[0],
            &mut again.1[0],
            &mut again.2[0],
            &mut again.3[0],
        );
        layer.backward((q, k, v), (&saved, dc), to.0, to.1, to.2, to.3);
        (context, again)
    };
    let (context, again) = saves_less(layer, &q, &k, &v, &dc);
    assert_same_bits(&c, &context, "the context with a normalizer saved");
    g.assert_same(&again, "with a normalizer saved");

    // What nothing attends to is not read.
    let poison = if source.flag() {
        f64::NAN
    } else {
        f64::INFINITY
    };
    for n in 0..N {
        for t in (0..T).filter(|t| (0..U).all(|u| !options.attends(n, u, *t))) {
            k[n][t] = [F::of(poison); D];
            v[n][t] = [F::of(poison); E];
        }
        for u in (0..U).filter(|u| (0..T).all(|t| !options.attends(n, *u, t))) {
            q[n][u] = [F::of(poison); D];
            dc[n][u] = [F::of(poison); E];
        }
    }
    let poisoned = options.poisoned();
    let layer = O::layer(&poisoned);
    let (mut weights, mut context) = (unwritten(), unwritten());
    layer.forward((&q, &k, &v), &mut weights, &mut context);
    assert_same_bits(&a, &weights, "weights with masked NaN");
    assert_same_bits(&c, &context, "context with masked NaN");
    let (mut dq, mut dk, mut dv) = (unwritten(), unwritten(), unwritten());
    layer.backward((&q, &k, &v), (&a, &dc), &mut dq, &mut dk, &mut dv, Skip);
    assert_same_bits(&g.0[0], &dq, "dq with masked NaN");
    assert_same_bits(&g.1[0], &dk, "dk with masked NaN");
    assert_same_bits(&g.2[0], &dv, "dv with masked NaN");
}

fn together<O: Form, F: Number, const N: usize, const U: usize, const T: usize, const H: usize>(
    source: &mut Source,
) {
    let options = O::options::<F, N, U, T>(source);
    let dec = source.array::<[[F; H]; U], N>();
    let enc = source.array::<[[F; H]; T], N>();
    let dc = source.array::<[[F; H]; U], N>();
    let layer = O::layer(&options);
    together_with::<O, _, F, N, U, T, H>(&options, &layer, (&dec, &enc, &dc), source);
}

fn together_with<
    O: Form,
    L: Layer<F, N, U, T>,
    F: Number,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    options: &Options<F, N, U, T>,
    layer: &L,
    (dec, enc, dc): (&[[[F; H]; U]; N], &[[[F; H]; T]; N], &[[[F; H]; U]; N]),
    source: &mut Source,
) {
    let (mut a, mut c) = (unwritten::<[[F; T]; U], N>(), unwritten::<[[F; H]; U], N>());
    layer.cross((dec, enc), &mut a, &mut c);
    let (mut ddec, mut denc) = (unwritten(), unwritten());
    let mut dbias = unwritten::<L::Bias, 1>();
    let saved = (&a, dc);
    layer.cross_backward((dec, enc), saved, &mut ddec, &mut denc, &mut dbias[0]);
    let before = (
        source.array::<[[F; H]; U], N>(),
        source.array::<[[F; H]; T], N>(),
        source.array::<L::Bias, 1>(),
    );
    let mut added = before;
    layer.cross_backward(
        (dec, enc),
        saved,
        Accumulate(&mut added.0),
        Accumulate(&mut added.1),
        Accumulate(&mut added.2[0]),
    );

    let mut composed_dec = unwritten::<[[F; H]; U], N>();
    let mut composed_enc = unwritten::<[[F; H]; T], N>();
    let mut onto = before;
    let mut totals = [Total::zeros(0), Total::zeros(0)];
    let mut bias_len = 0;
    if O::bias_row(U, 0, 0).is_some() {
        bias_len = L::Bias::flat(&dbias).len();
        totals = [Total::zeros(bias_len), Total::new(L::Bias::flat(&before.2))];
    }
    for n in 0..N {
        let mut total = Total::zeros(T * H);
        for u in 0..U {
            let row = options.row(n, u);
            let arrays = (&dec[n][u], &enc[n][..], &enc[n][..]);
            row.check_forward(arrays, (&a[n][u], &c[n][u]), "together");
            let expected = row.backward(arrays, (&a[n][u], &dc[n][u]));
            In::check_all(&ddec[n][u], &expected.query, "dhs_dec");
            total.add(expected.keys.into_iter().flatten());
            total.add(expected.values.into_iter().flatten());
            if let Some(row) = O::bias_row(U, n, u) {
                let before = core::iter::repeat_n(crate::ball::ZERO, row * T);
                for total in &mut totals {
                    total.add(before.clone().chain(expected.bias.iter().copied()));
                }
            }

            let single_options = options.single(n, u);
            let single = O::single(&single_options);
            let (mut weights, mut context) = (unwritten(), unwritten());
            single.attention(&dec[n][u], &enc[n], &mut weights, &mut context);
            assert_same_bits(&weights[0], &a[n][u], "one query at a time, weights");
            assert_same_bits(&context[0], &c[n][u], "one query at a time, context");
            let (mut dh, mut dhs) = (unwritten(), unwritten());
            let (arrays, saved) = ((&dec[n][u], &enc[n]), (&weights, &dc[n][u]));
            single.attention_backward(arrays, saved, &mut dh, &mut dhs);
            composed_dec[n][u] = dh[0];
            put(&dh, &[true], &mut onto.0[n][u..=u], true);
            put(&dhs[0], &row.attended, &mut composed_enc[n], u > 0);
            put(&dhs[0], &row.attended, &mut onto.1[n], true);
        }
        if U == 0 {
            composed_enc[n] = [[F::of(0.0); H]; T];
        }
        total.check(denc[n].as_flattened(), "dhs_enc");
    }
    assert_same_bits(&ddec, &composed_dec, "one query at a time, dhs_dec");
    assert_same_bits(&denc, &composed_enc, "one query at a time, dhs_enc");
    assert_same_bits(&added.0, &onto.0, "dhs_dec accumulates");
    assert_same_bits(&added.1, &onto.1, "dhs_enc accumulates");
    let [total, total_added] = totals;
    total.check(&L::Bias::flat(&dbias)[..bias_len], "dbias");
    total_added.check(&L::Bias::flat(&added.2)[..bias_len], "dbias, accumulated");

    let (mut x, mut y) = (unwritten(), unwritten());
    let mut z = unwritten::<L::Bias, 1>();
    layer.cross_backward((dec, enc), saved, &mut x, Skip, Skip);
    layer.cross_backward((dec, enc), saved, Skip, &mut y, Skip);
    layer.cross_backward((dec, enc), saved, Skip, Skip, &mut z[0]);
    assert_same_bits(&ddec, &x, "dhs_dec alone");
    assert_same_bits(&denc, &y, "dhs_enc alone");
    assert_same_bits(&dbias, &z, "dbias alone");

    let mut saved = [[Normalizer::default(); U]; N];
    let mut context = unwritten();
    layer.cross((dec, enc), &mut saved, &mut context);
    let (mut x, mut y) = (unwritten(), unwritten());
    let mut z = unwritten::<L::Bias, 1>();
    layer.cross_backward((dec, enc), (&saved, dc), &mut x, &mut y, &mut z[0]);
    assert_same_bits(&c, &context, "the context with a normalizer saved");
    assert_same_bits(&ddec, &x, "dhs_dec with a normalizer saved");
    assert_same_bits(&denc, &y, "dhs_enc with a normalizer saved");
    assert_same_bits(&dbias, &z, "dbias with a normalizer saved");
}

/// Lengths against arrays that end there.
fn truncated<
    F: Number,
    const N: usize,
    const U: usize,
    const T: usize,
    const LEN: usize,
    const D: usize,
    const E: usize,
>(
    source: &mut Source,
) {
    let q = source.array::<[[F; D]; U], N>();
    let k = source.array::<[[F; D]; T], N>();
    let v = source.array::<[[F; E]; T], N>();
    let dc = source.array::<[[F; E]; U], N>();
    let cut = |x: &[[F; D]; T]| -> [[F; D]; LEN] { core::array::from_fn(|t| x[t]) };
    let cut_v = |x: &[[F; E]; T]| -> [[F; E]; LEN] { core::array::from_fn(|t| x[t]) };
    let (short_k, short_v) = (k.each_ref().map(cut), v.each_ref().map(cut_v));
    let (causal, kind) = (source.offset(), source.kind());
    let scale = source.value::<F>(kind);
    let short = Attend::new().scale(scale).causal(causal);
    let long = short.lengths(&[LEN; N]);

    let (mut a, mut c) = (unwritten::<[[F; T]; U], N>(), unwritten::<[[F; E]; U], N>());
    long.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    let (mut short_a, mut short_c) = (unwritten::<[[F; LEN]; U], N>(), unwritten());
    short.dot_product_attention(&q, &short_k, &short_v, &mut short_a, &mut short_c);
    let (mut dq, mut dk, mut dv) = (unwritten(), unwritten(), unwritten());
    long.dot_product_attention_backward(&q, &k, &v, &a, &dc, &mut dq, &mut dk, &mut dv);
    let (mut short_dq, mut short_dk, mut short_dv) = (
        unwritten(),
        unwritten::<[[F; D]; LEN], N>(),
        unwritten::<[[F; E]; LEN], N>(),
    );
    let to = (&mut short_dq, &mut short_dk, &mut short_dv);
    short.dot_product_attention_backward(&q, &short_k, &short_v, &short_a, &dc, to.0, to.1, to.2);

    let zero = F::of(0.0);
    assert_same_bits(&c, &short_c, "context");
    assert_same_bits(&dq, &short_dq, "dq");
    for n in 0..N {
        for u in 0..U {
            assert_same_bits(&a[n][u][..LEN], &short_a[n][u], "weights");
            assert_same_bits(&a[n][u][LEN..], &[zero; T][LEN..], "weights beyond");
        }
        assert_same_bits(&dk[n][..LEN], &short_dk[n], "dk");
        assert_same_bits(&dv[n][..LEN], &short_dv[n], "dv");
        assert_same_bits(&dk[n][LEN..], &[[zero; D]; T][LEN..], "dk beyond");
        assert_same_bits(&dv[n][LEN..], &[[zero; E]; T][LEN..], "dv beyond");
    }
}
