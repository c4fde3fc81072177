//! Integers as elements.

use microattention::softmax;

fn main() {
    let mut x = [[1, 2, 3]];
    softmax(&mut x);
}
