//! What attention costs, at the shape of the tables in the README of the crate.

use core::array::from_fn;
use core::fmt;
use core::hint::black_box;

use microattention::{Skip, attention, attention_backward, quantized};

use crate::Board;

const T: usize = 64;
const H: usize = 32;
/// Scores and context, or the gradients of the weights and of the query.
const MULTIPLY_ADDS: u32 = 2 * (T * H) as u32;

/// Prints the cycles of attention, forward and backward, for each multiply-add.
///
/// # Errors
///
/// Those of printing.
pub fn costs(board: &mut impl Board) -> fmt::Result {
    writeln!(board, "cycles a multiply-add at (1,{T},{H})")?;
    in_integers(board)?;
    in_f32(board)
}

fn in_integers(board: &mut impl Board) -> fmt::Result {
    const SIGMA: quantized::ScoreScale = quantized::ScoreScale::new(1.0 / 4096.0);

    let mut number = numbers();
    let h = [from_fn(|_| number())];
    let hs = [from_fn(|_| from_fn(|_| number()))];
    let dc = [from_fn(|_| i16::from(number()) << 8)];
    let (mut a, mut c, mut dh) = ([[0; T]], [[0; H]], [[0; H]]);
    let [forward, backward] = [
        board.cycles_of(|| {
            let (h, hs) = black_box((&h, &hs));
            quantized::attention(SIGMA, h, hs, black_box(&mut a), black_box(&mut c));
        }),
        board.cycles_of(|| {
            let (h, hs, dc, a) = black_box((&h, &hs, &dc, &a));
            quantized::attention_backward(SIGMA, h, hs, a, dc, black_box(&mut dh), Skip);
        }),
    ]
    .map(Each);
    writeln!(board, "integers  forward {forward}  backward {backward}")
}

fn in_f32(board: &mut impl Board) -> fmt::Result {
    let mut numbers = numbers();
    let mut number = || f32::from(numbers()) / 128.0;
    let h = [from_fn(|_| number())];
    let hs = [from_fn(|_| from_fn(|_| number()))];
    let dc = [from_fn(|_| number())];
    let (mut a, mut c, mut dh) = ([[0.0; T]], [[0.0; H]], [[0.0; H]]);
    let [forward, backward] = [
        board.cycles_of(|| {
            let (h, hs) = black_box((&h, &hs));
            attention(h, hs, black_box(&mut a), black_box(&mut c));
        }),
        board.cycles_of(|| {
            let (h, hs, dc, a) = black_box((&h, &hs, &dc, &a));
            attention_backward(h, hs, a, dc, black_box(&mut dh), Skip);
        }),
    ]
    .map(Each);
    writeln!(board, "f32       forward {forward}  backward {backward}")
}

/// Numbers that look random.
fn numbers() -> impl FnMut() -> i8 {
    let mut state = 1_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 24) as u8).cast_signed()
    }
}

/// Cycles, printed as those for each multiply-add.
struct Each(u32);

impl fmt::Display for Each {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0 * 100 / MULTIPLY_ADDS;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}
