//! A second bias.

use microattention::Attend;

fn main() {
    let mut s = [[0.0_f32; 2]];
    let b = [[0.0; 2]];
    Attend::new()
        .bias(&b)
        .bias(&b)
        .dot_scores(&[[1.0]], &[[[1.0], [2.0]]], &mut s);
}
