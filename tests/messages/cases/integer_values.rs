//! The backward pass of attention over more features than fit into an `i32`.

use microattention::Skip;
use microattention::quantized::{ScoreScale, attention_backward};

fn main() {
    let (h, hs, dc) = ([[1; 512]], [[[1; 512]]], [[1; 512]]);
    let sigma = ScoreScale::new(0.5);
    attention_backward(sigma, &h, &hs, &[[0x8000]], &dc, &mut [[0; 512]], Skip);
}
