//! A second mask.

use microattention::Attend;

fn main() {
    let mut x = [[0.0_f32; 2]];
    let m = [[true, false]];
    Attend::new().mask(&m).lengths(&[2]).mask(&m).softmax(&mut x);
}
