//! A function that takes any option, without the bound that says so.

use microattention::{Attend, Float};

fn weights<F: Float, R, const T: usize>(
    att: &Attend<R>,
    h: &[[F; 2]; 1],
    hs: &[[[F; 2]; T]; 1],
) -> [[F; T]; 1] {
    let mut a = [[F::default(); T]];
    att.attention_weights(h, hs, &mut a);
    a
}

fn main() {}
