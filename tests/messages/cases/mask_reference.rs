//! A `&mut` to a mask where `&*mask` is meant.

use microattention::Attend;

fn weights(mask: &mut [[bool; 3]; 2]) {
    let (h, hs, mut a) = ([[1.0_f32; 4]; 2], [[[1.0; 4]; 3]; 2], [[0.0; 3]; 2]);
    Attend::new().mask(&mask).attention_weights(&h, &hs, &mut a);
}

fn main() {}
