//! Each backward pass is linear in its upstream gradient.
//!
//! A factor of a power of two rounds nothing, so it goes through to the bit; a sum of two upstream
//! gradients (of few binary digits, so that it is exact) does to within rounding.

use microattention::log_softmax_backward;

use crate::element::{Element, assert_same_bits};
use crate::options_calls::{Calls, Data, Function};
use crate::random::{assert_near, every_function, on_every_option, on_random, values};
use crate::values::{Case, Kind, Source};

on_every_option! { several_queries }

mod one_query {
    use super::single_query;

    super::every_function! { single_query }
}

fn coarse<F: Element>(count: usize, source: &mut Source) -> Vec<F> {
    values(count, &mut Source::new(source.random(), Kind::Coarse))
}

/// Checks `backward`, which makes gradients of upstream gradients.
fn assert_linear<F: Element>(
    first: &[F],
    second: &[F],
    what: &str,
    backward: impl Fn(&[F]) -> Vec<F>,
) {
    let times = |factor: f64, x: &[F]| -> Vec<F> {
        let factor = F::of(factor);
        x.iter().map(|x| *x * factor).collect()
    };
    let plus = |x: &[F], y: &[F]| -> Vec<F> { x.iter().zip(y).map(|(x, y)| *x + *y).collect() };
    let (of_first, of_second) = (backward(first), backward(second));
    for factor in [-4.0, 0.5] {
        let of_multiple = backward(&times(factor, first));
        // A zero may have either sign.
        let zero = F::of(0.0);
        let positive = |x: Vec<F>| plus(&x, &vec![zero; x.len()]);
        let (actual, expected) = (positive(of_multiple), positive(times(factor, &of_first)));
        assert_same_bits(&actual, &expected, &format!("{what} times {factor}"));
    }
    let of_sum = backward(&plus(first, second));
    assert_near(&of_sum, &plus(&of_first, &of_second), 20.0, what);
}

fn gradients<F: Copy>(x: &Data<F>) -> Vec<F> {
    [&x.dq, &x.dk, &x.dv, &x.dbias].map(|d| &d[..]).concat()
}

/// The functions of several queries.
fn several_queries<F: Element>(calls: &Calls<F>) {
    on_random(calls, |o, x, source| {
        let (first, second) = (coarse(x.dc.len(), source), coarse(x.dc.len(), source));
        let mut y = x.clone();
        (calls.many)(o, Function::DotProductAttention, &mut y);
        assert_linear(&first, &second, "dot_product_attention", |dc| {
            let mut y = Data {
                dc: dc.to_vec(),
                ..y.clone()
            };
            (calls.many)(o, Function::DotProductAttentionBackward, &mut y);
            gradients(&y)
        });
        if !calls.every_function {
            return;
        }
        let mut y = Data {
            c: values(x.q.len(), source),
            dv: Vec::new(),
            ..x.clone()
        };
        (calls.many)(o, Function::CrossAttention, &mut y);
        let (first, second) = (coarse(x.q.len(), source), coarse(x.q.len(), source));
        assert_linear(&first, &second, "cross_attention", |dc| {
            let mut y = Data {
                dc: dc.to_vec(),
                ..y.clone()
            };
            (calls.many)(o, Function::CrossAttentionBackward, &mut y);
            gradients(&y)
        });
    });
}

/// The functions of a single query, by the gradients of weights or scores and of contexts.
fn single_query<F: Element>(calls: &Calls<F>) {
    use Function::{
        Attention, AttentionBackward, AttentionWeightsBackward, DotScoresBackward, SoftmaxBackward,
        WeightedSumBackward,
    };
    on_random(calls, |o, _, source| {
        let o = o.query(0);
        let (n, t, d) = (o.shape.n, o.shape.t, o.shape.d);
        let mut x = Data {
            q: values(n * d, source),
            c: values(n * d, source),
            dv: values(n * t * d, source),
            ..Data::unwritten(o.shape, o.on)
        };
        x.k = values(n * t * d, source);
        x.v.clone_from(&x.k);
        (calls.one)(&o, Attention, &mut x);
        let (first, second) = (coarse(n * t, source), coarse(n * t, source));
        for backward in [DotScoresBackward, SoftmaxBackward, AttentionWeightsBackward] {
            assert_linear(&first, &second, &format!("{backward:?}"), |d| {
                let mut x = Data {
                    d: d.to_vec(),
                    dv: Vec::new(),
                    dbias: Vec::new(),
                    ..x.clone()
                };
                (calls.one)(&o, backward, &mut x);
                if backward == SoftmaxBackward {
                    x.d
                } else {
                    gradients(&x)
                }
            });
        }
        let (first, second) = (coarse(n * d, source), coarse(n * d, source));
        for backward in [WeightedSumBackward, AttentionBackward] {
            assert_linear(&first, &second, &format!("{backward:?}"), |dc| {
                let mut x = Data {
                    dc: dc.to_vec(),
                    ..x.clone()
                };
                (calls.one)(&o, backward, &mut x);
                match backward {
                    WeightedSumBackward => [x.d, x.dv].concat(),
                    _ => gradients(&Data {
                        dv: Vec::new(),
                        ..x
                    }),
                }
            });
        }
    });
}

fn log_softmaxes<F: Element, const T: usize>() {
    crate::shapes::run(&Kind::EVEN, 1, |case: Case| {
        let mut source = case.source();
        let y = [core::array::from_fn(|_| F::of(-3.0 * source.unit()))];
        let (first, second) = (coarse(T, &mut source), coarse(T, &mut source));
        assert_linear(&first, &second, "log_softmax", |upstream| {
            let mut d = [[F::of(0.0); T]];
            d[0].copy_from_slice(upstream);
            log_softmax_backward::<F, 1, T>(&y, &mut d);
            d[0].to_vec()
        });
    });
}

#[test]
fn of_log_softmax() {
    log_softmaxes::<f32, 1>();
    log_softmaxes::<f32, 21>();
    log_softmaxes::<f64, 130>();
}
