//! Multi-head attention, forward and backward: the features of all heads lie side by side, a
//! projection comes before and after, and heads are batch rows.
//!
//! ```text
//! q, k, v = wq·x, wk·x, wv·x                  at each time step
//! c[head] = softmax_t( q[head]·k[head]/√D )·v[head]
//! y       = wo·(c[0], c[1])
//! ```
//!
//! The gradients are compared with differences of the loss.

use microattention::{Accumulate, Attend, dot_scores, dot_scores_backward};
use std::array::{from_fn, from_mut, from_ref};

const HEADS: usize = 2;
const D: usize = 4;
/// Features of all heads side by side.
const M: usize = HEADS * D;
const T: usize = 5;

type Sequence = [[f64; M]; T];
type Heads = [[[f64; D]; T]; HEADS];
type Matrix = [[f64; M]; M];

/// The matrices before queries, keys and values, and before the output: parameters, or gradients.
type Matrices = [Matrix; 4];

/// What the forward pass leaves for the backward pass.
struct Saved {
    q: Heads,
    k: Heads,
    v: Heads,
    a: [[[f64; T]; T]; HEADS],
    c: Sequence,
}

fn forward([wq, wk, wv, wo]: &Matrices, x: &Sequence) -> (Sequence, Saved) {
    let [q, k, v] = [wq, wk, wv].map(|w| split(&project(w, x)));
    let (mut a, mut c) = ([[[0.0; T]; T]; HEADS], [[[0.0; D]; T]; HEADS]);
    let attend = Attend::new().scale_by_width::<D>();
    attend.dot_product_attention(&q, &k, &v, &mut a, &mut c);
    let c = merge(&c);
    (project(wo, &c), Saved { q, k, v, a, c })
}

/// The gradients of the input and of the matrices.
fn backward(w: &Matrices, x: &Sequence, saved: &Saved, dy: &Sequence) -> (Sequence, Matrices) {
    let ([wq, wk, wv, wo], Saved { q, k, v, a, c }) = (w, saved);
    let [mut dwq, mut dwk, mut dwv, mut dwo] = [[[0.0; M]; M]; 4];
    let mut dc = [[0.0; M]; T];
    project_backward(wo, c, dy, &mut dc, &mut dwo);

    let dc = split(&dc);
    let [mut dq, mut dk, mut dv] = [[[[0.0; D]; T]; HEADS]; 3];
    let attend = Attend::new().scale_by_width::<D>();
    attend.dot_product_attention_backward(q, k, v, a, &dc, &mut dq, &mut dk, &mut dv);

    // The input reaches the output in three ways, and their gradients add up.
    let mut dx = [[0.0; M]; T];
    project_backward(wq, x, &merge(&dq), &mut dx, &mut dwq);
    project_backward(wk, x, &merge(&dk), &mut dx, &mut dwk);
    project_backward(wv, x, &merge(&dv), &mut dx, &mut dwv);
    (dx, [dwq, dwk, dwv, dwo])
}

/// `y[t] = w·x[t]`: the scores of the rows of `w`.
fn project(w: &Matrix, x: &Sequence) -> Sequence {
    let mut y = [[0.0; M]; T];
    for (x, y) in x.iter().zip(&mut y) {
        dot_scores(from_ref(x), from_ref(w), from_mut(y));
    }
    y
}

/// Adds the gradients of [`project`] to `dx` and `dw`.
fn project_backward(w: &Matrix, x: &Sequence, dy: &Sequence, dx: &mut Sequence, dw: &mut Matrix) {
    for ((x, dy), dx) in x.iter().zip(dy).zip(dx) {
        let (dx, dw) = (Accumulate(from_mut(dx)), Accumulate(from_mut(&mut *dw)));
        dot_scores_backward(from_ref(x), from_ref(w), from_ref(dy), dx, dw);
    }
}

fn split(x: &Sequence) -> Heads {
    from_fn(|head| from_fn(|t| from_fn(|d| x[t][head * D + d])))
}

fn merge(heads: &Heads) -> Sequence {
    from_fn(|t| from_fn(|i| heads[i / D][t][i % D]))
}

/// Half the sum of the squares of the output, whose gradient is the output itself.
fn loss(w: &Matrices, x: &Sequence) -> f64 {
    let (y, _) = forward(w, x);
    y.as_flattened().iter().map(|y| y * y / 2.0).sum()
}

/// Compares a gradient with differences of the loss, one for each element that is moved.
fn compare(name: &str, gradient: &[f64], moved: impl Fn(usize, f64) -> f64) {
    let mut largest = 0.0_f64;
    for (i, gradient) in gradient.iter().enumerate() {
        let difference = (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5;
        largest = largest.max((gradient - difference).abs());
    }
    println!("{name:3} within {largest:.1e} of the differences");
    assert!(largest < 1e-8);
}

fn main() {
    let mut state = 1_u16;
    let mut number = || {
        state = state.wrapping_mul(25_173).wrapping_add(13_849);
        f64::from(state) / 32_768.0 - 1.0
    };
    let x = from_fn(|_| from_fn(|_| number()));
    let w = from_fn(|_| from_fn(|_| from_fn(|_| number())));

    let (y, saved) = forward(&w, &x);
    for (head, a) in saved.a.iter().enumerate() {
        let last = a[T - 1].map(|a| format!(" {a:.4}")).concat();
        println!("head {head} attends at the last step{last}");
    }

    let (dx, dw) = backward(&w, &x, &saved, &y);
    compare("dx", dx.as_flattened(), |i, step| {
        let mut x = x;
        x.as_flattened_mut()[i] += step;
        loss(&w, &x)
    });
    for (m, name) in ["dwq", "dwk", "dwv", "dwo"].into_iter().enumerate() {
        compare(name, dw[m].as_flattened(), |i, step| {
            let mut w = w;
            w[m].as_flattened_mut()[i] += step;
            loss(&w, &x)
        });
    }
}
