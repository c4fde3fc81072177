//! Attention over more features than fit into an `i32`.

use microattention::quantized::{ScoreScale, attention_weights};

fn main() {
    let (h, hs) = ([[1; 131_072]], [[[1; 131_072]]]);
    attention_weights(ScoreScale::new(0.5), &h, &hs, &mut [[0]]);
}
