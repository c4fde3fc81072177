//! Causal self-attention on a short sequence: each step attends to itself and to what came before.
//!
//! Three things that one relies on are checked: the future is not read, a sequence that is generated
//! step by step gives the bits of the whole one, and no gradient flows back from a loss to what comes
//! after it.

use microattention::{Attend, Skip};
use std::array::from_fn;

const T: usize = 6;
const D: usize = 4;

type Sequence = [[[f32; D]; T]; 1];

fn main() {
    let mut state = 1_u16;
    let mut number = || {
        state = state.wrapping_mul(25_173).wrapping_add(13_849);
        f32::from(state) / 16_384.0 - 2.0
    };
    let [q, k, v]: [Sequence; 3] = from_fn(|_| from_fn(|_| from_fn(|_| from_fn(|_| number()))));

    let causal = Attend::new().scale_by_width::<D>().causal(0);
    let (mut a, mut c) = ([[[0.0; T]; T]], [[[0.0; D]; T]]);
    causal.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    println!("weights, a row for each step:");
    for a in a[0] {
        println!("{}", a.map(|a| format!(" {a:.2}")).concat());
    }

    // What a step sees of the future is nothing, not even NaN.
    let now = 2;
    let (mut k_unknown, mut v_unknown) = (k, v);
    k_unknown[0][now + 1..].fill([f32::NAN; D]);
    v_unknown[0][now + 1..].fill([f32::NAN; D]);
    let (mut a_unknown, mut c_unknown) = ([[[0.0; T]; T]], [[[0.0; D]; T]]);
    causal.dot_product_attention(&q, &k_unknown, &v_unknown, &mut a_unknown, &mut c_unknown);
    assert_eq!(a_unknown[0][..=now], a[0][..=now]);
    assert_eq!(c_unknown[0][..=now], c[0][..=now]);
    println!("steps 0 to {now} are the same, whatever comes after");

    // Step by step: one query, over keys and values that are stored as they come.
    let (mut k_so_far, mut v_so_far) = ([[[f32::NAN; D]; T]], [[[f32::NAN; D]; T]]);
    for t in 0..T {
        k_so_far[0][t] = k[0][t];
        v_so_far[0][t] = v[0][t];
        let lengths = [t + 1];
        let so_far = Attend::new().scale_by_width::<D>().lengths(&lengths);
        let (mut a_now, mut c_now) = ([[[0.0; T]]], [[[0.0; D]]]);
        let q_now = [[q[0][t]]];
        so_far.dot_product_attention(&q_now, &k_so_far, &v_so_far, &mut a_now, &mut c_now);
        assert_eq!((a_now[0][0], c_now[0][0]), (a[0][t], c[0][t]));
    }
    println!("step by step, every bit is that of the whole sequence");

    // A loss at one step: keys and values after it get a gradient of exactly 0.
    let mut dc = [[[0.0; D]; T]];
    dc[0][now] = [1.0; D];
    let (mut dk, mut dv) = ([[[f32::NAN; D]; T]], [[[f32::NAN; D]; T]]);
    causal.dot_product_attention_backward(&q, &k, &v, &a, &dc, Skip, &mut dk, &mut dv);
    for t in 0..=now {
        let gradients = [dk[0][t], dv[0][t]];
        assert!(gradients.as_flattened().iter().all(|d| d.abs() > 0.0));
    }
    assert_eq!(dk[0][now + 1..], [[0.0; D]; T][now + 1..]);
    assert_eq!(dv[0][now + 1..], [[0.0; D]; T][now + 1..]);
    println!("a loss at step {now} has gradients at steps 0 to {now} alone");
}
