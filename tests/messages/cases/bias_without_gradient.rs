//! A backward pass without the gradient of the bias.

use microattention::{Attend, Skip};

fn main() {
    let (h, hs, a, da) = ([[1.0_f32]], [[[1.0], [2.0]]], [[0.5, 0.5]], [[1.0, 0.0]]);
    let att = Attend::new().bias(&[[0.0, 1.0]]);
    att.attention_weights_backward(&h, &hs, &a, &da, Skip, Skip);
}
