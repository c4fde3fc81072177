//! The bounds that the documentation of each function states are not below the derived ones, and so
//! hold where those do: on random inputs of every length around the blocks of the loops.

use crate::bounds::attention::Query;
use crate::bounds::{self, count, losses, magnitude, running, softmax};
use crate::exact::{Softmax, numbers, rounded};
use crate::values::{Kind, Source};

const LENGTHS: [usize; 17] = [
    1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 64, 65, 130, 500, 1030, 4096,
];

fn values(count: usize, source: &mut Source) -> Vec<f64> {
    (0..count).map(|_| source.value()).collect()
}

/// Scores of every spread.
fn scores(count: usize, source: &mut Source) -> Vec<f64> {
    let spread = [0.0, 0.1, 1.0, 10.0, 60.0][source.below(5)];
    values(count, source).iter().map(|x| x * spread).collect()
}

fn on_every_length(property: impl Fn(usize, &mut Source)) {
    let mut source = Source::new(21, Kind::Even);
    for length in LENGTHS {
        for _ in 0..if length < 100 { 30 } else { 3 } {
            property(length, &mut source);
        }
    }
}

#[track_caller]
fn assert_covers(documented: f64, derived: f64, what: &str) {
    // Both are sums of rounded numbers.
    assert!(
        documented >= derived * (1.0 - 1e-12),
        "{what}: {documented} is below {derived}"
    );
}

fn levels(n: usize) -> f64 {
    f64::from(n.next_power_of_two().ilog2())
}

/// `weighted_sum`, `dot_scores`: `T·u·Σ` and `(⌈H/8⌉ + 3)·u·Σ`.
#[test]
fn of_sums() {
    on_every_length(|len, source| {
        let (x, y) = (values(len, source), values(len, source));
        let sum = magnitude(&x, &y);
        assert_covers(count(len) * sum, bounds::row_sum(&x, &y), "weighted_sum");
        let lanes = count(len.div_ceil(8)) + 3.0;
        assert_covers(lanes * sum, bounds::dot(&x, &y), "dot_scores");
    });
}

/// `softmax_backward`: `(⌈T/8⌉ + 5)·u·a·(|d| + Σ|a·d|)`.
#[test]
fn of_softmax_backward() {
    on_every_length(|len, source| {
        let a = rounded(&Softmax::new(&numbers(&scores(len, source))).weights);
        let d = values(len, source);
        let units = softmax::softmax_backward(&a, &d, &vec![0.0; len]);
        let sum = magnitude(&a, &d);
        for t in 0..len {
            let documented = (count(len.div_ceil(8)) + 5.0) * a[t] * (d[t].abs() + sum);
            assert_covers(documented, units[t], "softmax_backward");
        }
    });
}

/// `attention`: an error of `ε` in every score is a relative error of at most `2ε` in the weights.
#[test]
fn of_attention() {
    on_every_length(|len, source| {
        let exact = Softmax::new(&numbers(&scores(len, source)));
        let (a, below) = (rounded(&exact.weights), exact.below());
        let error = 1e6 * source.unit();
        let alone = softmax::softmax(&a, &below, &vec![0.0; len]);
        let with = softmax::softmax(&a, &below, &vec![error; len]);
        for t in 0..len {
            assert_covers(
                alone[t] + 2.0 * error * a[t] * (1.0 + 1e-9),
                with[t],
                "attention",
            );
        }
    });
}

/// A scale and a bias round once each.
#[test]
fn of_scales_and_biases() {
    on_every_length(|len, source| {
        let mut query = Query {
            q: values(len, source),
            k: vec![values(len, source)],
            v: Vec::new(),
            scale: None,
            bias: None,
        };
        let alone = query.dot_scores()[0];
        let (scale, bias) = (source.value::<f64>(), source.value::<f64>());
        query.scale = Some(scale);
        query.bias = Some(vec![bias]);
        let score: f64 = query.q.iter().zip(&query.k[0]).map(|(q, k)| q * k).sum();
        let documented = scale.abs() * alone + (scale * score).abs() + (scale * score + bias).abs();
        assert_covers(documented, query.dot_scores()[0], "scale and bias");
    });
}

/// `log_softmax`: `2·|x − m| + ⌈log2 T⌉ + 8 + 3·ln T`; `softmax_cross_entropy`:
/// `|m − x| + ⌈log2 C⌉ + 8 + ln C + 2·loss`.
#[test]
fn of_losses() {
    on_every_length(|len, source| {
        let exact = Softmax::new(&numbers(&scores(len, source)));
        let (a, below) = (rounded(&exact.weights), exact.below());
        let units = losses::log_softmax(&a, &below, exact.log_sum.hi);
        let (depth, log) = (levels(len) + 8.0, libm::log(count(len)));
        for t in 0..len {
            assert_covers(2.0 * below[t] + depth + 3.0 * log, units[t], "log_softmax");
            let loss = below[t] + exact.log_sum.hi;
            let documented = below[t] + depth + log + 2.0 * loss;
            let derived = losses::cross_entropy(&a, &below, exact.log_sum.hi, t);
            assert_covers(documented, derived, "softmax_cross_entropy");
        }
    });
}

/// `log_softmax_backward`: `|d| + (⌈log2 T⌉ + 8)·exp(y)·Σ|d|`.
#[test]
fn of_log_softmax_backward() {
    on_every_length(|len, source| {
        let y: Vec<f64> = (0..len).map(|_| -8.0 * source.unit()).collect();
        let d = values(len, source);
        let units = losses::log_softmax_backward(&y, &d);
        let sum: f64 = d.iter().map(|d| d.abs()).sum();
        for t in 0..len {
            let documented = d[t].abs() + (levels(len) + 8.0) * libm::exp(y[t]) * sum;
            assert_covers(documented, units[t], "log_softmax_backward");
        }
    });
}

/// `Running`: `Σ a·|v|·(3·|s − m| + 84)`, for scores that rise, fall and jump.
#[test]
fn of_running() {
    on_every_length(|len, source| {
        let slope = 8.0 * (2.0 * source.unit() - 1.0);
        let noise = scores(len, source);
        let s: Vec<f64> = (0..len)
            .map(|t| slope * count(t % 200) + noise[t])
            .collect();
        let v = values(len, source);
        let exact = Softmax::new(&numbers(&s));
        let (a, below) = (rounded(&exact.weights), exact.below());
        let context: f64 = a.iter().zip(&v).map(|(a, v)| a * v).sum();
        let groups: Vec<&[f64]> = s.chunks(1 + source.below(40)).collect();
        let derived = running::running(&groups, &a, &v, context);
        let terms = a.iter().zip(&v).zip(&below);
        let documented: f64 = terms
            .map(|((a, v), below)| a * v.abs() * (3.0 * below + 84.0))
            .sum();
        assert_covers(documented, derived, "Running");
    });
}
