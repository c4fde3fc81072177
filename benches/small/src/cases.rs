//! The functions as this crate and as plain loops compute them, for one batch row.

use std::array::{from_mut, from_ref};
use std::hint::black_box;

use benches::contender::{Naive, Ordered};
use benches::layers::Rows;
use benches::rounds::Repeat;

const LARGEST: usize = 100;

#[derive(Clone, Copy)]
pub enum Function {
    WeightedSum,
    WeightedSumBackward,
    DotScores,
    DotScoresBackward,
    Softmax,
    SoftmaxBackward,
    Attention,
    AttentionBackward,
}

use Function as F;

impl Function {
    pub const ALL: [Self; 8] = [
        F::WeightedSum,
        F::WeightedSumBackward,
        F::DotScores,
        F::DotScoresBackward,
        F::Softmax,
        F::SoftmaxBackward,
        F::Attention,
        F::AttentionBackward,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            F::WeightedSum => "weighted_sum",
            F::WeightedSumBackward => "weighted_sum_backward",
            F::DotScores => "dot_scores",
            F::DotScoresBackward => "dot_scores_backward",
            F::Softmax => "softmax",
            F::SoftmaxBackward => "softmax_backward",
            F::Attention => "attention",
            F::AttentionBackward => "attention_backward",
        }
    }

    /// For each element of `hs`; of the softmax for each score, an exponential being as much as eight.
    pub const fn multiply_adds(self) -> usize {
        match self {
            F::WeightedSum | F::DotScores => 1,
            F::Attention | F::WeightedSumBackward | F::DotScoresBackward | F::SoftmaxBackward => 2,
            F::AttentionBackward => 4,
            F::Softmax => 8,
        }
    }

    pub const fn has_no_features(self) -> bool {
        matches!(self, F::Softmax | F::SoftmaxBackward)
    }
}

/// Enough numbers for every shape.
pub struct Inputs {
    hs: Vec<f32>,
    h: [f32; LARGEST],
    dc: [f32; LARGEST],
    a: [f32; LARGEST],
    d: [f32; LARGEST],
}

impl Inputs {
    pub fn new() -> Self {
        let number = |i: usize, step: usize| ((i * step) % 97) as f32 / 48.5 - 1.0;
        Self {
            hs: (0..LARGEST * LARGEST).map(|i| number(i, 31)).collect(),
            h: std::array::from_fn(|i| number(i, 53)),
            dc: std::array::from_fn(|i| number(i, 71)),
            a: std::array::from_fn(|i| 0.01 + number(i, 17).abs()),
            d: std::array::from_fn(|i| number(i, 43)),
        }
    }
}

/// What a function writes.
struct Results<const T: usize, const H: usize> {
    t: [f32; T],
    h: [f32; H],
    th: [[f32; H]; T],
}

struct Call<C, const T: usize, const H: usize> {
    results: Box<Results<T, H>>,
    call: C,
}

impl<C: Fn(&mut Results<T, H>), const T: usize, const H: usize> Repeat for Call<C, T, H> {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            (self.call)(black_box(&mut self.results));
        }
    }
}

/// The price of repeating a call.
pub struct Nothing;

impl Repeat for Nothing {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            black_box(&mut *self);
        }
    }
}

/// Calls once and boxes; the results for the check.
fn call<'i, C: Fn(&mut Results<T, H>) + 'i, const T: usize, const H: usize>(
    call: C,
) -> (Box<dyn Repeat + 'i>, Vec<f32>) {
    let nan = f32::NAN;
    let mut results = Box::new(Results {
        t: [nan; T],
        h: [nan; H],
        th: [[nan; H]; T],
    });
    call(&mut results);
    let mut all = [&results.t[..], &results.h].concat();
    all.extend(results.th.as_flattened());
    (Box::new(Call { results, call }), all)
}

macro_rules! bb {
    ($x:expr) => {
        from_ref(black_box($x))
    };
}

/// Ours, naive and ordered, which were found to compute the same.
pub fn cases<const T: usize, const H: usize>(
    function: Function,
    inputs: &Inputs,
) -> [Box<dyn Repeat + '_>; 3] {
    let (rows, _) = inputs.hs.as_chunks::<H>();
    let hs: &[[f32; H]; T] = rows.first_chunk().expect("there are enough");
    let h: &[f32; H] = inputs.h.first_chunk().expect("there are enough");
    let dc: &[f32; H] = inputs.dc.first_chunk().expect("there are enough");
    let a: &[f32; T] = inputs.a.first_chunk().expect("there are enough");
    let d: &[f32; T] = inputs.d.first_chunk().expect("there are enough");
    macro_rules! three {
        (|$r:ident| $ours:expr, $name:ident($($x:expr),*; $($out:expr),*)) => {
            [
                call::<_, T, H>(move |$r| $ours),
                call::<_, T, H>(move |$r| <Naive as Rows<T, H>>::$name($(black_box($x),)* $($out),*)),
                call::<_, T, H>(move |$r| <Ordered as Rows<T, H>>::$name($(black_box($x),)* $($out),*)),
            ]
        };
    }
    let three = match function {
        F::WeightedSum => three!(
            |r| microattention::weighted_sum(bb!(a), bb!(hs), from_mut(&mut r.h)),
            weighted_sum(a, hs; &mut r.h)
        ),
        F::WeightedSumBackward => three!(
            |r| microattention::weighted_sum_backward(
                bb!(a), bb!(hs), bb!(dc), from_mut(&mut r.t), from_mut(&mut r.th)
            ),
            weighted_sum_backward(a, hs, dc; &mut r.t, &mut r.th)
        ),
        F::DotScores => three!(
            |r| microattention::dot_scores(bb!(h), bb!(hs), from_mut(&mut r.t)),
            dot_scores(h, hs; &mut r.t)
        ),
        F::DotScoresBackward => three!(
            |r| microattention::dot_scores_backward(
                bb!(h), bb!(hs), bb!(d), from_mut(&mut r.h), from_mut(&mut r.th)
            ),
            dot_scores_backward(h, hs, d; &mut r.h, &mut r.th)
        ),
        F::Softmax | F::SoftmaxBackward => return cases_of_scores::<T>(function, inputs),
        F::Attention => [
            call(move |r: &mut Results<T, H>| {
                let (t, c) = (from_mut(&mut r.t), from_mut(&mut r.h));
                microattention::attention(bb!(h), bb!(hs), t, c);
            }),
            call(move |r: &mut Results<T, H>| {
                <Naive as Rows<T, H>>::attention_weights(black_box(h), black_box(hs), &mut r.t);
                <Naive as Rows<T, H>>::weighted_sum(&r.t, black_box(hs), &mut r.h);
            }),
            call(move |r: &mut Results<T, H>| {
                <Ordered as Rows<T, H>>::attention_weights(black_box(h), black_box(hs), &mut r.t);
                <Ordered as Rows<T, H>>::weighted_sum(&r.t, black_box(hs), &mut r.h);
            }),
        ],
        F::AttentionBackward => three!(
            |r| microattention::attention_backward(
                bb!(h), bb!(hs), bb!(a), bb!(dc), from_mut(&mut r.h), from_mut(&mut r.th)
            ),
            attention_backward(h, hs, a, dc; &mut r.h, &mut r.th)
        ),
    };
    checked(function, three)
}

/// The functions that know no features: one instance for all H.
fn cases_of_scores<const T: usize>(
    function: Function,
    inputs: &Inputs,
) -> [Box<dyn Repeat + '_>; 3] {
    let a: &[f32; T] = inputs.a.first_chunk().expect("there are enough");
    let d: &[f32; T] = inputs.d.first_chunk().expect("there are enough");
    let three = match function {
        F::Softmax => [
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                microattention::softmax(from_mut(&mut r.t));
            }),
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                <Naive as Rows<T, 1>>::softmax(&mut r.t);
            }),
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                <Ordered as Rows<T, 1>>::softmax(&mut r.t);
            }),
        ],
        _ => [
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                microattention::softmax_backward(bb!(a), from_mut(&mut r.t));
            }),
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                <Naive as Rows<T, 1>>::softmax_backward(black_box(a), &mut r.t);
            }),
            call(move |r: &mut Results<T, 1>| {
                r.t = *black_box(d);
                <Ordered as Rows<T, 1>>::softmax_backward(black_box(a), &mut r.t);
            }),
        ],
    };
    checked(function, three)
}

fn checked<'i>(
    function: Function,
    [ours, naive, ordered]: [(Box<dyn Repeat + 'i>, Vec<f32>); 3],
) -> [Box<dyn Repeat + 'i>; 3] {
    for other in [&naive.1, &ordered.1] {
        same(function.name(), &ours.1, other);
    }
    [ours.0, naive.0, ordered.0]
}

/// Within 10⁻⁴ of the largest number; NaN where nothing was written, in both.
fn same(name: &str, x: &[f32], y: &[f32]) {
    let largest = y
        .iter()
        .filter(|y| !y.is_nan())
        .fold(1e-3, |m: f32, y| m.max(y.abs()));
    for (x, y) in x.iter().zip(y) {
        let same = (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-4 * largest;
        assert!(same, "{name}: {x}, not {y}");
    }
}
