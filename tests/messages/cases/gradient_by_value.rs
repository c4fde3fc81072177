//! A gradient without `&mut`.

use microattention::{Skip, weighted_sum_backward};

fn main() {
    let dhs = [[[0.0_f32; 2]; 2]];
    weighted_sum_backward(
        &[[0.5, 0.5]],
        &[[[1.0, 2.0], [3.0, 4.0]]],
        &[[1.0, 1.0]],
        Skip,
        dhs,
    );
}
