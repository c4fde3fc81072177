//! The scale of scaled dot-product attention is the number nearest to 1/√D, by exact arithmetic.

use microattention::{Attend, Float};

/// Whether `m·2⁻ᵉ` is nearest to 1/√`d` among the numbers with as many bits as `m`.
///
/// It is if 1/√d lies between the midpoints to its neighbours, `(m ∓ ½)·2⁻ᵉ`, which is to say that
/// `(2m − 1)²·d ≤ 2^(2e + 2) ≤ (2m + 1)²·d`. Below a power of two, numbers are twice as dense.
/// No midpoint is met exactly: its square has more bits than a power of two over `d` could.
fn is_nearest(m: u64, e: u32, digits: u32, d: usize) -> bool {
    let (m, d) = (u128::from(m), u128::try_from(d).expect("a width is small"));
    let square = |x: u128| x * x * d;
    let below = if m == 1 << (digits - 1) {
        square(4 * m - 1) <= 1 << (2 * e + 4)
    } else {
        square(2 * m - 1) <= 1 << (2 * e + 2)
    };
    below && 1 << (2 * e + 2) <= square(2 * m + 1)
}

fn check_f32(x: f32, d: usize) {
    let bits = x.to_bits();
    let (m, e) = (
        u64::from(bits & 0x7f_ffff | 0x80_0000),
        127 + 23 - (bits >> 23),
    );
    assert!(is_nearest(m, e, 24, d), "{x} for {d}");
    // The test itself: the neighbours are not nearest.
    assert!(!is_nearest(m + 1, e, 24, d) && !is_nearest(m - 1, e, 24, d));
}

fn check_f64(x: f64, d: usize) {
    let bits = x.to_bits();
    let m = bits & ((1 << 52) - 1) | 1 << 52;
    let e = 1023 + 52 - u32::try_from(bits >> 52).expect("eleven bits");
    assert!(is_nearest(m, e, 53, d), "{x} for {d}");
    assert!(!is_nearest(m + 1, e, 53, d) && !is_nearest(m - 1, e, 53, d));
}

macro_rules! nearest {
    ($($width:literal)*) => { $(
        check_f32(<f32 as Float>::inverse_sqrt::<$width>(), $width);
        check_f64(<f64 as Float>::inverse_sqrt::<$width>(), $width);
    )* };
}

#[test]
fn small_widths() {
    nearest! {
        1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61
        62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90
        91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114
        115 116 117 118 119 120 121 122 123 124 125 126 127 128 129
    }
}

#[test]
fn powers_of_two_and_their_neighbours() {
    nearest! {
        255 256 257 511 512 513 1023 1024 1025 2047 2048 2049 4095 4096 4097 8191 8192 8193
        16383 16384 16385 32767 32768 32769 65535 65536
    }
}

#[test]
fn squares_and_their_neighbours() {
    nearest! {
        143 144 145 168 169 170 399 400 401 624 625 626 2499 2500 2501 9999 10000 10001 39999
        40000 40001 62499 62500 62501 64008 64009 64010 65024 65025 65026
    }
}

#[test]
fn primes_and_common_widths() {
    nearest! {
        131 160 192 251 320 384 509 521 640 768 1021 1031 1280 1536 1600 2039 2053 2560 3072 4093
        4099 5120 6144 7168 7919 8179 8209 12288 16369 16381 16411 20480 32749 32771 50021 65519
        65521
    }
}

/// The scale multiplies the score once, after the sum.
#[test]
fn scores_by_width() {
    macro_rules! width {
        ($($width:literal)*) => { $(
            let mut s = [[f32::NAN; 2]];
            let (h, hs) = ([[0.75; 5]], [[[0.5, -1.0, 3.0, 0.25, 1.0], [0.125; 5]]]);
            Attend::new().scale_by_width::<$width>().dot_scores(&h, &hs, &mut s);
            let scale = <f32 as Float>::inverse_sqrt::<$width>();
            assert_eq!(s, [[2.8125 * scale, 0.46875 * scale]]);
        )* };
    }
    width! { 1 2 3 5 64 65536 }
}
