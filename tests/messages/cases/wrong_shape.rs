//! Keys of three features, a query of two.

use microattention::attention;

fn main() {
    let h = [[0.5_f32, -1.0]];
    let hs = [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]];
    let (mut a, mut c) = ([[0.0; 2]], [[0.0; 2]]);
    attention(&h, &hs, &mut a, &mut c);
}
