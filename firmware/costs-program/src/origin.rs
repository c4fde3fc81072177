//! Measures the functions of the origin, called with their own signatures.

use core::hint::black_box;

use every_function::{ADD, EachUse, EveryFunction, SKIP, WRITE};

use crate::cost::Cost;
use crate::print;
use crate::random::Random;

/// The functions of the crate, of their backward passes those with the uses of the gradients that are
/// measured. The others need not be compiled.
pub const fn wanted<const N: usize, const U: usize, const T: usize, const H: usize>()
-> EveryFunction<f32, N, U, T, H> {
    let (f, empty) = (EveryFunction::CRATE, EveryFunction::EMPTY);
    EveryFunction {
        weighted_sum_backward: uses(f.weighted_sum_backward, empty.weighted_sum_backward),
        dot_scores_backward: uses(f.dot_scores_backward, empty.dot_scores_backward),
        attention_weights_backward: uses(
            f.attention_weights_backward,
            empty.attention_weights_backward,
        ),
        attention_backward: uses(f.attention_backward, empty.attention_backward),
        cross_attention_backward: uses(f.cross_attention_backward, empty.cross_attention_backward),
        ..f
    }
}

const fn uses<P: Copy>(f: EachUse<P>, mut wanted: EachUse<P>) -> EachUse<P> {
    wanted[WRITE][WRITE] = f[WRITE][WRITE];
    wanted[WRITE][SKIP] = f[WRITE][SKIP];
    wanted[SKIP][WRITE] = f[SKIP][WRITE];
    wanted[ADD][ADD] = f[ADD][ADD];
    wanted
}

/// Measures and prints the functions of each kind, beside functions that do nothing.
pub fn measure<const N: usize, const U: usize, const T: usize, const H: usize>(
    kinds: &[(&str, &EveryFunction<f32, N, U, T, H>)],
) {
    let mut empty = [Cost::default(); 32];
    let mut costs = empty.iter_mut();
    each(
        black_box(&EveryFunction::<f32, N, U, T, H>::EMPTY),
        &mut |_, _, _, call| {
            *costs.next().expect("fewer functions than that") = Cost::of(call);
        },
    );
    for &(kind, functions) in kinds {
        let mut empty = empty.iter();
        // Unknown functions: LLVM would otherwise make a copy of `each` for each kind.
        each::<N, U, T, H>(black_box(functions), &mut |name, units, address, call| {
            let cost = Cost::of(call) - *empty.next().expect("as many as above");
            // Neither kind of loops has all variants.
            if cost.instructions > 0 {
                print(kind, (name, ""), [N, U, T, H], units, cost, address);
            }
        });
    }
}

type Each<'a> = &'a mut dyn FnMut(&str, usize, usize, &mut dyn FnMut());

/// Calls `result` with the name of each function, the multiply-adds of one call (for a softmax, the
/// elements), the address of the function, and the call.
///
/// It is one function for all of `f`, not inlined, so that a call costs the same in each case.
#[inline(never)]
fn each<const N: usize, const U: usize, const T: usize, const H: usize>(
    f: &EveryFunction<f32, N, U, T, H>,
    result: Each,
) {
    let mut random = Random::new();
    let hs: [[[f32; H]; T]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let h: [[f32; H]; N] = random.array(|r| r.array(Random::number));
    let dc: [[f32; H]; N] = random.array(|r| r.array(Random::number));
    let da: [[f32; T]; N] = random.array(|r| r.array(Random::number));
    let hs_dec: [[[f32; H]; U]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let dc_dec: [[[f32; H]; U]; N] = random.array(|r| r.array(|r| r.array(Random::number)));
    let mut a = [[0.0; T]; N];
    let mut a_dec = [[[0.0; T]; U]; N];
    let mut c = [[0.0; H]; N];
    let mut c_dec = [[[0.0; H]; U]; N];
    let mut d = da;
    let mut dh = [[0.0; H]; N];
    let mut dhs = [[[0.0; H]; T]; N];
    let mut dhs_dec = [[[0.0; H]; U]; N];

    let elements = N * T;
    let macs = N * T * H;
    let macs_dec = macs * U;

    // The units come before the function, the arguments after it.
    macro_rules! call {
        ($name:expr; $units:expr; $function:expr; $($argument:expr),*) => {{
            let function = $function;
            result($name, $units, function as usize, &mut || function($($argument),*));
        }};
    }
    // Units for both gradients, and for each alone.
    macro_rules! each_use {
        ($name:literal $first:literal $second:literal; $both:expr, $one:expr, $other:expr;
         $uses:expr; $($argument:expr),*) => {
            call!($name; $both; $uses[WRITE][WRITE]; $($argument),*);
            call!(concat!($name, ":", $first); $one; $uses[WRITE][SKIP]; $($argument),*);
            call!(concat!($name, ":", $second); $other; $uses[SKIP][WRITE]; $($argument),*);
            call!(concat!($name, ":accumulate"); $both; $uses[ADD][ADD]; $($argument),*);
        };
    }

    call!("dot_scores"; macs; f.dot_scores; &h, &hs, &mut a);
    call!("softmax"; elements; f.softmax; &mut a);
    call!("weighted_sum"; macs; f.weighted_sum; &a, &hs, &mut c);
    call!("attention_weights"; macs; f.attention_weights; &h, &hs, &mut a);
    call!("attention"; 2 * macs; f.attention; &h, &hs, &mut a, &mut c);
    call!(
        "cross_attention"; 2 * macs_dec; f.cross_attention;
        &hs_dec, &hs, &mut a_dec, &mut c_dec
    );
    call!("softmax_backward"; elements; f.softmax_backward; &a, &mut d);
    each_use!(
        "weighted_sum_backward" "da" "dhs"; 2 * macs, macs, macs;
        f.weighted_sum_backward; &a, &hs, &dc, &mut d, &mut dhs
    );
    each_use!(
        "dot_scores_backward" "dh" "dhs"; 2 * macs, macs, macs;
        f.dot_scores_backward; &h, &hs, &d, &mut dh, &mut dhs
    );
    each_use!(
        "attention_weights_backward" "dh" "dhs"; 2 * macs, macs, macs;
        f.attention_weights_backward; &h, &hs, &a, &da, &mut dh, &mut dhs
    );
    each_use!(
        "attention_backward" "dh" "dhs"; 4 * macs, 2 * macs, 3 * macs;
        f.attention_backward; &h, &hs, &a, &dc, &mut dh, &mut dhs
    );
    each_use!(
        "cross_attention_backward" "dhs_dec" "dhs_enc"; 4 * macs_dec, 2 * macs_dec, 3 * macs_dec;
        f.cross_attention_backward; &hs_dec, &hs, &a_dec, &dc_dec, &mut dhs_dec, &mut dhs
    );
}
