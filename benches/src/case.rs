//! One function as one contender computes it.

use std::hint::black_box;

use crate::contender::{
    Batched, EmbeddedNn, Matrixmultiply, Naive, Nalgebra, Ndarray, Numpy, Ordered, Ours, StdExp,
};
use crate::function::Function;
use crate::layers::Layers;
use crate::problem::{Problem, Results};
use crate::rounds::Repeat;

/// What is timed, and can be checked.
pub trait Case: Repeat {
    fn contender(&self) -> &'static str;
    /// The arrays that the last call wrote.
    fn results(&self) -> Vec<&[f32]>;
}

struct Call<'p, L, M, const N: usize, const U: usize, const T: usize, const H: usize> {
    function: Function,
    contender: &'static str,
    layers: L,
    method: M,
    problem: &'p Problem<N, U, T, H>,
    results: Results<N, U, T, H>,
}

impl<L, M, const N: usize, const U: usize, const T: usize, const H: usize> Repeat
    for Call<'_, L, M, N, U, T, H>
where
    M: Fn(&mut L, &Problem<N, U, T, H>, &mut Results<N, U, T, H>),
{
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            let (layers, problem) = (black_box(&mut self.layers), black_box(self.problem));
            (self.method)(layers, problem, black_box(&mut self.results));
        }
    }
}

impl<L, M, const N: usize, const U: usize, const T: usize, const H: usize> Case
    for Call<'_, L, M, N, U, T, H>
where
    M: Fn(&mut L, &Problem<N, U, T, H>, &mut Results<N, U, T, H>),
{
    fn contender(&self) -> &'static str {
        self.contender
    }

    fn results(&self) -> Vec<&[f32]> {
        written(self.function, &self.results)
    }
}

/// The arrays that a function writes.
pub fn written<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    r: &Results<N, U, T, H>,
) -> Vec<&[f32]> {
    let (t, a, c) = (r.t.as_flattened(), r.a.as_flattened(), r.c.as_flattened());
    let (dh, dhs) = (r.dh.as_flattened(), r.dhs.as_flattened().as_flattened());
    match function {
        Function::WeightedSum | Function::Running => vec![c],
        Function::WeightedSumBackward => vec![t, dhs],
        Function::DotScores
        | Function::Softmax
        | Function::SoftmaxBackward
        | Function::LogSoftmax
        | Function::LogSoftmaxBackward => vec![t],
        Function::SoftmaxCrossEntropy => vec![t, &r.loss],
        Function::AttentionWeights => vec![a],
        Function::Attention => vec![a, c],
        Function::DotScoresBackward
        | Function::AttentionWeightsBackward
        | Function::AttentionBackward => vec![dh, dhs],
        Function::ForwardBackward => vec![a, c, dh, dhs],
        Function::CrossAttention | Function::DotProductAttention => {
            let (a, c) = (r.a_dec.as_flattened(), r.c_dec.as_flattened());
            vec![a.as_flattened(), c.as_flattened()]
        }
        Function::CrossAttentionBackward => {
            vec![r.dhs_dec.as_flattened().as_flattened(), dhs]
        }
        Function::DotProductAttentionBackward => vec![
            r.dhs_dec.as_flattened().as_flattened(),
            dhs,
            r.dv.as_flattened().as_flattened(),
        ],
    }
}

fn case<'p, L, const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    layers: L,
    problem: &'p Problem<N, U, T, H>,
) -> Box<dyn Case + 'p>
where
    L: Layers<N, U, T, H> + 'p,
{
    macro_rules! call {
        ($method:expr) => {
            Box::new(Call {
                function,
                contender: L::NAME,
                layers,
                method: $method,
                problem,
                results: Results::new(),
            })
        };
    }
    match function {
        Function::WeightedSum => call!(L::weighted_sum),
        Function::WeightedSumBackward => call!(L::weighted_sum_backward),
        Function::DotScores => call!(L::dot_scores),
        Function::DotScoresBackward => call!(L::dot_scores_backward),
        Function::Softmax => call!(L::softmax),
        Function::SoftmaxBackward => call!(L::softmax_backward),
        Function::AttentionWeights => call!(L::attention_weights),
        Function::AttentionWeightsBackward => call!(L::attention_weights_backward),
        Function::Attention => call!(L::attention),
        Function::AttentionBackward => call!(L::attention_backward),
        Function::ForwardBackward => call!(|layers: &mut L, p: &_, r: &mut _| {
            layers.attention(p, r);
            layers.attention_backward(p, r);
        }),
        Function::CrossAttention => call!(L::cross_attention),
        Function::CrossAttentionBackward => call!(L::cross_attention_backward),
        Function::DotProductAttention => call!(L::dot_product_attention),
        Function::DotProductAttentionBackward => call!(L::dot_product_attention_backward),
        Function::LogSoftmax => call!(L::log_softmax),
        Function::LogSoftmaxBackward => call!(L::log_softmax_backward),
        Function::SoftmaxCrossEntropy => call!(L::softmax_cross_entropy),
        Function::Running => call!(L::running),
    }
}

/// The function as each contender computes it that has it, ours first.
pub fn cases<const N: usize, const U: usize, const T: usize, const H: usize>(
    function: Function,
    problem: &Problem<N, U, T, H>,
) -> Vec<Box<dyn Case + '_>> {
    let mut cases = Vec::new();
    macro_rules! add {
        ($($layers:expr),+) => {$(
            let layers = $layers;
            if has(&layers, problem, function) {
                cases.push(case(function, layers, problem));
            }
        )+};
    }
    add!(
        Ours,
        Batched::<Naive>::new(),
        Batched::<Ordered>::new(),
        Numpy::new(problem),
        Batched::<StdExp>::new(),
        Batched::<Ndarray>::new(),
        Batched::<Nalgebra>::new(),
        Batched::<Matrixmultiply>::new(),
        Batched::<EmbeddedNn>::new()
    );
    cases
}

/// The names, in the order of [`cases`].
pub const CONTENDERS: [&str; 9] = [
    "ours",
    "naive",
    "ordered",
    "NumPy port",
    "std exp",
    "ndarray",
    "nalgebra",
    "matrixmultiply",
    "embedded-nn",
];

fn has<L: Layers<N, U, T, H>, const N: usize, const U: usize, const T: usize, const H: usize>(
    _: &L,
    _: &Problem<N, U, T, H>,
    function: Function,
) -> bool {
    L::has(function)
}
