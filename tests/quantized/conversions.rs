//! From floats and back, and what makes gradients of scores.

use microattention::quantized::{
    Multiplier, ScoreScale, dequantize, normalize, quantize, requantize, scale_of, softmax,
    softmax_cross_entropy, update,
};

use super::reference as exact;
use super::values::{Case, KINDS, Kind, Random, each_case, rows, wide};

#[test]
fn quantizing_rounds_half_to_even_and_saturates() {
    let mut q = [[7]];
    for i in -600_i16..=600 {
        let x = f32::from(i) / 4.0;
        quantize(&[[x]], 1.0, &mut q);
        let rounded = x.round_ties_even().clamp(-128.0, 127.0);
        assert_eq!(f32::from(q[0][0]), rounded, "{x}");
    }
    let limits = [
        (f32::NAN, 0),
        (f32::INFINITY, 127),
        (f32::NEG_INFINITY, -128),
        (f32::MAX, 127),
        (f32::MIN, -128),
        (8_388_609.0, 127),
        (-16_777_215.0, -128),
        (f32::MIN_POSITIVE / 4.0, 0),
    ];
    for (x, expected) in limits {
        quantize(&[[x]], 1.0, &mut q);
        assert_eq!(q, [[expected]], "{x}");
    }
    quantize(&[[0.0]], 0.0, &mut q);
    assert_eq!(q, [[0]]);
}

#[test]
fn the_scale_of_data_saturates_nothing() {
    let mut random = Random::new(1);
    for _ in 0..1000 {
        let mut x = [[0.0; 9]];
        x[0].fill_with(|| (random.normal() * 10_f64.powi(random.below(60) as i32 - 30)) as f32);
        let scale = scale_of(&x);
        let (mut q, mut back) = ([[0; 9]], [[0.0; 9]]);
        quantize(&x, scale, &mut q);
        assert!(q[0].iter().any(|q| q.unsigned_abs() == 127));
        dequantize(&q, scale, &mut back);
        for (x, back) in x[0].iter().zip(back[0]) {
            assert!((x - back).abs() <= scale * 0.500_01);
        }
    }
    assert_eq!(
        scale_of(&[[0.0, f32::NAN, f32::INFINITY]]).to_bits(),
        1_f32.to_bits()
    );
}

#[test]
fn requantizing_is_its_formula() {
    let mut random = Random::new(2);
    let factors = [
        0.0,
        1e-30,
        1e-9,
        1.0 / 256.0,
        0.3,
        0.999_99,
        1.0,
        7.7,
        1e5,
        1e30,
        f32::INFINITY,
        f32::NAN,
        -1.0,
    ];
    let powers = (-40..20).map(|exponent| 1.1 * 2_f32.powi(exponent));
    for factor in factors.into_iter().chain(powers) {
        for kind in KINDS {
            let x = rows::<i32, 2, 30>(&mut random, kind).map(|x| x.map(|x| x >> random.below(32)));
            requantized(&x, factor);
        }
    }
}

fn requantized<const N: usize, const H: usize>(x: &[[i32; H]; N], factor: f32) {
    let (mantissa, shift) = exact::multiplier(factor);
    let mut q = [[7; H]; N];
    requantize(x, Multiplier::new(factor), &mut q);
    let x = wide(x.as_flattened());
    for (x, q) in x.into_iter().zip(q.as_flattened()) {
        let expected = exact::scale(x * mantissa, -shift).clamp(-128, 127);
        assert_eq!(i128::from(*q), expected, "{x} times {factor}");
    }
}

/// Half of the last of 15 bits.
#[test]
fn multipliers_are_near() {
    let mut random = Random::new(9);
    for _ in 0..100_000 {
        let factor = f32::from_bits(0x0080_0000 + random.below(0x7F00_0000) as u32);
        let (mantissa, shift) = exact::multiplier(factor);
        let multiplier = mantissa as f64 * 2_f64.powi(-shift);
        let error = (multiplier / f64::from(factor) - 1.0).abs();
        assert!((1 << 14..1 << 15).contains(&mantissa) && error <= 1.0 / 32_768.0);
    }
}

#[test]
fn normalizing_is_its_formula() {
    let mut random = Random::new(3);
    for kind in KINDS {
        for shift in 0..32 {
            let x = rows::<i32, 2, 5>(&mut random, kind).map(|x| x.map(|x| x >> shift));
            normalized(&x);
        }
    }
}

fn normalized<const N: usize, const H: usize>(x: &[[i32; H]; N]) {
    let mut y = [[7; H]; N];
    let exponent = normalize(x, &mut y);
    let magnitudes = x
        .as_flattened()
        .iter()
        .map(|&x| if x < 0 { -1 - x } else { x });
    let largest = magnitudes.max().unwrap_or_default();
    assert_eq!(exponent, 32 - 15 - largest.leading_zeros() as i32);
    for (x, y) in wide(x.as_flattened()).into_iter().zip(y.as_flattened()) {
        let expected = exact::scale(x, -exponent).clamp(-32_768, 32_767);
        assert_eq!(i128::from(*y), expected);
        let error = f64::from(*y) * 2_f64.powi(exponent) - x as f64;
        assert!(error.abs() * 32_768.0 <= f64::from(largest) + 1.0);
    }
}

#[test]
fn updates_are_their_formula() {
    let mut random = Random::new(4);
    for kind in KINDS {
        for shift in 0..40 {
            let w = rows::<i32, 2, 5>(&mut random, kind);
            let d = rows::<i32, 2, 5>(&mut random, Kind::Extremes);
            updated(&w, &d, shift, random.bits() as u32);
        }
    }
}

fn updated<const N: usize, const H: usize>(
    before: &[[i32; H]; N],
    d: &[[i32; H]; N],
    shift: u32,
    bits: u32,
) {
    let mut w = *before;
    update(&mut w, d, shift, || bits);
    let (shift, before) = (shift.min(31), wide(before.as_flattened()));
    let results = w.as_flattened().iter().zip(before);
    for ((w, before), d) in results.zip(wide(d.as_flattened())) {
        let step = (d + i128::from(bits) % (1 << shift)) >> shift;
        let expected = (before - step).clamp(i32::MIN.into(), i32::MAX.into());
        assert_eq!(i128::from(*w), expected);
    }
}

/// In the mean, nothing is lost.
#[test]
fn random_bits_keep_small_steps() {
    let (mut random, mut w) = (Random::new(5), [[0; 1]]);
    for _ in 0..100_000 {
        update(&mut w, &[[3]], 8, || random.bits() as u32);
    }
    assert!((w[0][0] + 100_000 * 3 / 256).abs() < 150, "{}", w[0][0]);
}

#[test]
fn gradients_of_the_loss_are_the_weights_less_one() {
    let mut random = Random::new(6);
    for kind in KINDS {
        let s = rows::<i32, 4, 6>(&mut random, kind);
        let labels = [Some(random.below(6)), None, Some(6), Some(5)];
        let loss = gradients_of_the_loss(0.01, &s, &labels);
        assert_eq!(loss, u32::MAX);
    }
    // One class, and a loss that saturates.
    let mut ds = [[7]];
    assert_eq!(
        softmax_cross_entropy(ScoreScale::new(1.0), &[[5]], &[Some(0)], &mut ds),
        0
    );
    assert_eq!(ds, [[0]]);
    let far = [[i32::MIN, i32::MAX]];
    assert_eq!(
        softmax_cross_entropy(ScoreScale::new(1.0), &far, &[Some(0)], &mut [[0; 2]]),
        u32::MAX
    );
}

fn gradients_of_the_loss<const N: usize, const C: usize>(
    sigma: f32,
    s: &[[i32; C]; N],
    labels: &[Option<usize>; N],
) -> u32 {
    let sigma = ScoreScale::new(sigma);
    let (mut a, mut ds) = ([[0; C]; N], [[7; C]; N]);
    softmax(sigma, s, &mut a);
    let loss = softmax_cross_entropy(sigma, s, labels, &mut ds);
    for n in 0..N {
        for c in 0..C {
            let one = if labels[n] == Some(c) { 65_536 } else { 0 };
            let class = labels[n].is_some_and(|label| label < C);
            let expected = exact::scale(i128::from(a[n][c]) - one, -1).min(32_767);
            assert_eq!(i128::from(ds[n][c]), if class { expected } else { 0 });
        }
    }
    loss
}

/// A case of each conversion.
pub fn conversions(case: Case) {
    let mut random = case.random();
    let [kind, other, ..] = case.kinds;
    let x = rows::<i32, 2, 5>(&mut random, kind).map(|x| x.map(|x| x >> random.below(32)));
    requantized(&x, case.sigma);
    normalized(&x);
    updated(
        &x,
        &rows(&mut random, other),
        random.below(40) as u32,
        random.bits() as u32,
    );
    let labels = std::array::from_fn(|_| [None, Some(random.below(7))][random.below(2)]);
    let loss = gradients_of_the_loss(case.sigma, &x, &labels);
    let alone = [0, 1].map(|n| gradients_of_the_loss(case.sigma, &[x[n]], &[labels[n]]));
    assert_eq!(loss, alone[0].saturating_add(alone[1]));

    let x = [[f32::from_bits(random.bits() as u32)]];
    let mut q = [[7]];
    quantize(&x, case.sigma, &mut q);
    let divided = x[0][0] / case.sigma;
    let rounded = divided.round_ties_even().clamp(-128.0, 127.0);
    assert_eq!(q, [[rounded as i8]], "{x:?} by {}", case.sigma);
}

#[test]
fn each_conversion() {
    each_case(conversions);
}
