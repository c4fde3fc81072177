//! Gradients of weights over more features than fit into an `i32`.

use microattention::Skip;
use microattention::quantized::weighted_sum_backward;

fn main() {
    weighted_sum_backward(&[[0]], &[[[1; 512]]], &[[1; 512]], &mut [[0]], Skip);
}
