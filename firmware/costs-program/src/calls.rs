//! Measures the functions that are listed as calls with one value for all arguments.

use core::hint::black_box;

use every_function::{Arguments, Call, Calls, Integers, list};
use microattention::Attend;

use crate::cost::Cost;
use crate::print;
use crate::random::Random;

type Floats<const N: usize, const U: usize, const T: usize, const H: usize> =
    Arguments<f32, N, U, T, H>;

pub fn arguments<const N: usize, const U: usize, const T: usize, const H: usize>()
-> Floats<N, U, T, H> {
    let mut random = Random::new();
    Arguments::new(|| random.number())
}

/// Measures and prints each call; `value` is that of the option.
pub fn each<X>(x: &mut X, shape: [usize; 4], calls: &[Call<X>], value: &str) {
    for &Call { name, units, call } in calls {
        let cost = cost(x, call) - cost(x, |_| ());
        print("count", (name, value), shape, units, cost, call as usize);
    }
}

#[inline(never)]
fn cost<X>(x: &mut X, call: fn(&mut X)) -> Cost {
    let call = black_box(call);
    Cost::of(&mut || call(x))
}

/// The functions without options.
pub fn plain<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut x = arguments::<N, U, T, H>();
    let lists = const {
        [
            Calls::<f32, N, U, T, H>::PLAIN.dot_product,
            dot_product_uses(),
            Calls::PLAIN.normalizer,
            Calls::WITHOUT_OPTIONS,
        ]
    };
    for list in lists {
        each(&mut x, [N, U, T, H], list, "");
    }
    let mut random = Random::new();
    let mut x = Integers::<N, U, T, H>::new(|| random.bits().cast_signed());
    for list in const {
        [
            Integers::<N, U, T, H>::PLAIN,
            Integers::NUMBERS,
            Integers::USES,
        ]
    } {
        each(&mut x, [N, U, T, H], list, "");
    }
}

/// Those that a build for debugging is measured with.
#[cfg(feature = "main-functions")]
pub fn main_functions<const N: usize, const U: usize, const T: usize, const H: usize>() {
    use microattention::{attention, attention_backward, quantized};
    let mut x = arguments::<N, U, T, H>();
    let calls: &[Call<Floats<N, U, T, H>>] = const {
        list! { "", "", |x| (), Attend::new();
            free.attention(h hs) -> a c => 2 * N * T * H;
            free.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
            many.dot_product_attention(hs_dec hs v) -> a_dec c_dec => 2 * U * N * T * H;
            many.dot_product_attention_backward(hs_dec hs v a_dec dc_dec) -> dhs_dec dhs dv => 4 * U * N * T * H;
        }
    };
    each(&mut x, [N, U, T, H], calls, "");
    let mut random = Random::new();
    let mut x = Integers::new(|| random.bits().cast_signed());
    let calls: &[Call<Integers<N, U, T, H>>] = const {
        list! { "quantized::", "", |x| quantized::Attend::new(x.sigma), ();
            one.attention(h hs) -> a c => 2 * N * T * H;
            one.attention_backward(h hs a dc) -> dh dhs => 4 * N * T * H;
        }
    };
    each(&mut x, [N, U, T, H], calls, "");
}

/// The functions with an option.
#[cfg(target_abi = "eabihf")]
pub fn with_option<const N: usize, const U: usize, const T: usize, const H: usize>(
    x: &mut Floats<N, U, T, H>,
    calls: &Calls<f32, N, U, T, H>,
    value: &str,
) {
    for call in calls.origin.iter().chain(calls.dot_product) {
        // Made of the same rows as the others.
        if !call.name.starts_with("weighted_sum") && !call.name.starts_with("attention_weights") {
            each(x, [N, U, T, H], core::slice::from_ref(call), value);
        }
    }
}

/// The backward pass of queries, keys and values apart, with the other uses of its gradients.
const fn dot_product_uses<const N: usize, const U: usize, const T: usize, const H: usize>()
-> &'static [Call<Floats<N, U, T, H>>] {
    const {
        list! { "", "", |x| (), Attend::new();
            many.dot_product_attention_backward:"dq"(hs_dec hs v a_dec dc_dec)
                -> dhs_dec skip skip => 2 * U * N * T * H;
            many.dot_product_attention_backward:"dk"(hs_dec hs v a_dec dc_dec)
                -> skip dhs skip => 2 * U * N * T * H;
            many.dot_product_attention_backward:"dv"(hs_dec hs v a_dec dc_dec)
                -> skip skip dv => U * N * T * H;
            many.dot_product_attention_backward:"accumulate"(hs_dec hs v a_dec dc_dec)
                -> add(dhs_dec) add(dhs) add(dv) => 4 * U * N * T * H;
        }
    }
}

/// `cross_attention` and its backward pass, with weights saved and with normalizers.
#[cfg(target_abi = "eabihf")]
pub const fn training<const N: usize, const U: usize, const T: usize, const H: usize>()
-> &'static [Call<Floats<N, U, T, H>>] {
    const {
        list! { "", "", |x| (), Attend::new();
            many.cross_attention(hs_dec hs) -> a_dec c_dec => 2 * U * N * T * H;
            many.cross_attention:"normalizer"(hs_dec hs) -> normalizer_dec c_dec => 2 * U * N * T * H;
            many.cross_attention_backward(hs_dec hs a_dec dc_dec) -> dhs_dec dhs => 4 * U * N * T * H;
            many.cross_attention_backward:"normalizer"(hs_dec hs normalizer_dec dc_dec)
                -> dhs_dec dhs => 4 * U * N * T * H;
        }
    }
}
