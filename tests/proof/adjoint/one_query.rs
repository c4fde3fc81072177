//! The adjoint identity of the functions of a single query.

use super::{Inner, Rates, with_keys_as_values};
use crate::dual::{Dual, duals, softmax};
use crate::element::Element;
use crate::options_calls::{Calls, Data, Function};
use crate::options_reference::Shape;
use crate::random::{every_function, on_random, values};

every_function! { single_query }

/// Numbers that are attended, with zero elsewhere.
fn attended_or_zero(x: Vec<Option<Dual>>) -> impl Iterator<Item = Dual> {
    let zero = Dual { x: 0.0, rate: 0.0 };
    x.into_iter().map(move |x| x.unwrap_or(zero))
}

/// The functions of a single query.
fn single_query<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let o = o.query(0);
        let mut rates = Rates::random(&o, source);
        let x = Data {
            q: values(o.shape.n * o.shape.d, source),
            ..x.clone()
        };
        let (o, x) = with_keys_as_values(&o, &x, &mut rates, source);
        let Shape { n, t, .. } = o.shape;
        let layer = rates.layer(&o, &x);
        let upstream: Vec<F> = values(n * t, source);
        let call = |forward: Function, backward: Function, x: &Data<F>| {
            let mut x = x.clone();
            (calls.one)(&o, forward, &mut x);
            x.d.clone_from(&upstream);
            (calls.one)(&o, backward, &mut x);
            x
        };

        let scores: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(layer.scores(&o, n, 0)))
            .collect();
        let mut y = call(Function::DotScores, Function::DotScoresBackward, &x);
        // The gradient of a bias is that of the scores, of the keys that are attended.
        for (i, dbias) in y.dbias.iter_mut().enumerate() {
            let attended = o.attended(i / t, 0, i % t);
            *dbias = if attended { upstream[i] } else { F::of(0.0) };
        }
        let left = Inner::default().with_outputs(&upstream, &scores);
        left.assert_equals::<F>(rates.with(&y), "dot_scores");

        let weights: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(layer.weights(&o, n, 0)))
            .collect();
        let mut y = call(
            Function::AttentionWeights,
            Function::AttentionWeightsBackward,
            &x,
        );
        if !y.dbias.is_empty() {
            (calls.one)(&o, Function::SoftmaxBackward, &mut y);
            y.dbias.clone_from(&y.d);
        }
        let left = Inner::default().with_outputs(&upstream, &weights);
        left.assert_equals::<F>(rates.with(&y), "attention_weights");

        let context = layer.context(&o);
        let left = Inner::default().with_outputs(&x.dc, &context);
        let y = call(Function::Attention, Function::AttentionBackward, &x);
        left.assert_equals::<F>(rates.with(&y), "attention");
        let y = call(
            Function::AttentionSaved,
            Function::AttentionSavedBackward,
            &x,
        );
        left.assert_equals::<F>(rates.with(&y), "attention from normalizers");

        // Softmax and weighted sum of random scores and weights.
        let (s, of_s): (Vec<F>, Vec<F>) = (values(n * t, source), values(n * t, source));
        let dual = duals(&s, &of_s);
        let rows = |n: usize| -> Vec<_> {
            (0..t)
                .map(|key| o.attended(n, 0, key).then(|| dual[n * t + key]))
                .collect()
        };
        let x = Data { a: s, ..x };
        let weights: Vec<_> = (0..n)
            .flat_map(|n| attended_or_zero(softmax(&rows(n))))
            .collect();
        let y = call(Function::Softmax, Function::SoftmaxBackward, &x);
        let left = Inner::default().with_outputs(&upstream, &weights);
        left.assert_equals::<F>(Inner::default().and(&of_s, &y.d), "softmax");

        let context: Vec<_> = (0..n)
            .flat_map(|n| layer.weighted_sum(&o, n, &rows(n)))
            .collect();
        let y = call(Function::WeightedSum, Function::WeightedSumBackward, &x);
        let left = Inner::default().with_outputs(&x.dc, &context);
        let right = Inner::default().and(&of_s, &y.d).and(&rates.k, &y.dv);
        left.assert_equals::<F>(right, "weighted_sum");
    });
}
