//! Numbers as a mask.

use microattention::Attend;

fn main() {
    let q = [[[1.0_f32; 4]; 3]; 2];
    let (mut a, mut c) = ([[[0.0; 3]; 3]; 2], [[[0.0; 4]; 3]; 2]);
    let att = Attend::new().mask(&[[1.0; 3]; 2]);
    att.dot_product_attention(&q, &q, &q, &mut a, &mut c);
}
