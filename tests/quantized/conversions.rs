//! From floats and back, and what makes gradients of scores.

use microattention::quantized::{
    Multiplier, ScoreScale, dequantize, normalize, quantize, requantize, scale_of, softmax,
    softmax_cross_entropy, update,
};

use crate::reference as exact;
use crate::values::{KINDS, Kind, Random, rows, wide};

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
    let mut random = Random(1);
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
    let mut random = Random(2);
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
        let (mantissa, shift) = exact::multiplier(factor);
        for kind in KINDS {
            let x = rows::<i32, 2, 30>(&mut random, kind).map(|x| x.map(|x| x >> random.below(32)));
            let mut q = [[7; 30]; 2];
            requantize(&x, Multiplier::new(factor), &mut q);
            let x = wide(x.as_flattened());
            for (x, q) in x.into_iter().zip(q.as_flattened()) {
                let expected = exact::scale(x * mantissa, -shift).clamp(-128, 127);
                assert_eq!(i128::from(*q), expected, "{x} times {factor}");
            }
        }
    }
}

#[test]
fn normalizing_is_its_formula() {
    let mut random = Random(3);
    for kind in KINDS {
        for shift in 0..32 {
            let x = rows::<i32, 2, 5>(&mut random, kind).map(|x| x.map(|x| x >> shift));
            let mut y = [[7; 5]; 2];
            let exponent = normalize(&x, &mut y);
            let largest = x
                .as_flattened()
                .iter()
                .map(|&x| if x < 0 { -1 - x } else { x })
                .max()
                .unwrap();
            assert_eq!(exponent, 32 - 15 - largest.leading_zeros() as i32);
            for (x, y) in wide(x.as_flattened()).into_iter().zip(y.as_flattened()) {
                assert_eq!(
                    i128::from(*y),
                    exact::scale(x, -exponent).clamp(-32_768, 32_767)
                );
            }
        }
    }
}

#[test]
fn updates_are_their_formula() {
    let mut random = Random(4);
    for kind in KINDS {
        for shift in 0..40 {
            let mut w = rows::<i32, 2, 5>(&mut random, kind);
            let d = rows::<i32, 2, 5>(&mut random, Kind::Extremes);
            let bits = random.bits() as u32;
            let before = w;
            update(&mut w, &d, shift, || bits);
            let (shift, w) = (shift.min(31), wide(w.as_flattened()));
            for ((w, before), d) in w
                .into_iter()
                .zip(wide(before.as_flattened()))
                .zip(wide(d.as_flattened()))
            {
                let step = (d + i128::from(bits) % (1 << shift)) >> shift;
                assert_eq!(w, (before - step).clamp(i32::MIN.into(), i32::MAX.into()));
            }
        }
    }
}

/// In the mean, nothing is lost.
#[test]
fn random_bits_keep_small_steps() {
    let (mut random, mut w) = (Random(5), [[0; 1]]);
    for _ in 0..100_000 {
        update(&mut w, &[[3]], 8, || random.bits() as u32);
    }
    assert!((w[0][0] + 100_000 * 3 / 256).abs() < 150, "{}", w[0][0]);
}

#[test]
fn gradients_of_the_loss_are_the_weights_less_one() {
    let mut random = Random(6);
    for kind in KINDS {
        let sigma = ScoreScale::new(0.01);
        let s = rows::<i32, 4, 6>(&mut random, kind);
        let (mut a, mut ds) = ([[0; 6]; 4], [[7; 6]; 4]);
        let labels = [Some(random.below(6)), None, Some(6), Some(5)];
        softmax(sigma, &s, &mut a);
        assert_eq!(softmax_cross_entropy(sigma, &s, &labels, &mut ds), u32::MAX);
        for n in [0, 3] {
            for c in 0..6 {
                let one = if labels[n] == Some(c) { 65_536 } else { 0 };
                let expected = exact::scale(i128::from(a[n][c]) - one, -1).min(32_767);
                assert_eq!(i128::from(ds[n][c]), expected);
            }
        }
        assert_eq!((ds[1], ds[2]), ([0; 6], [0; 6]));
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
