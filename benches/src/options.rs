//! What the options cost beside the plain form.

use std::hint::black_box;

use microattention::Attend;

use crate::functions::{Case, Function};
use crate::roofline::READ;

/// Attention and its backward pass with each option; what comes first is the plain form.
pub fn options<const N: usize, const U: usize, const T: usize, const H: usize>()
-> [Function<N, U, T, H>; 2] {
    macro_rules! function {
        ($name:literal, $f:ident($($in:ident),*; $($out:ident),*)) => {
            Function {
                name: $name,
                operations: 0,
                memory: (READ, 1.0),
                written: |_| Vec::new(),
                cases: |p| {
                    let half_of_t = T.div_ceil(2);
                    let (all, half, back) = ([T; N], [half_of_t; N], half_of_t - 1);
                    let (last, middle) = (T.cast_signed() - 1, half_of_t.cast_signed() - 1);
                    let every = [[true; T]; N];
                    let second = [std::array::from_fn(|t| t % 2 == 0); N];
                    let (plain, bias) = (Attend::new(), &*p.da);
                    let whole = 1.0;
                    let part = half_of_t as f64 / T as f64;
                    macro_rules! case {
                        ($option:literal, $part:expr, $attend:expr) => {
                            Case {
                                part: $part,
                                ..Case::new($option, p, move |p, r| {
                                    $attend.$f($(&*p.$in,)* $(&mut *r.$out),*);
                                })
                            }
                        };
                    }
                    vec![
                        case!("plain", whole, plain),
                        case!("lengths T", whole, plain.lengths(black_box(&all))),
                        case!("lengths T/2", part, plain.lengths(black_box(&half))),
                        case!("causal T", whole, plain.causal(black_box(last))),
                        case!("causal T/2", part, plain.causal(black_box(middle))),
                        case!("window T", whole, plain.window_at(last, black_box(T), 0)),
                        case!("window T/2", part, plain.window_at(last, black_box(back), 0)),
                        case!("scale", whole, plain.scale(black_box(0.5_f32))),
                        case!("mask, all", whole, plain.mask(black_box(&every))),
                        case!("mask, every second", whole, plain.mask(black_box(&second))),
                        case!("bias", whole, plain.bias(black_box(bias))),
                    ]
                },
            }
        };
    }
    [
        function!("attention options", attention(h, hs; a, c)),
        function!("attention_backward options", attention_backward(h, hs, a, dc; dh, dhs)),
    ]
}
