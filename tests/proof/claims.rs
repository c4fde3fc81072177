//! Numbers of the documentation that no other test asserts.

use std::mem::size_of;

use microattention::rule::{All, And, Causal, Scale};
use microattention::{
    Accumulate, Attend, Normalizer, Running, Skip, attention_backward, attention_weights,
    cross_attention, cross_attention_backward,
};

use crate::budgets::{EXP_F32, WEIGHT_NEAR_MAXIMUM, WEIGHTS_SUM_TO_ONE};
use crate::element::assert_same_bits;
use crate::values::{Kind, Source};

const README: &str = include_str!("../../README.md");
const GUARANTEES: &str = include_str!("../../docs/guarantees.md");

#[track_caller]
fn assert_in_readme(text: &str) {
    assert!(README.contains(text), "the README does not say: {text}");
}

/// The README's section on accuracy has the figures of the table of budgets.
#[test]
fn accuracy_of_the_readme() {
    assert_in_readme(&format!(
        "| largest error, normal results | {:.3} ulp |",
        EXP_F32.normal
    ));
    assert_in_readme(&format!(
        "| largest error, subnormal results | {:.3} ulp |",
        EXP_F32.subnormal
    ));
    let count = EXP_F32.not_correctly_rounded;
    let (millions, thousands, ones) = (count / 1_000_000, count / 1000 % 1000, count % 1000);
    // Of the arguments between those that give 0 and those that give 1.
    let arguments = f64::from((-104.0_f32).to_bits() - (-f32::EPSILON / 8.0).to_bits() + 1);
    #[allow(clippy::cast_precision_loss, reason = "10⁷")]
    let share = 100.0 * count as f64 / arguments;
    assert_in_readme(&format!(
        "{millions},{thousands:03},{ones:03} results, {share:.2} %"
    ));
    assert_in_readme(&format!(
        "within {} ulp of exact",
        WEIGHT_NEAR_MAXIMUM.single
    ));
    assert_in_readme(&format!("{}·2⁻²⁴ of 1", WEIGHTS_SUM_TO_ONE.single));
}

/// Each test that the page of guarantees names, as `file` or `file::name`, is there.
#[test]
fn tests_of_the_guarantees() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = GUARANTEES.split('`').skip(1).step_by(2);
    let tests: Vec<_> = names.filter(|name| name.starts_with("tests/")).collect();
    assert!(tests.len() > 40);
    for test in tests {
        let mut parts = test.split("::");
        let file = root.join(parts.next().expect("a path"));
        if file.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{test}: {error}"));
        for name in parts {
            let is_there = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == name);
            assert!(is_there, "{test} is not there");
        }
    }
}

/// The state of a stream is 2·E + 3 numbers, what is saved instead of weights is 2.
#[test]
fn sizes() {
    assert_in_readme("| [`Running`] | 2·E + 3 |");
    assert_eq!(size_of::<Running<f32, 5>>(), (2 * 5 + 3) * size_of::<f32>());
    assert_eq!(
        size_of::<Running<f64, 64>>(),
        (2 * 64 + 3) * size_of::<f64>()
    );
    assert_eq!(size_of::<Normalizer<f32>>(), 2 * size_of::<f32>());
    // Options without numbers take no memory.
    assert_eq!(size_of::<Attend>(), 0);
}

/// Options may be built once, in a `static`.
#[test]
fn options_in_a_static() {
    type Options = Attend<And<And<All, Scale<f32>>, Causal>>;
    static ATT: Options = Attend::new().scale(0.5_f32).causal(0);
    let (mut a, mut b) = ([[0.0; 2]], [[0.0; 2]]);
    ATT.attention_weights(&[[2.0]], &[[[1.0], [f32::NAN]]], &mut a);
    attention_weights(&[[1.0]], &[[[1.0], [-900.0]]], &mut b);
    assert_eq!((a, b), ([[1.0, 0.0]], [[1.0, 0.0]]));
}

/// Two scales are one: their product, in either order.
#[test]
fn two_scales_are_their_product() {
    let (x, first, second) = (1.1_f32, 0.3, 1.3);
    let mut s = [[f32::NAN]];
    let att = Attend::new().scale(first).scale(second);
    att.dot_scores(&[[x]], &[[[1.0]]], &mut s);
    assert_eq!(s, [[x * (first * second)]]);
    assert_ne!(s, [[(x * first) * second]]);
    Attend::new()
        .scale(second)
        .scale(first)
        .dot_scores(&[[x]], &[[[1.0]]], &mut s);
    assert_eq!(s, [[x * (first * second)]]);
}

/// Gradients of shared keys that accumulate have the same bits however the calls are grouped.
#[test]
fn accumulation_in_any_groups() {
    const U: usize = 6;
    let mut source = Source::new(31, Kind::Even);
    let queries = [*source.array::<[f32; 3], U>()];
    let hs = [*source.array::<[f32; 3], 5>()];
    let dc = [*source.array::<[f32; 3], U>()];
    let (mut a, mut c) = ([[[0.0; 5]; U]], [[[0.0; 3]; U]]);
    cross_attention(&queries, &hs, &mut a, &mut c);

    let mut at_once = [*source.array::<[f32; 3], 5>()];
    let (mut in_twos, mut in_ones) = (at_once, at_once);
    cross_attention_backward(&queries, &hs, &a, &dc, Skip, Accumulate(&mut at_once));
    let pairs = queries[0].as_chunks::<2>().0.iter();
    let pairs = pairs
        .zip(a[0].as_chunks::<2>().0)
        .zip(dc[0].as_chunks::<2>().0);
    for ((query, a), dc) in pairs {
        cross_attention_backward(
            &[*query],
            &hs,
            &[*a],
            &[*dc],
            Skip,
            Accumulate(&mut in_twos),
        );
    }
    for u in 0..U {
        let (query, a, dc) = ([queries[0][u]], [a[0][u]], [dc[0][u]]);
        attention_backward(&query, &hs, &a, &dc, Skip, Accumulate(&mut in_ones));
    }
    assert_same_bits(&in_twos, &at_once, "in twos");
    assert_same_bits(&in_ones, &at_once, "one by one");
}

fn context<const E: usize>(running: &Running<f32, E>) -> [f32; E] {
    let mut c = [f32::NAN; E];
    running.context(&mut c);
    c
}

/// `state` merged with itself again and again: `2^doublings` times as many keys.
fn doubled(mut state: Running<f32, 1>, doublings: u32) -> Running<f32, 1> {
    for _ in 0..doublings {
        state.merge(&state.clone());
    }
    state
}

/// Plain `f32` sums stop growing at 2²⁴ equal scores; those of a stream still do grow at 2⁴⁶.
#[test]
fn streams_do_not_stall() {
    let plain = 16_777_216.0_f32;
    assert_eq!(plain + 1.0, plain);

    let (mut ones, mut others) = (Running::new(), Running::new());
    ones.push(0.0, &[1.0]);
    others.push(0.0, &[-1.0]);
    let (mut ones, others) = (doubled(ones, 46), doubled(others, 46));
    for _ in 0..1 << 18 {
        ones.push(0.0, &[1.0]);
    }
    // What the additional ones leave of a difference of equals, merged from either side.
    let (mut left, mut right) = (ones.clone(), others.clone());
    left.merge(&others);
    right.merge(&ones);
    let expected = 1.0 / 536_870_912.0;
    for merged in [left, right] {
        let [c] = context(&merged);
        assert!((f64::from(c) - expected).abs() < 1e-3 * expected, "{c}");
    }
}

/// However deep a tree of merges is, its states meet at one reference: none vanishes.
#[test]
fn trees_of_merges() {
    let keys = 1_u16 << 14;
    let score = |i| f32::from(i) / f32::from(keys);
    let value = |i| f32::from(i % 7) - 2.0;
    let mut states: Vec<_> = (0..keys)
        .map(|i| {
            let mut state = Running::new();
            state.push(score(i), &[value(i)]);
            state
        })
        .collect();
    while states.len() > 1 {
        states = states
            .chunks(2)
            .map(|pair| {
                let mut merged = pair[0].clone();
                merged.merge(&pair[1]);
                merged
            })
            .collect();
    }
    let [c] = context(&states[0]);
    let (mut weights, mut sum, mut magnitudes) = (0.0, 0.0, 0.0);
    for i in 0..keys {
        let weight = f64::from(score(i)).exp();
        weights += weight;
        sum += weight * f64::from(value(i));
        magnitudes +=
            weight * f64::from(value(i)).abs() * (3.0 * f64::from(1.0 - score(i)) + 134.0);
    }
    let bound = f64::from(f32::EPSILON / 2.0) * magnitudes / weights;
    let error = (f64::from(c) - sum / weights).abs();
    assert!(error <= bound, "{error:e} of {bound:e}");
}

/// Values from 3000 times the smallest normal number keep their digits when the reference moves 8
/// beyond the largest score; smaller ones lose some.
#[test]
fn small_values_in_streams() {
    let error_of = |value: f32| {
        let mut running = Running::new();
        running.push(0.0, &[value]);
        running.push(1e-3, &[value]);
        let [c] = context(&running);
        f64::from((c - value) / value).abs() / f64::from(f32::EPSILON)
    };
    let (mut enough, mut less) = (0.0, 0.0);
    for i in 0..200_u8 {
        let digits = 1.0 + f32::from(i) / 256.0;
        enough = f64::max(enough, error_of(3000.0 * digits * f32::MIN_POSITIVE));
        less = f64::max(less, error_of(digits * f32::MIN_POSITIVE));
    }
    assert!(enough < 8.0 && less > 100.0, "{enough} and {less}");
}
