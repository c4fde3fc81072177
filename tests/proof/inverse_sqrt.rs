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

widths! { 1 2 3 4 5 7 8 12 16 31 33 64 80 100 127 128 192 255 256 1000 4096 65537 1_048_575 1_048_576 }
