//! The scale of `scale_by_width`, at run time: what the compiler computes, so that nothing else runs it.

#[path = "../../src/inverse_sqrt.rs"]
mod source;

use source::{inverse_sqrt_f32, inverse_sqrt_f64};

/// Whether `x` is nearer to 1/√`width` than half a unit in the last place, `half`: whether
/// `(x ± half)²·width` are on both sides of 1, in integers.
fn is_nearest(x: f64, half: f64, width: u32) -> bool {
    // Multiples of 2⁻⁶³, exactly.
    let scaled = |x: f64| {
        let scaled = x * libm::exp2(63.0);
        assert!(scaled.fract() == 0.0);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below 2⁶⁴"
        )]
        let scaled = scaled as u128;
        scaled
    };
    let (x, half) = (scaled(x), scaled(half));
    // (x/2⁶³)²·width < 1 as x² < 2¹²⁶ / width, the quotient rounded down.
    let one = (1_u128 << 126) / u128::from(width);
    let (below, above) = (x - half, x + half);
    below * below <= one && above * above > one
}

macro_rules! widths {
    ($($width:literal)+) => {
        #[test]
        fn correctly_rounded() { $(
            let (x, y) = (inverse_sqrt_f32::<$width>(), inverse_sqrt_f64::<$width>());
            let half = |x: f64, digits: f64| libm::exp2(libm::floor(libm::log2(x)) - digits);
            assert!(is_nearest(f64::from(x), half(f64::from(x), 24.0), $width), "{}", $width);
            assert!(is_nearest(y, half(y, 53.0), $width), "{}", $width);
        )+ }
    };
}

// Small ones, powers of two and squares with their neighbours, primes, common ones.
widths! {
    1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36
    37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69
    70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101
    102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126
    127 128 129 131 143 144 145 160 168 169 170 192 251 255 256 257 320 384 399 400 401 509 511 512 513
    521 624 625 626 640 768 1000 1021 1023 1024 1025 1031 1280 1536 1600 2039 2047 2048 2049 2053 2499
    2500 2501 2560 3072 4093 4095 4096 4097 4099 5120 6144 7168 7919 8179 8191 8192 8193 8209 9999 10000
    10001 12288 16369 16381 16383 16384 16385 16411 20480 32749 32767 32768 32769 32771 39999 40000
    40001 50021 62499 62500 62501 64008 64009 64010 65024 65025 65026 65519 65521 65535 65536 65537
    1_048_575 1_048_576
}
