//! How near the bounds bad inputs come: each stays inside, and reaches at least an eighth.
//!
//! `cargo test --test proof worst -- --nocapture` prints the table of docs/guarantees.md.

mod attention;
mod attention_backward;
mod losses;
mod sums;

use crate::bounds::SECOND_ORDER;
use crate::climb::Domain::{Logarithm, Score, Value, Weight};
use crate::climb::{Output, climb};
use crate::element::Element;

/// The flat inputs of a function, taken one after the other.
struct Flat<'a, F>(&'a [F]);

impl<F: Element> Flat<'_, F> {
    fn row<const H: usize>(&mut self) -> [F; H] {
        let (row, rest) = self.0.split_first_chunk().expect("there are enough inputs");
        self.0 = rest;
        *row
    }

    fn rows<const T: usize, const H: usize>(&mut self) -> [[F; H]; T] {
        core::array::from_fn(|_| self.row())
    }
}

fn wide<F: Element>(x: &[F]) -> Vec<f64> {
    x.iter().map(|x| x.wide()).collect()
}

fn wide_rows<F: Element, const H: usize>(rows: &[[F; H]]) -> Vec<Vec<f64>> {
    rows.iter().map(|row| wide(row)).collect()
}

/// The table of the largest shares.
const PAGE: &str = include_str!("../../docs/error-bounds.md");

/// Climbs for both element types, and compares with the row of the table.
macro_rules! worst {
    ($function:literal, $output:literal, $tries:literal, $inputs:expr, $($kernel:ident)::+ <$($letter:ident $size:literal),*>) => {
        let single = climb::<f32>(&$inputs, $output, $tries, $($kernel)::+::<f32, $($size),*>);
        let double = climb::<f64>(&$inputs, $output, $tries, $($kernel)::+::<f64, $($size),*>);
        let shape = [$(concat!(stringify!($letter), " = ", $size)),*].join(", ");
        check($function, $output, &shape, [single, double]);
    };
}

fn check(function: &str, output: &str, shape: &str, shares: [f64; 2]) {
    for share in shares {
        let what = format!("{output} of {function}, {shape}");
        assert!(share <= SECOND_ORDER, "{what}: {share} of the bound");
        assert!(share >= 0.125, "{what}: only {share} of the bound");
    }
    let [single, double] = shares;
    let row = format!("| `{function}` | `{output}` | {shape} | {single:.2} | {double:.2} |");
    println!("{row}");
    assert!(PAGE.contains(&row), "not in docs/error-bounds.md: {row}");
}

#[test]
fn of_sums() {
    let inputs = |t, h| [(t, Value), (t * h, Value)];
    worst!("weighted_sum", "c", 400, inputs(5, 2), sums::weighted_sum<T 5, H 2>);
    worst!("weighted_sum", "c", 100, inputs(300, 1), sums::weighted_sum<T 300, H 1>);
    let inputs = |t, h| [(h, Value), (t * h, Value), (t, Value)];
    worst!("weighted_sum_backward", "da", 400, inputs(1, 7), sums::weighted_sum_backward<T 1, H 7>);
    worst!("weighted_sum_backward", "da", 200, inputs(1, 130), sums::weighted_sum_backward<T 1, H 130>);
    worst!("weighted_sum_backward", "dhs", 100, inputs(1, 4), sums::weighted_sum_backward<T 1, H 4>);
    let inputs = |t, h| [(h, Value), (t * h, Value)];
    worst!("dot_scores", "s", 400, inputs(1, 7), sums::dot_scores<T 1, H 7>);
    worst!("dot_scores", "s", 200, inputs(1, 130), sums::dot_scores<T 1, H 130>);
    let inputs = |t, h| [(h, Value), (t * h, Value), (1, Value), (t, Value)];
    worst!("dot_scores", "s, scaled and biased", 400, inputs(2, 4), sums::dot_scores_biased<T 2, H 4>);
    let inputs = |t, h| [(t, Value), (t * h, Value), (h, Value)];
    worst!("dot_scores_backward", "dh", 400, inputs(5, 2), sums::dot_scores_backward<T 5, H 2>);
    worst!("dot_scores_backward", "dh", 100, inputs(300, 1), sums::dot_scores_backward<T 300, H 1>);
    worst!("dot_scores_backward", "dhs", 100, inputs(4, 2), sums::dot_scores_backward<T 4, H 2>);
}

#[test]
fn of_softmax() {
    worst!("softmax", "a", 400, [(2, Score)], losses::softmax<T 2>);
    worst!("softmax", "a", 300, [(19, Score)], losses::softmax<T 19>);
    worst!("softmax", "a", 50, [(300, Score)], losses::softmax<T 300>);
    let inputs = |t| [(t, Weight), (t, Value)];
    worst!("softmax_backward", "ds", 400, inputs(5), losses::softmax_backward<T 5>);
    worst!("softmax_backward", "ds", 200, inputs(130), losses::softmax_backward<T 130>);
}

#[test]
fn of_losses() {
    worst!("log_softmax", "y", 400, [(3, Score)], losses::log_softmax<T 3>);
    worst!("log_softmax", "y", 50, [(130, Score)], losses::log_softmax<T 130>);
    let inputs = |t| [(t, Logarithm), (t, Value)];
    worst!("log_softmax_backward", "ds", 400, inputs(4), losses::log_softmax_backward<T 4>);
    worst!("log_softmax_backward", "ds", 50, inputs(130), losses::log_softmax_backward<T 130>);
    worst!("softmax_cross_entropy", "loss", 400, [(4, Score)], losses::cross_entropy<C 4>);
    worst!("softmax_cross_entropy", "loss", 50, [(130, Score)], losses::cross_entropy<C 130>);
    worst!("softmax_cross_entropy", "dx", 400, [(4, Score)], losses::cross_entropy<C 4>);
}

/// The bounds hold at every length: less than a block, blocks, and what is left over.
#[test]
fn of_losses_at_other_lengths() {
    fn at<F: Element, const T: usize>() {
        type Kernel<F> = fn(&[F]) -> Vec<Output>;
        let kernels: [(_, Kernel<F>, _); 7] = [
            ("a", losses::softmax::<F, T>, [(T, Score), (0, Value)]),
            (
                "ds",
                losses::softmax_backward::<F, T>,
                [(T, Weight), (T, Value)],
            ),
            ("y", losses::log_softmax::<F, T>, [(T, Score), (0, Value)]),
            (
                "ds",
                losses::log_softmax_backward::<F, T>,
                [(T, Logarithm), (T, Value)],
            ),
            (
                "loss",
                losses::cross_entropy::<F, T>,
                [(T, Score), (0, Value)],
            ),
            (
                "dx",
                losses::cross_entropy::<F, T>,
                [(T, Score), (0, Value)],
            ),
            ("context", losses::running::<F, T>, [(T, Score), (T, Value)]),
        ];
        for (output, kernel, inputs) in kernels {
            let inputs: Vec<_> = inputs.into_iter().filter(|input| input.0 > 0).collect();
            let share = climb(&inputs, output, 12, kernel);
            assert!(
                share <= SECOND_ORDER,
                "{output} of {T}: {share} of the bound"
            );
        }
    }
    macro_rules! lengths {
        ($($length:literal)*) => { $(
            at::<f32, $length>();
            at::<f64, $length>();
        )* };
    }
    lengths! { 2 7 8 9 16 29 63 64 65 300 1030 }
}

#[test]
fn of_running() {
    let inputs = |t| [(t, Score), (t, Value)];
    worst!("Running", "context", 300, inputs(6), losses::running<T 6>);
    worst!("Running", "context", 100, inputs(40), losses::running<T 40>);
}

#[test]
fn of_attention() {
    let inputs = |t, h| [(h, Value), (t * h, Value)];
    worst!("attention_weights", "a", 500, inputs(2, 4), attention::attention_weights<T 2, H 4>);
    worst!("attention_weights", "a", 150, inputs(9, 17), attention::attention_weights<T 9, H 17>);
    worst!("attention", "c", 500, inputs(2, 4), attention::attention<T 2, H 4>);
    worst!("attention", "c", 200, inputs(17, 9), attention::attention<T 17, H 9>);
    let large = inputs(64, 32);
    worst!("attention", "c", 20, large, attention::attention<T 64, H 32>);
    let inputs = |u: usize, t: usize, h| [(u * h, Value), (t * h, Value)];
    worst!("cross_attention", "c", 300, inputs(2, 3, 2), attention::cross_attention<U 2, T 3, H 2>);
    let inputs = |t: usize, d, e| {
        [
            (d, Value),
            (t * d, Value),
            (t * e, Value),
            (1, Value),
            (t, Value),
        ]
    };
    worst!("dot_product_attention", "c", 300, inputs(3, 4, 1), attention::dot_product_attention<T 3, D 4, E 1>);
}

#[test]
fn of_attention_backward() {
    let inputs = |t, h| [(h, Value), (t * h, Value), (t, Weight), (t, Value)];
    worst!("attention_weights_backward", "dh", 400, inputs(4, 2), attention_backward::attention_weights_backward<T 4, H 2>);
    worst!("attention_weights_backward", "dhs", 400, inputs(4, 2), attention_backward::attention_weights_backward<T 4, H 2>);
    let inputs = |t, h| [(h, Value), (t * h, Value), (t, Weight), (h, Value)];
    worst!("attention_backward", "dh", 600, inputs(3, 2), attention_backward::attention_backward<T 3, H 2>);
    worst!("attention_backward", "dh", 200, inputs(17, 9), attention_backward::attention_backward<T 17, H 9>);
    worst!("attention_backward", "dhs", 600, inputs(3, 2), attention_backward::attention_backward<T 3, H 2>);
    worst!("attention_backward", "dhs", 200, inputs(17, 9), attention_backward::attention_backward<T 17, H 9>);
    let large = inputs(64, 32);
    worst!("attention_backward", "dh", 80, large, attention_backward::attention_backward<T 64, H 32>);
    worst!("attention_backward", "dhs", 80, large, attention_backward::attention_backward<T 64, H 32>);
}

#[test]
fn of_cross_attention_backward() {
    let inputs = |u: usize, t: usize, h| {
        [
            (u * h, Value),
            (t * h, Value),
            (u * t, Weight),
            (u * h, Value),
        ]
    };
    worst!("cross_attention_backward", "dhs_dec", 500, inputs(2, 2, 2), attention_backward::cross_attention_backward<U 2, T 2, H 2>);
    worst!("cross_attention_backward", "dhs_enc", 500, inputs(3, 2, 2), attention_backward::cross_attention_backward<U 3, T 2, H 2>);
}

#[test]
fn of_dot_product_attention_backward() {
    let inputs = |u: usize, t: usize, d: usize, e: usize| {
        let keys = (t * d, Value);
        [
            (u * d, Value),
            keys,
            (t * e, Value),
            (u * t, Weight),
            (u * e, Value),
            (1, Value),
        ]
    };
    let few = inputs(2, 3, 2, 1);
    worst!("dot_product_attention_backward", "dq", 400, few, attention_backward::dot_product_attention_backward<U 2, T 3, D 2, E 1>);
    worst!("dot_product_attention_backward", "dk", 400, few, attention_backward::dot_product_attention_backward<U 2, T 3, D 2, E 1>);
    worst!("dot_product_attention_backward", "dv", 400, few, attention_backward::dot_product_attention_backward<U 2, T 3, D 2, E 1>);
    worst!("dot_product_attention_backward", "dbias", 400, few, attention_backward::dot_product_attention_backward<U 2, T 3, D 2, E 1>);
}
