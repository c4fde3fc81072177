//! What every contender must compute: the naive reference of the tests, in `f64`.

#[path = "../../tests/suite/naive.rs"]
pub mod naive;

use crate::function::Function;
use crate::problem::Problem;

/// The arrays that `function` writes, in the order of [`written`](crate::case::written).
pub fn expected<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    p: &Problem<N, U, T, H>,
) -> Vec<Vec<f64>> {
    let mut all: Vec<Vec<f64>> = Vec::new();
    let mut loss = 0.0;
    for n in 0..N {
        let row = if function.has_queries() {
            of_queries(function, p, n)
        } else {
            of_one_query(function, p, n, &mut loss)
        };
        all.resize(row.len(), Vec::new());
        for (all, row) in all.iter_mut().zip(row) {
            all.extend(row);
        }
    }
    if function == Function::SoftmaxCrossEntropy {
        all.push(vec![loss]);
    }
    all
}

pub fn wide<const L: usize, const R: usize>(x: &[[f32; L]; R]) -> Vec<[f64; L]> {
    x.iter().map(|x| x.map(f64::from)).collect()
}

/// `x[t] − max − ln Σ_t exp(x[t] − max)`
pub fn log_softmax(x: &[f64]) -> Vec<f64> {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let log_sum = libm::log(x.iter().map(|x| libm::exp(x - max)).sum());
    x.iter().map(|x| x - max - log_sum).collect()
}

fn of_one_query<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    p: &Problem<N, U, T, H>,
    n: usize,
    loss: &mut f64,
) -> Vec<Vec<f64>> {
    let (h, dc) = (p.h[n].map(f64::from), p.dc[n].map(f64::from));
    let (a, da) = (p.a[n].map(f64::from), p.da[n].map(f64::from));
    let (hs, scores) = (wide(&p.hs[n]), p.scores[n].map(f64::from));
    let (mut t, mut c) = (vec![0.0; T], [0.0; H]);
    let (mut dh, mut dhs) = ([0.0; H], vec![[0.0; H]; T]);
    match function {
        Function::WeightedSum => {
            naive::weighted_sum(&a, &hs, &mut c);
            vec![c.to_vec()]
        }
        Function::WeightedSumBackward => {
            naive::weighted_sum_backward(&a, &hs, &dc, &mut t, &mut dhs);
            vec![t, dhs.into_flattened()]
        }
        Function::DotScores => {
            naive::dot_scores(&h, &hs, &mut t);
            vec![t]
        }
        Function::DotScoresBackward => {
            naive::dot_scores_backward(&h, &hs, &da, &mut dh, &mut dhs);
            vec![dh.to_vec(), dhs.into_flattened()]
        }
        Function::Softmax => {
            t.copy_from_slice(&scores);
            naive::softmax(&mut t);
            vec![t]
        }
        Function::SoftmaxBackward => {
            t.copy_from_slice(&da);
            naive::softmax_backward(&a, &mut t);
            vec![t]
        }
        Function::AttentionWeights => {
            naive::attention_weights(&h, &hs, &mut t);
            vec![t]
        }
        Function::AttentionWeightsBackward => {
            naive::attention_weights_backward(&h, &hs, &a, &da, &mut dh, &mut dhs);
            vec![dh.to_vec(), dhs.into_flattened()]
        }
        Function::Attention => {
            naive::attention(&h, &hs, &mut t, &mut c);
            vec![t, c.to_vec()]
        }
        Function::AttentionBackward => {
            naive::attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
            vec![dh.to_vec(), dhs.into_flattened()]
        }
        Function::ForwardBackward => {
            naive::attention(&h, &hs, &mut t, &mut c);
            naive::attention_backward(&h, &hs, &a, &dc, &mut dh, &mut dhs);
            vec![t, c.to_vec(), dh.to_vec(), dhs.into_flattened()]
        }
        Function::LogSoftmax => vec![log_softmax(&scores)],
        Function::LogSoftmaxBackward => {
            let sum: f64 = da.iter().sum();
            let y = p.log_a[n].map(f64::from);
            vec![(0..T).map(|t| da[t] - libm::exp(y[t]) * sum).collect()]
        }
        Function::SoftmaxCrossEntropy => {
            t.copy_from_slice(&scores);
            naive::softmax(&mut t);
            if let Some(label) = p.labels[n] {
                *loss -= log_softmax(&scores)[label];
                t[label] -= 1.0;
            } else {
                t.fill(0.0);
            }
            vec![t]
        }
        Function::Running => {
            t.copy_from_slice(&scores);
            naive::softmax(&mut t);
            naive::weighted_sum(&t, &hs, &mut c);
            vec![c.to_vec()]
        }
        _ => unreachable!("{} has several queries", function.name()),
    }
}

fn of_queries<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    p: &Problem<N, U, T, H>,
    n: usize,
) -> Vec<Vec<f64>> {
    let (q, k, dc) = (wide(&p.hs_dec[n]), wide(&p.hs[n]), wide(&p.dc_dec[n]));
    let a = wide(&p.a_dec[n]);
    let own_values = wide(&p.v[n]);
    let apart = matches!(
        function,
        Function::DotProductAttention | Function::DotProductAttentionBackward
    );
    let v = if apart { &own_values } else { &k };
    let (mut of_a, mut of_c) = (vec![[0.0; T]; U], vec![[0.0; H]; U]);
    let (mut dq, mut dk) = (vec![[0.0; H]; U], vec![[0.0; H]; T]);
    let mut dv = dk.clone();
    for u in 0..U {
        naive::attention_weights(&q[u], &k, &mut of_a[u]);
        naive::weighted_sum(&of_a[u], v, &mut of_c[u]);
        let mut ds = [0.0; T];
        naive::dot_scores(&dc[u], v, &mut ds);
        naive::softmax_backward(&a[u], &mut ds);
        naive::weighted_sum(&ds, &k, &mut dq[u]);
        for t in 0..T {
            for i in 0..H {
                dk[t][i] += ds[t] * q[u][i];
                dv[t][i] += a[u][t] * dc[u][i];
            }
        }
    }
    match function {
        Function::CrossAttention | Function::DotProductAttention => {
            vec![of_a.into_flattened(), of_c.into_flattened()]
        }
        Function::CrossAttentionBackward => {
            let sum = dk.as_flattened().iter().zip(dv.as_flattened());
            vec![dq.into_flattened(), sum.map(|(k, v)| k + v).collect()]
        }
        _ => vec![
            dq.into_flattened(),
            dk.into_flattened(),
            dv.into_flattened(),
        ],
    }
}
