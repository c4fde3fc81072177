//! The functions that are timed, and who computes them.

use std::hint::black_box;

use microattention::{Attend, Running};

use crate::contender::{
    Contender, EmbeddedNn, Matrixmultiply, Naive, Nalgebra, Ndarray, Numpy, Ordered, Reference,
    StdExp,
};
use crate::options::options;
use crate::problem::{Problem, Results};
use crate::roofline::{COPY, READ};

/// A function of the crate; `attention+backward` is a training step.
pub struct Function<const N: usize, const U: usize, const T: usize, const H: usize> {
    pub name: &'static str,
    /// Floating-point operations for each element of `hs`; 0 where the exponential is most of the work.
    pub operations: usize,
    /// The least that memory must do, to an array as large as `hs`, and how many such arrays there are.
    pub memory: (usize, f64),
    /// The arrays that it writes.
    pub written: fn(&Results<N, U, T, H>) -> Vec<&[f32]>,
    /// As the reference, this crate and then the others compute it.
    pub cases: fn(&Problem<N, U, T, H>) -> Vec<Case<'_, N, U, T, H>>,
}

/// So many calls.
type Call<'p, const N: usize, const U: usize, const T: usize, const H: usize> =
    Box<dyn FnMut(&mut Results<N, U, T, H>, u32) + 'p>;

/// A function as one contender computes it.
pub struct Case<'p, const N: usize, const U: usize, const T: usize, const H: usize> {
    pub contender: &'static str,
    /// The part of the keys that it attends, if that is a range.
    pub part: f64,
    pub results: Results<N, U, T, H>,
    pub call: Call<'p, N, U, T, H>,
}

impl<'p, const N: usize, const U: usize, const T: usize, const H: usize> Case<'p, N, U, T, H> {
    pub fn new(
        contender: &'static str,
        problem: &'p Problem<N, U, T, H>,
        mut call: impl FnMut(&Problem<N, U, T, H>, &mut Results<N, U, T, H>) + 'p,
    ) -> Self {
        Self {
            contender,
            part: 1.0,
            results: Results::nan(),
            call: Box::new(move |results, times| {
                for _ in 0..times {
                    call(black_box(problem), black_box(results));
                }
            }),
        }
    }

    pub fn repeat(&mut self, times: u32) {
        (self.call)(&mut self.results, times);
    }
}

/// All functions, each with its inputs and, after the semicolon, what it writes; `t = da` is `da` at first.
///
/// This crate and the NumPy port take the whole batch, the others a row of it.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn functions<const N: usize, const U: usize, const T: usize, const H: usize>()
-> Vec<Function<N, U, T, H>> {
    macro_rules! case {
        ($p:ident, {$who:expr, $call:expr}, $calls:tt) => {
            Case::new($who, $p, $call)
        };
        ($p:ident, ours, [$($f:ident($($in:ident),*; $($out:ident $(= $from:ident)?),*))*]) => {
            Case::new("ours", $p, |p, r| {$(
                $($(*r.$out = *p.$from;)?)*
                microattention::$f($(&*p.$in,)* $(&mut *r.$out),*);
            )*})
        };
        ($p:ident, attend, [$f:ident($($in:ident),*; $($out:ident),*)]) => {
            Case::new("ours", $p, |p, r| Attend::new().$f($(&*p.$in,)* $(&mut *r.$out),*))
        };
        ($p:ident, Numpy, [$($f:ident($($in:ident),*; $($out:ident $(= $from:ident)?),*))*]) => {{
            let mut numpy = Numpy::new($p);
            Case::new("NumPy port", $p, move |p, r| {$(
                $($(*r.$out = *p.$from;)?)*
                numpy.$f(p, r);
            )*})
        }};
        ($p:ident, $who:ident, [$($f:ident($($in:ident),*; $($out:ident $(= $from:ident)?),*))*]) => {
            Case::new(<$who as Contender<T, H>>::NAME, $p, |p, r| {$(
                $($(*r.$out = *p.$from;)?)*
                for n in 0..N {
                    <$who as Contender<T, H>>::$f($(&p.$in[n],)* $(&mut r.$out[n]),*);
                }
            )*})
        };
    }
    macro_rules! written {
        ([$($f:ident($($in:ident),*; $($out:ident $(= $from:ident)?),*))*]) => {
            |r| vec![$($(r.$out.flat()),*),*]
        };
    }
    macro_rules! function {
        ($name:literal, $operations:expr, $memory:expr, $calls:tt) => {
            function!($name, $operations, $memory, $calls, ours Naive Ordered Numpy Ndarray Nalgebra Matrixmultiply)
        };
        ($name:literal, $operations:expr, $memory:expr, $calls:tt, $($who:tt)*) => {
            Function {
                name: $name,
                operations: $operations,
                memory: $memory,
                written: written!($calls),
                cases: |p| vec![case!(p, Reference, $calls), $(case!(p, $who, $calls)),*],
            }
        };
    }
    let mut functions = vec![
        function!("weighted_sum", 2, (READ, 1.0), [weighted_sum(a, hs; c)]),
        function!("weighted_sum_backward", 3, (COPY, 1.0), [weighted_sum_backward(a, hs, dc; t, dhs)]),
        function!("dot_scores", 2, (READ, 1.0), [dot_scores(h, hs; t)],
            ours Naive Ordered Numpy Ndarray Nalgebra Matrixmultiply EmbeddedNn),
        function!("dot_scores_backward", 3, (COPY, 1.0), [dot_scores_backward(h, hs, da; dh, dhs)]),
        function!("softmax", 0, (READ, 1.0), [softmax(; t = scores)],
            ours Naive Ordered Numpy StdExp Ndarray Nalgebra Matrixmultiply EmbeddedNn),
        function!("softmax_backward", 0, (READ, 1.0), [softmax_backward(a; t = da)]),
        function!("attention_weights", 2, (READ, 1.0), [attention_weights(h, hs; a)],
            ours Naive Ordered Numpy Ndarray Nalgebra Matrixmultiply EmbeddedNn),
        function!("attention_weights_backward", 3, (COPY, 1.0),
            [attention_weights_backward(h, hs, a, da; dh, dhs)]),
        function!("attention", 4, (READ, 1.0), [attention(h, hs; a, c)]),
        function!("attention_backward", 7, (COPY, 1.0), [attention_backward(h, hs, a, dc; dh, dhs)]),
        function!("attention+backward", 11, (COPY, 1.0),
            [attention(h, hs; a, c) attention_backward(h, hs, a, dc; dh, dhs)]),
        function!("cross_attention", 4 * U, (READ, 1.0), [cross_attention(hs_dec, hs; a_dec, c_dec)]),
        function!("cross_attention_backward", 7 * U, (COPY, 1.0),
            [cross_attention_backward(hs_dec, hs, a_dec, dc_dec; dhs_dec, dhs)]),
        function!("dot_product_attention", 4 * U, (READ, 2.0),
            [dot_product_attention(hs_dec, hs, v; a_dec, c_dec)],
            attend Naive Ordered Ndarray Nalgebra Matrixmultiply),
        function!("dot_product_attention_backward", 6 * U, (COPY, 2.0),
            [dot_product_attention_backward(hs_dec, hs, v, a_dec, dc_dec; dhs_dec, dhs, dv)],
            attend Naive Ordered Ndarray Nalgebra Matrixmultiply),
        function!("log_softmax", 0, (READ, 1.0), [log_softmax(; t = scores)], ours Naive),
        function!("log_softmax_backward", 0, (READ, 1.0), [log_softmax_backward(log_a; t = da)], ours Naive),
        Function {
            name: "softmax_cross_entropy",
            operations: 0,
            memory: (READ, 1.0),
            written: |r| vec![r.t.flat(), r.loss.flat()],
            cases: |p| {
                vec![
                    Case::new("reference", p, cross_entropy::<Reference, N, U, T, H>),
                    Case::new("ours", p, |p, r| {
                        *r.t = *p.scores;
                        r.loss[0] = microattention::softmax_cross_entropy(&mut r.t, &p.labels);
                    }),
                    Case::new("naive", p, cross_entropy::<Naive, N, U, T, H>),
                ]
            },
        },
        function!("Running::push_rows", 0, (READ, 1.0), [running(scores, hs; c)], {"ours", |p, r| {
            for n in 0..N {
                let mut running = Running::new();
                running.push_rows(&p.scores[n], &p.hs[n]);
                running.context(&mut r.c[n]);
            }
        }} Naive),
    ];
    functions.extend(options());
    functions
}

fn cross_entropy<
    C: Contender<T, H>,
    const N: usize,
    const U: usize,
    const T: usize,
    const H: usize,
>(
    p: &Problem<N, U, T, H>,
    r: &mut Results<N, U, T, H>,
) {
    *r.t = *p.scores;
    r.loss[0] = 0.0;
    for n in 0..N {
        match p.labels[n] {
            Some(label) => r.loss[0] += C::softmax_cross_entropy(&mut r.t[n], label),
            None => r.t[n].fill(0.0),
        }
    }
}
