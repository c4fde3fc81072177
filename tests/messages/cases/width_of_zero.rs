//! A width of nothing.

use microattention::Attend;

fn main() {
    let mut s = [[0.0_f32]];
    Attend::new()
        .scale_by_width::<0>()
        .dot_scores(&[[1.0]], &[[[1.0]]], &mut s);
}
