//! Keys in `f64`, a query in `f32`.

use microattention::dot_scores;

fn main() {
    let h = [[1.0_f32, 2.0]];
    let hs = [[[1.0_f64, 0.0], [0.0, 1.0]]];
    let mut s = [[0.0; 2]];
    dot_scores(&h, &hs, &mut s);
}
