//! What becomes of each gradient is as it was asked for: overwritten, added to, or left alone.

use crate::element::{Element, assert_same_bits};
use crate::options_calls::{Calls, Data, Function, Wish, WishCall, calls, wish_call};
use crate::random::{assert_near, on_random, values};
use crate::values::Source;

/// The gradients in the order in which a wish numbers them.
fn gradients<F: Clone>(x: &Data<F>, function: Function) -> Vec<Vec<F>> {
    let mut all = vec![x.dq.clone(), x.dk.clone()];
    if function == Function::DotProductAttentionBackward {
        all.push(x.dv.clone());
    }
    all.push(x.dbias.clone());
    all
}

/// Of each gradient: whether it is skipped, and whether it accumulates.
fn meaning(wish: Wish, i: usize) -> (bool, bool) {
    match wish {
        Wish::Only(only) => (i != only, false),
        Wish::AllBut(but) => (i == but, true),
        Wish::Accumulate => (false, true),
        Wish::Mixed(one) => (false, i == one),
    }
}

fn every_wish<F: Element>(calls: &Calls<F>, call: WishCall<F>) {
    on_random(calls, |o, x, source: &mut Source| {
        for (forward, backward) in [
            (
                Function::DotProductAttention,
                Function::DotProductAttentionBackward,
            ),
            (Function::CrossAttention, Function::CrossAttentionBackward),
        ] {
            let mut x = x.clone();
            if forward == Function::CrossAttention {
                x.dc = values(x.q.len(), source);
                x.c = x.q.clone();
            }
            (calls.many)(o, forward, &mut x);
            let mut plain = x.clone();
            (calls.many)(o, backward, &mut plain);
            let plain = gradients(&plain, backward);
            for held in [&mut x.dq, &mut x.dk, &mut x.dv, &mut x.dbias] {
                *held = values(held.len(), source);
            }
            let held = gradients(&x, backward);
            let each = 0..plain.len();
            let wishes = each
                .clone()
                .flat_map(|i| [Wish::Only(i), Wish::AllBut(i), Wish::Mixed(i)]);
            for wish in wishes.chain([Wish::Accumulate]) {
                let mut y = x.clone();
                call(o, backward, wish, &mut y);
                let written = gradients(&y, backward);
                for i in each.clone() {
                    let what = format!("gradient {i} of {backward:?} with {wish:?}");
                    let sum = held[i].iter().zip(&plain[i]).map(|(x, y)| *x + *y);
                    match meaning(wish, i) {
                        (true, _) => assert_same_bits(&written[i], &held[i], &what),
                        (_, false) => assert_same_bits(&written[i], &plain[i], &what),
                        // Of several queries, one after the other is added.
                        _ => assert_near(&written[i], &sum.collect::<Vec<_>>(), 8.0, &what),
                    }
                }
            }
        }
    });
}

macro_rules! wishes {
    ($($name:ident: $element:ident $shape:tt $($option:ident)*;)*) => { $(
        #[test]
        fn $name() {
            every_wish(
                &calls!(every $element $shape $($option)*),
                wish_call!($element $shape $($option)*),
            );
        }
    )* };
}

wishes! {
    without_options: f64 (2 3 9 5 4);
    with_ranges: f32 (2 2 13 10 9) scale lengths window;
    with_everything: f64 (2 2 18 3 5) scale_by_width causal_rows masks biases;
    without_queries: f32 (2 0 3 2 2) bias;
}
