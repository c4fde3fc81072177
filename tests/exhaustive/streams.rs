//! Streams too long to keep: their error does not grow with the number of keys.

use microattention::Running;

use crate::element::{Element, boxed};

/// Optimised, so many that plain `f32` sums of ones do not reach a half of them.
const KEYS: u32 = if cfg!(debug_assertions) {
    1 << 20
} else {
    40_000_000
};

/// The most of one push that the bound holds for.
const ROWS: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    1 << 24
};

fn context<const E: usize>(running: &Running<f32, E>) -> [f32; E] {
    let mut c = [f32::NAN; E];
    running.context(&mut c);
    c
}

/// The documented bound over a stream too long to keep; its exact sums are in `f64`, which are off
/// by less than a thousandth of a unit of `f32` for each million keys.
fn long_stream<const E: usize>(keys: u32, key: impl Fn(u32) -> (f32, [f32; E])) {
    let mut running = Running::<f32, E>::new();
    let top = (0..keys)
        .map(|t| key(t).0)
        .fold(f32::NEG_INFINITY, f32::max);
    let (mut weights, mut sums, mut units) = (0.0, [0.0; E], [0.0; E]);
    for t in 0..keys {
        let (score, value) = key(t);
        running.push(score, &value);
        let distance = f64::from(top) - f64::from(score);
        let weight = libm::exp(-distance);
        weights += weight;
        for e in 0..E {
            let term = weight * f64::from(value[e]);
            sums[e] += term;
            units[e] += term.abs() * (3.0 * distance + 84.0);
        }
    }
    let c = context(&running);
    for e in 0..E {
        let error = (f64::from(c[e]) - sums[e] / weights).abs();
        let limit = f32::ROUNDOFF * units[e] / weights;
        assert!(error <= limit, "{} is off by {error} of {limit}", c[e]);
    }
}

/// Six values that never change, and a half of zeros before a half of ones: every addition
/// of a constant rounds the same way, so that errors add up where they are not compensated.
#[test]
fn of_constant_values() {
    let keys = KEYS;
    let fixed = [1.06, 1.096_23, 1.37, 0.1, 1.0 / 3.0, -123.456];
    long_stream(keys, |_| (0.0, fixed));
    // The same at a weight that is no power of two, after one of 1.
    long_stream(keys, |t| (if t == 0 { 0.0 } else { -0.731 }, fixed));
    long_stream(keys, |t| (0.5, [f32::from(u8::from(t >= keys / 2))]));
}

/// A sawtooth, a slow rise, a slow fall, and a rise of one bit now and then.
#[test]
fn of_moving_scores() {
    let keys = KEYS;
    #[allow(clippy::cast_precision_loss, reason = "rounding is welcome in a score")]
    let time = |t: u32| t as f32;
    let value = |t: u32| {
        [
            time(t % 1000) * 0.002 - 1.0,
            1.06,
            if t.is_multiple_of(7) { -1.0 } else { 1.0 },
        ]
    };
    let step = 40.0 / time(keys);
    long_stream(keys, |t| (time(t % 64) * 0.25, value(t)));
    long_stream(keys, |t| (time(t) * step, value(t)));
    long_stream(keys, |t| (-time(t) * step, value(t)));
    long_stream(keys, |t| (f32::from_bits(0x3f80_0000 + t / 3), value(t)));
    // Up and down again, with teeth on it.
    let hill = |t: u32| time(t.min(keys - t)) * step + time(t % 5);
    long_stream(keys, |t| (hill(t), value(t)));
}

#[test]
fn of_rows_in_one_push() {
    let scores: Box<[f32; ROWS]> = boxed(0.0);
    for value in [1.06, 1.076_23, 1.37, 1.976_23] {
        let values: Box<[[f32; 1]; ROWS]> = boxed(value);
        let mut running = Running::new();
        running.push_rows(&scores, &values);
        let c = context(&running)[0];
        let error = (f64::from(c) - f64::from(value)).abs();
        let bound = 84.0 * f32::ROUNDOFF * f64::from(value);
        assert!(error <= bound, "{c}, not {value}, of {ROWS} rows");
    }
}
