//! The least that the machine needs: for the operations at its peak without fused multiply-add, and to
//! read or to copy the rows.

use std::hint::black_box;

use crate::rounds::Repeat;

/// Multiply-adds in registers, not fused: the independent chains fill the pipes, and leave two registers for
/// the constants.
pub struct Peak;

const REGISTER: usize = if cfg!(target_feature = "avx") { 8 } else { 4 };
const LANES: usize = 14 * REGISTER;
const STEPS: usize = 256;

impl Peak {
    /// Floating-point operations of one call.
    pub const OPERATIONS: f64 = (2 * LANES * STEPS) as f64;
}

impl Repeat for Peak {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            let mut x = black_box([1.0_f32; LANES]);
            let (factor, term) = (black_box(0.999), black_box(0.001));
            for _ in 0..STEPS {
                for x in &mut x {
                    *x = *x * factor + term;
                }
            }
            black_box(x);
        }
    }
}

/// One pass over an array as large as `hs`.
pub struct Read(Vec<f32>);

impl Read {
    pub fn new(length: usize) -> Self {
        Self(vec![1.0; length])
    }
}

impl Repeat for Read {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            let x = black_box(&self.0[..]);
            // An OR takes no longer than the load, and in many chains none waits for another.
            let mut bits = [0; 8 * REGISTER];
            let (blocks, rest) = x.as_chunks::<{ 8 * REGISTER }>();
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
    }
}

/// One array as large as `hs` to another.
pub struct Copy {
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Copy {
    pub fn new(length: usize) -> Self {
        Self {
            from: vec![1.0; length],
            to: vec![0.0; length],
        }
    }
}

impl Repeat for Copy {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            black_box(&mut self.to[..]).copy_from_slice(black_box(&self.from));
        }
    }
}
