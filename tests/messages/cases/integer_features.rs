//! Scores of more features than fit into an `i32`.

use microattention::quantized::dot_scores;

fn main() {
    dot_scores(&[[1; 131_072]], &[[[1; 131_072]]], &mut [[0]]);
}
