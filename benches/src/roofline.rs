//! The least that the machine needs: for the operations at its peak without fused multiply-add, and to
//! read or to copy the rows.

use std::hint::black_box;

/// The turns of the machine in each round, before those of the cases.
pub const PEAK: usize = 0;
pub const READ: usize = 1;
pub const COPY: usize = 2;
pub const CASES: usize = 3;

const REGISTER: usize = if cfg!(target_feature = "avx") { 8 } else { 4 };
const LANES: usize = 14 * REGISTER;
const STEPS: usize = 256;

/// Floating-point operations of one [`peak`].
pub const OPERATIONS: f64 = (2 * LANES * STEPS) as f64;

/// Multiply-adds in registers, not fused: the independent chains fill the pipes, and leave two registers for
/// the constants.
pub fn peak() {
    let mut x = black_box([1.0_f32; LANES]);
    let (factor, term) = (black_box(0.999), black_box(0.001));
    for _ in 0..STEPS {
        for x in &mut x {
            *x = *x * factor + term;
        }
    }
    black_box(x);
}

/// One pass over an array.
pub fn read(x: &[f32]) {
    // An OR takes no longer than the load, and in many chains none waits for another.
    let mut bits = [0; 8 * REGISTER];
    let (blocks, rest) = black_box(x).as_chunks::<{ 8 * REGISTER }>();
    for block in blocks {
        for (bits, x) in bits.iter_mut().zip(block) {
            *bits |= x.to_bits();
        }
    }
    for x in rest {
        bits[0] |= x.to_bits();
    }
    black_box(bits);
}
