//! More keys than 16-bit weights can share.

use microattention::quantized::{ScoreScale, softmax};

fn main() {
    softmax(ScoreScale::new(0.5), &[[0; 32_769]], &mut [[0; 32_769]]);
}
