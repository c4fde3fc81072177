//! Measures the functions that are listed as calls with one value for all arguments.

use core::hint::black_box;

use every_function::{Arguments, Call, IntegerCall, Integers};
use microattention::{Accumulate, Attend, Skip};

use crate::cost::Cost;
use crate::print;
use crate::random::Random;

pub struct Measured<const N: usize, const U: usize, const T: usize, const H: usize> {
    pub arguments: Arguments<f32, N, U, T, H>,
}

impl<const N: usize, const U: usize, const T: usize, const H: usize> Measured<N, U, T, H> {
    pub fn new() -> Self {
        let mut random = Random::new();
        Self {
            arguments: Arguments::new(|| random.number()),
        }
    }

    /// Measures and prints each call; `value` is that of the option.
    pub fn each(&mut self, calls: &[Call<f32, N, U, T, H>], value: &str) {
        for &Call { name, units, call } in calls {
            let cost = self.cost(call) - self.cost(|_| ());
            print(
                "count",
                (name, value),
                [N, U, T, H],
                units,
                cost,
                call as usize,
            );
        }
    }

    #[inline(never)]
    fn cost(&mut self, call: fn(&mut Arguments<f32, N, U, T, H>)) -> Cost {
        let call = black_box(call);
        Cost::of(&mut || call(&mut self.arguments))
    }

    #[cfg(target_abi = "eabihf")]
    pub fn with_option(&mut self, calls: &every_function::Calls<f32, N, U, T, H>, value: &str) {
        for call in calls.origin {
            // Made of the same rows as the others.
            if !call.name.starts_with("weighted_sum") && !call.name.starts_with("attention_weights")
            {
                self.each(core::slice::from_ref(call), value);
            }
        }
        self.each(calls.dot_product, value);
    }
}

/// Measures and prints the functions in integers.
pub fn integers<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut random = Random::new();
    let mut x = Integers::<N, U, T, H>::new(|| random.bits().cast_signed());
    for list in const { [IntegerCall::<N, U, T, H>::PLAIN, IntegerCall::USES] } {
        for &IntegerCall { name, units, call } in list {
            let cost = integer_cost(&mut x, call) - integer_cost(&mut x, |_| ());
            print(
                "count",
                (name, ""),
                [N, U, T, H],
                units,
                cost,
                call as usize,
            );
        }
    }
}

#[inline(never)]
fn integer_cost<X>(x: &mut X, call: fn(&mut X)) -> Cost {
    let call = black_box(call);
    Cost::of(&mut || call(x))
}

const fn call<const N: usize, const U: usize, const T: usize, const H: usize>(
    name: &'static str,
    macs: usize,
    call: fn(&mut Arguments<f32, N, U, T, H>),
) -> Call<f32, N, U, T, H> {
    Call {
        name,
        units: macs * N * U * T * H,
        call,
    }
}

/// The backward pass of queries, keys and values apart, with the other uses of its gradients.
pub const fn dot_product_uses<const N: usize, const U: usize, const T: usize, const H: usize>()
-> &'static [Call<f32, N, U, T, H>] {
    const {
        &[
            call("dot_product_attention_backward:dq", 2, |x| {
                let to = &mut x.dhs_dec;
                Attend::new().dot_product_attention_backward(
                    &x.hs_dec, &x.hs, &x.v, &x.a_dec, &x.dc_dec, to, Skip, Skip,
                );
            }),
            call("dot_product_attention_backward:dk", 2, |x| {
                let to = &mut x.dhs;
                Attend::new().dot_product_attention_backward(
                    &x.hs_dec, &x.hs, &x.v, &x.a_dec, &x.dc_dec, Skip, to, Skip,
                );
            }),
            call("dot_product_attention_backward:dv", 1, |x| {
                let to = &mut x.dv;
                Attend::new().dot_product_attention_backward(
                    &x.hs_dec, &x.hs, &x.v, &x.a_dec, &x.dc_dec, Skip, Skip, to,
                );
            }),
            call("dot_product_attention_backward:accumulate", 4, |x| {
                let (dq, dk) = (Accumulate(&mut x.dhs_dec), Accumulate(&mut x.dhs));
                let dv = Accumulate(&mut x.dv);
                Attend::new().dot_product_attention_backward(
                    &x.hs_dec, &x.hs, &x.v, &x.a_dec, &x.dc_dec, dq, dk, dv,
                );
            }),
        ]
    }
}

/// `cross_attention` and its backward pass, with weights saved and with normalizers.
#[cfg(target_abi = "eabihf")]
pub const fn training<const N: usize, const U: usize, const T: usize, const H: usize>()
-> &'static [Call<f32, N, U, T, H>] {
    const {
        &[
            call("cross_attention", 2, |x| {
                Attend::new().cross_attention(&x.hs_dec, &x.hs, &mut x.a_dec, &mut x.c_dec);
            }),
            call("cross_attention:normalizer", 2, |x| {
                let saved = &mut x.normalizer_dec;
                Attend::new().cross_attention(&x.hs_dec, &x.hs, saved, &mut x.c_dec);
            }),
            call("cross_attention_backward", 4, |x| {
                let (dhs_dec, dhs_enc) = (&mut x.dhs_dec, &mut x.dhs);
                Attend::new().cross_attention_backward(
                    &x.hs_dec, &x.hs, &x.a_dec, &x.dc_dec, dhs_dec, dhs_enc,
                );
            }),
            call("cross_attention_backward:normalizer", 4, |x| {
                let (dhs_dec, dhs_enc) = (&mut x.dhs_dec, &mut x.dhs);
                Attend::new().cross_attention_backward(
                    &x.hs_dec,
                    &x.hs,
                    &x.normalizer_dec,
                    &x.dc_dec,
                    dhs_dec,
                    dhs_enc,
                );
            }),
        ]
    }
}
