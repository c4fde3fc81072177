//! Gradients of a query over more keys than fit into an `i32`.

use microattention::Skip;
use microattention::quantized::dot_scores_backward;

fn main() {
    dot_scores_backward(&[[1]], &[[[1]; 512]], &[[1; 512]], &mut [[0]], Skip);
}
