//! Whether the floats of a board are those of every other target.

use core::fmt;
use core::hint::black_box;

use crate::Board;

/// Prints a digest of sums, differences, products and quotients of normal numbers, what becomes of subnormal ones,
/// and of a cast.
///
/// # Errors
///
/// Those of printing.
pub fn floats(board: &mut impl Board) -> fmt::Result {
    let mut state = 1_u32;
    let mut normal = |exponents: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // No result of two is subnormal.
        let exponent = 127 - exponents / 2 + (state >> 9) % exponents;
        black_box(f32::from_bits(state & 0x807F_FFFF | exponent << 23))
    };
    let mut digest = 0x811C_9DC5_u32;
    for round in 0..2000 {
        // Of numbers that are alike, most digits of a difference are lost.
        let exponents = if round % 2 == 0 { 2 } else { 60 };
        let (x, y) = (normal(exponents), normal(exponents));
        for result in [x + y, x - y, x * y, x / y] {
            digest = (digest ^ result.to_bits()).wrapping_mul(0x0100_0193);
        }
    }
    let subnormal = black_box(f32::MIN_POSITIVE) * black_box(0.5);
    let kept = if subnormal > 0.0 { "kept" } else { "zero" };
    let cast = black_box(-1.5_f32) as i32;
    writeln!(
        board,
        "f32: normal numbers {digest:08x}, subnormal numbers {kept}, -1.5 as i32 is {cast}"
    )
}
