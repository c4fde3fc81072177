//! Calls every function once at three shapes, for callgrind to count (`guard` does it).
//!
//! Callgrind collects in [`counted`] alone, and writes the count each time it returns; the lines that
//! this program prints say which call that was.

mod vectorised;

use std::hint::black_box;

use every_function::{Arguments, Call, Calls};

fn main() {
    vectorised::keep();
    functions::<10, 3, 5, 4>();
    functions::<1, 4, 64, 16>();
    functions::<2, 4, 33, 30>();
    options::<2, 4, 33, 30>();
}

/// Not inlined, so that each call costs the same beside the function.
#[inline(never)]
#[unsafe(no_mangle)]
extern "Rust" fn counted(call: &mut dyn FnMut()) {
    call();
}

fn functions<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut x = Arguments::<f32, N, U, T, H>::new(numbers());
    count("empty", |_| (), &mut x);
    for (name, call) in origin() {
        count(name, call, &mut x);
    }
    let calls = [
        Calls::PLAIN.dot_product,
        Calls::PLAIN.normalizer,
        Calls::WITHOUT_OPTIONS,
    ];
    for &Call { name, call, .. } in calls.into_iter().flatten() {
        count(name, call, &mut x);
    }
}

/// Each option is a loop of its own in the same functions, so one shape shows it.
fn options<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut x = Arguments::<f32, N, U, T, H>::new(numbers());
    for (_, call) in origin() {
        call(&mut x);
    }
    let calls = [
        Calls::LENGTHS,
        Calls::CAUSAL,
        Calls::WINDOW,
        Calls::MASK,
        Calls::BIAS,
        Calls::SCALE,
    ];
    for calls in &calls {
        for &Call { name, call, .. } in calls.origin.iter().chain(calls.dot_product) {
            count(name, call, &mut x);
        }
    }
}

fn count<const N: usize, const U: usize, const T: usize, const H: usize>(
    name: &str,
    call: fn(&mut Arguments<f32, N, U, T, H>),
    x: &mut Arguments<f32, N, U, T, H>,
) {
    counted(&mut || black_box(call)(black_box(x)));
    println!("{name} {N}x{U}x{T}x{H}");
}

type Origin<const N: usize, const U: usize, const T: usize, const H: usize> =
    (&'static str, fn(&mut Arguments<f32, N, U, T, H>));

/// The functions of the crate's root.
fn origin<const N: usize, const U: usize, const T: usize, const H: usize>()
-> [Origin<N, U, T, H>; 12] {
    macro_rules! calls {
        ($($function:ident($($input:ident),*; $($output:ident),*);)*) => {
            [$((
                stringify!($function),
                |x| {
                    let ($($output,)*) = ($(&mut x.$output,)*);
                    microattention::$function($(&x.$input,)* $($output),*);
                },
            )),*]
        };
    }
    calls! {
        dot_scores(h, hs; a);
        softmax(; a);
        weighted_sum(a, hs; c);
        attention_weights(h, hs; a);
        attention(h, hs; a, c);
        cross_attention(hs_dec, hs; a_dec, c_dec);
        softmax_backward(a; ds);
        weighted_sum_backward(a, hs, dc; ds, dhs);
        dot_scores_backward(h, hs, da; dh, dhs);
        attention_weights_backward(h, hs, a, da; dh, dhs);
        attention_backward(h, hs, a, dc; dh, dhs);
        cross_attention_backward(hs_dec, hs, a_dec, dc_dec; dhs_dec, dhs);
    }
}

/// Marsaglia's xorshift of 32 bits: uniform in −1 to 1.
fn numbers() -> impl FnMut() -> f32 {
    let mut state = 1_u32;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let number = (state >> 8) as f32 / 8_388_608.0 - 1.0;
        number
    }
}
