//! Measures the functions of the origin, called with their own signatures.

use core::array;
use core::hint::black_box;

use microattention::{
    Accumulate, Skip, attention, attention_backward, attention_weights, attention_weights_backward,
    cross_attention, cross_attention_backward, dot_scores, dot_scores_backward, softmax,
    softmax_backward, weighted_sum, weighted_sum_backward,
};

#[cfg(target_abi = "eabihf")]
use crate::by_hand;
use crate::cost::Cost;
use crate::random::Random;
use crate::{naive, print};

/// Whose functions they are: nobody's, the crate's, plain index loops, or those for one gradient alone.
/// The last are compiled for the core that has the most figures.
const KINDS: [&str; 4] = ["empty", "count", "naive", "hand"];

/// Measures and prints the functions of each kind, beside functions that do nothing.
pub fn measure<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut empty = [Cost::default(); 32];
    for kind in KINDS {
        let mut empty = empty.iter_mut();
        // Unknown: LLVM would otherwise make a copy of `each` for each kind.
        each::<N, U, T, H>(black_box(kind), &mut |name, units, address, call| {
            let empty = empty.next().expect("fewer functions than that");
            let cost = Cost::of(call);
            if kind == "empty" {
                *empty = cost;
            } else if cost.instructions > empty.instructions {
                // Neither kind of loops has all variants.
                print(
                    kind,
                    (name, ""),
                    [N, U, T, H],
                    units,
                    cost - *empty,
                    address,
                );
            }
        });
    }
}

type Each<'a> = &'a mut dyn FnMut(&str, usize, usize, &mut dyn FnMut());

macro_rules! any {
    ($_:ident) => {
        _
    };
}

/// Calls `result` with the name of each function, the multiply-adds of one call (for a softmax, the
/// elements), the address of the function, and the call.
///
/// It is one function for all kinds, not inlined, so that a call costs the same in each case.
#[inline(never)]
fn each<const N: usize, const U: usize, const T: usize, const H: usize>(kind: &str, result: Each) {
    let mut random = Random::new();
    let hs: [[[f32; H]; T]; N] = array::from_fn(|_| random.rows());
    let h: [[f32; H]; N] = random.rows();
    let dc: [[f32; H]; N] = random.rows();
    let da: [[f32; T]; N] = random.rows();
    let hs_dec: [[[f32; H]; U]; N] = array::from_fn(|_| random.rows());
    let dc_dec: [[[f32; H]; U]; N] = array::from_fn(|_| random.rows());
    let (mut a, mut a_dec) = ([[0.0; T]; N], [[[0.0; T]; U]; N]);
    let (mut c, mut c_dec) = ([[0.0; H]; N], [[[0.0; H]; U]; N]);
    let mut d = da;
    let (mut dh, mut dhs) = ([[0.0; H]; N], [[[0.0; H]; T]; N]);
    let mut dhs_dec = [[[0.0; H]; U]; N];

    let elements = N * T;
    let macs = N * T * H;
    let macs_dec = macs * U;

    // The units, the arguments, and the function of each kind that has one.
    macro_rules! call {
        ($name:expr, $units:expr; ($($input:ident),*) -> ($($output:ident),*); $crate_:expr
         $(, naive: $naive:expr)? $(, hand: $hand:expr)?) => {{
            let function: fn($(&any!($input),)* $(&mut any!($output)),*) = match kind {
                "count" => $crate_,
                $("naive" => $naive,)?
                $(#[cfg(target_abi = "eabihf")] "hand" => $hand,)?
                _ => |$(any!($input),)* $(any!($output)),*| (),
            };
            result($name, $units, function as usize, &mut || function($(&$input,)* $(&mut $output),*));
        }};
    }
    // Units for both gradients, and for each alone.
    macro_rules! each_use {
        ($function:ident $first:literal $second:literal; $both:expr, $one:expr, $other:expr;
         ($($x:ident),*) -> ($d:ident, $e:ident) $(, hand: $hand_one:expr, $hand_other:expr)?) => {
            call!(stringify!($function), $both; ($($x),*) -> ($d, $e);
                |$($x,)* d, e| $function($($x,)* d, e), naive: naive::$function);
            call!(concat!(stringify!($function), ":", $first), $one; ($($x),*) -> ($d, $e);
                |$($x,)* d, _| $function($($x,)* d, Skip) $(, hand: $hand_one)?);
            call!(concat!(stringify!($function), ":", $second), $other; ($($x),*) -> ($d, $e);
                |$($x,)* _, e| $function($($x,)* Skip, e) $(, hand: $hand_other)?);
            call!(concat!(stringify!($function), ":accumulate"), $both; ($($x),*) -> ($d, $e);
                |$($x,)* d, e| $function($($x,)* Accumulate(d), Accumulate(e)));
        };
    }

    call!("dot_scores", macs; (h, hs) -> (a); dot_scores, naive: naive::dot_scores);
    call!("softmax", elements; () -> (a); softmax, naive: naive::softmax);
    call!("weighted_sum", macs; (a, hs) -> (c); weighted_sum, naive: naive::weighted_sum);
    call!("attention_weights", macs; (h, hs) -> (a);
        attention_weights, naive: naive::attention_weights);
    call!("attention", 2 * macs; (h, hs) -> (a, c); attention, naive: naive::attention);
    call!("cross_attention", 2 * macs_dec; (hs_dec, hs) -> (a_dec, c_dec);
        cross_attention, naive: naive::cross_attention);
    call!("softmax_backward", elements; (a) -> (d);
        softmax_backward, naive: naive::softmax_backward);
    each_use!(weighted_sum_backward "da" "dhs"; 2 * macs, macs, macs; (a, hs, dc) -> (d, dhs),
        hand: |_, hs, dc, da, _| by_hand::weights_gradient(hs, dc, da),
        |a, _, dc, _, dhs| by_hand::outer_product(a, dc, dhs));
    each_use!(dot_scores_backward "dh" "dhs"; 2 * macs, macs, macs; (h, hs, d) -> (dh, dhs),
        hand: |_, hs, ds, dh, _| by_hand::query_gradient(hs, ds, dh),
        |h, _, ds, _, dhs| by_hand::outer_product(ds, h, dhs));
    each_use!(attention_weights_backward "dh" "dhs"; 2 * macs, macs, macs;
        (h, hs, a, da) -> (dh, dhs));
    each_use!(attention_backward "dh" "dhs"; 4 * macs, 2 * macs, 3 * macs;
        (h, hs, a, dc) -> (dh, dhs),
        hand: |_, hs, a, dc, dh, _| by_hand::attention_query(hs, a, dc, dh),
        |h, hs, a, dc, _, dhs| by_hand::attention_keys(h, hs, a, dc, dhs));
    each_use!(cross_attention_backward "dhs_dec" "dhs_enc"; 4 * macs_dec, 2 * macs_dec, 3 * macs_dec;
        (hs_dec, hs, a_dec, dc_dec) -> (dhs_dec, dhs));
}
