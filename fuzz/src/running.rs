//! `Running`: keys pushed one by one, in blocks and into parts that are merged, against the batch form.

use microattention::Running;

use crate::ball::{Ball, In};
use crate::choose;
use crate::element::{Element, assert_same_bits, unwritten};
use crate::values::{Kind, Source};

pub fn check(bytes: &[u8]) {
    let (shape, case) = choose(bytes, 8);
    let source = &mut case.source();
    match shape {
        0 => sequence::<f32, 0>(source),
        1 | 2 => sequence::<f32, 1>(source),
        3 | 4 => sequence::<f32, 3>(source),
        5 => sequence::<f32, 9>(source),
        6 => sequence::<f64, 1>(source),
        _ => sequence::<f64, 3>(source),
    }
}

/// Some keys, in the order in which they were pushed.
struct Part<F, const E: usize> {
    running: Running<F, E>,
    scores: Vec<F>,
    values: Vec<[F; E]>,
}

impl<F: Element, const E: usize> Part<F, E> {
    fn new() -> Self {
        Self {
            running: Running::new(),
            scores: vec![],
            values: vec![],
        }
    }

    fn push_rows<const T: usize>(&mut self, source: &mut Source, kinds: (Kind, Kind), base: F) {
        let scores: [F; T] = core::array::from_fn(|_| source.value_of::<F>(kinds.0) + base);
        let values: [[F; E]; T] =
            core::array::from_fn(|_| core::array::from_fn(|_| source.value_of(kinds.1)));
        if T == 1 && source.flag() {
            self.running.push(scores[0], &values[0]);
        } else {
            self.running.push_rows(&scores, &values);
        }
        self.scores.extend(scores);
        self.values.extend(values);
    }

    fn merge(&mut self, other: Self) {
        self.running.merge(&other.running);
        self.scores.extend(other.scores);
        self.values.extend(other.values);
    }

    fn check(&self) {
        let mut c = *unwritten::<F, E>();
        self.running.context(&mut c);
        let mut again = *unwritten::<F, E>();
        self.running.context(&mut again);
        assert_same_bits(&c, &again, "reading does not change it");
        for (e, c) in c.iter().enumerate() {
            let values: Vec<f64> = self.values.iter().map(|v| v[e].wide()).collect();
            let expected = context::<F>(&self.scores, &values);
            In::check(*c, expected, &format!("context[{e}]"));
        }
    }
}

/// The context, within `(3·|s[t] − m| + 134)·u·(largest |v|)` for each key, weighted as the keys are.
///
/// That bound is one to first order and without subnormal numbers. Twice what it says covers higher
/// orders, for there are less than 2¹⁰ keys and a rounding is at most 2⁻²⁴; what is lost to underflow
/// is at most some smallest subnormals for each key and step, divided by a sum of exponentials that is at
/// least e⁻²⁷ (the reference is up to 24 beyond the largest score, where scores are that coarse).
fn context<F: Element>(scores: &[F], values: &[f64]) -> Ball {
    let scores: Vec<f64> = scores.iter().map(|s| s.wide()).collect();
    if scores.iter().any(|s| s.is_nan() || *s == f64::INFINITY) {
        return Ball::Nan;
    }
    let m = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let keys = || scores.iter().copied().zip(values.iter().copied());

    // Where the exponential is surely a normal number.
    let near = if F::IS_SINGLE { -60.0 } else { -600.0 };
    let (mut nan, mut unknown, mut up, mut down) = (false, false, false, false);
    for (s, v) in keys() {
        nan |= v.is_nan() || (v.is_infinite() && s == f64::NEG_INFINITY);
        unknown |= v.is_infinite() && s - m < near;
        up |= v == f64::INFINITY && s - m >= near;
        down |= v == f64::NEG_INFINITY && s - m >= near;
    }
    if nan || (up && down) {
        return Ball::Nan;
    }
    let magnitude = values.iter().filter(|v| v.is_finite());
    let largest = magnitude.clone().fold(0.0, |m, v| f64::max(m, v.abs()));
    let finite: f64 = magnitude.map(|v| v.abs() / F::LARGEST).sum();
    if unknown || finite > 0.1 {
        return Ball::Unknown;
    }
    if up || down {
        return Ball::Infinite(if up { 1.0 } else { -1.0 });
    }
    if m == f64::NEG_INFINITY {
        return In::exact(F::of(0.0));
    }

    let mut numbers = keys().filter(|(s, _)| *s > f64::NEG_INFINITY);
    if let (Some((_, v)), None) = (numbers.next(), numbers.next()) {
        return In::exact(F::of(v));
    }

    let (mut sum, mut weights, mut error) = (0.0, 0.0, 0.0);
    let mut positive = 0.0;
    for (s, v) in keys() {
        let weight = (s - m).exp();
        weights += weight;
        sum += weight * v;
        positive += weight * v.abs();
        if weight > 0.0 {
            error += weight * (3.0 * (m - s) + 134.0) * F::ROUNDOFF * largest;
        }
    }
    let count = values.len() as f64;
    let smallest = 2.0 * F::ROUNDOFF * F::SMALLEST_NORMAL;
    let underflow = 1e12 * (count + 2.0) * (count + 2.0) * smallest * (1.0 + largest);
    let reference = 4.0 * (count + 4.0) * f64::EPSILON * positive;
    Ball::Within {
        middle: sum / weights,
        radius: (2.0 * error + reference) / weights + underflow,
    }
}

fn sequence<F: Element, const E: usize>(source: &mut Source) {
    let mut parts = [Part::<F, E>::new(), Part::new()];
    let kinds = (source.any_kind(), source.any_kind());
    // Rising, falling and constant sequences.
    let slope = [0.0, 0.0, 0.5, 3.0, 9.0, -3.0, 50.0, 1e9][source.below(8)];
    let mut base = 0.0;
    for _ in 0..1 + source.below(24) {
        let into = source.below(2);
        let part = &mut parts[into];
        base += slope;
        let base = F::of(base);
        match source.below(16) {
            0 => part.push_rows::<0>(source, kinds, base),
            1 | 2 => part.push_rows::<2>(source, kinds, base),
            3 => part.push_rows::<9>(source, kinds, base),
            4 => {
                let other = core::mem::replace(&mut parts[1 - into], Part::new());
                parts[into].merge(other);
                parts[into].check();
            }
            5 => part.check(),
            _ => part.push_rows::<1>(source, kinds, base),
        }
    }
    let [mut left, right] = parts;
    left.check();
    right.check();
    left.merge(right);
    left.check();
}
