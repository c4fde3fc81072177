//! Vectors instead of arrays.

use microattention::softmax;

fn main() {
    let mut x = vec![vec![0.0_f32; 3]];
    softmax(&mut x);
}
