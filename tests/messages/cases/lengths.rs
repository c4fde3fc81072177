//! One length for a batch of two: it is the length that is believed, and the arrays that are blamed.

use microattention::Attend;

fn main() {
    let q = [[[1.0_f32; 4]; 3]; 2];
    let (mut a, mut c) = ([[[0.0; 3]; 3]; 2], [[[0.0; 4]; 3]; 2]);
    let att = Attend::new().lengths(&[3]);
    att.dot_product_attention(&q, &q, &q, &mut a, &mut c);
}
