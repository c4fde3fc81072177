//! A `&mut` parameter that is passed on twice.

use microattention::{Skip, attention_backward};

type Keys = [[[f32; 2]; 3]; 1];

fn backward(h: &[[f32; 2]; 1], hs: &Keys, a: &[[f32; 3]; 1], dc: &[[f32; 2]; 1], dhs: &mut Keys) {
    attention_backward(h, hs, a, dc, Skip, dhs);
    attention_backward(h, hs, a, dc, Skip, dhs);
}

fn main() {}
