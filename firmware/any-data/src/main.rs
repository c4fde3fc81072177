//! Prints the instructions of every function for one shape and mask and many kinds of numbers, on a
//! Cortex-M4F, `f32` and integers.
//!
//! The first line has the kinds, `data ordinary ascending ...`, and so has the one before the functions in integers; every
//! other one has a function, its shape and the instructions for each kind: `softmax+mask 2x2x13x12 812 812 ...`.
#![no_std]
#![no_main]

mod data;

use core::hint::black_box;

use cortex_m::Peripherals;
use cortex_m_rt::entry;
use cortex_m_semihosting::{hprint, hprintln};
use digest::Root;
use every_function::{Arguments, Call, Calls, IntegerCall};
use firmware::{InstructionCounter, exit};
use microattention::softmax;

use crate::data::{DATA, INTEGER_DATA};

#[entry]
fn main() -> ! {
    let peripherals = Peripherals::take().expect("nobody took them before");
    let counter = InstructionCounter::new(peripherals.SYST);
    hprint!("data");
    for data in &DATA {
        hprint!(" {}", data.name);
    }
    hprintln!();
    shape::<2, 2, 13, 12>(&counter);
    hprint!("data");
    for data in &INTEGER_DATA {
        hprint!(" {}", data.name);
    }
    hprintln!();
    integers::<2, 2, 13, 12>(&counter);
    exit(0)
}

fn shape<const N: usize, const U: usize, const T: usize, const H: usize>(
    counter: &InstructionCounter,
) {
    let mut x = Arguments::<f32, N, U, T, H>::new(|| 0.0);
    x.lengths.fill(T - 2);
    x.offset = 2;
    x.offsets.fill(3);
    x.back = 5;
    x.ahead = 1;
    // What must be noticed: here a number decides.
    let by_sign = Call {
        name: "must-differ",
        units: 1,
        call: |x| {
            if x.scale > 0.0 {
                softmax(&mut x.a);
            }
        },
    };
    measure(counter, &by_sign, &mut x);
    // Taken out of their constants before the program exists: the other lists there are not compiled.
    let lists = const {
        [
            Root::<f32, N, U, T, H>::CALLS,
            Calls::WITHOUT_OPTIONS,
            Calls::PLAIN.dot_product,
            Calls::PLAIN.normalizer,
            Calls::PLAIN.other_uses,
            Calls::LENGTHS.dot_product,
            Calls::CAUSAL.dot_product,
            Calls::CAUSAL_ROWS.dot_product,
            Calls::WINDOW.origin,
            Calls::WINDOW.dot_product,
            Calls::MASK.origin,
            Calls::MASK.dot_product,
            Calls::BIAS.origin,
            Calls::BIAS.dot_product,
            Calls::EACH_QUERY.dot_product,
            Calls::SCALE.dot_product,
            Calls::SCALE_BY_WIDTH.dot_product,
            Calls::COMBINED.origin,
            Calls::COMBINED.dot_product,
            Calls::COMBINED.normalizer,
            Calls::COMBINED.other_uses,
        ]
    };
    for calls in lists {
        for call in calls {
            measure(counter, call, &mut x);
        }
    }
}

#[inline(never)]
fn measure<const N: usize, const U: usize, const T: usize, const H: usize>(
    counter: &InstructionCounter,
    call: &Call<f32, N, U, T, H>,
    x: &mut Arguments<f32, N, U, T, H>,
) {
    hprint!("{} {}x{}x{}x{}", call.name, N, U, T, H);
    for data in &DATA {
        data.fill(x);
        let call = black_box(call.call);
        hprint!(" {}", counter.count(|| call(x)));
    }
    hprintln!();
}

/// All but what is made of floats or of which floats are made.
fn integers<const N: usize, const U: usize, const T: usize, const H: usize>(
    counter: &InstructionCounter,
) {
    let lists = const {
        [
            IntegerCall::<N, U, T, H>::PLAIN,
            IntegerCall::USES,
            IntegerCall::LENGTHS,
            IntegerCall::COMBINED,
        ]
    };
    for call in lists.into_iter().flatten() {
        hprint!("{} {}x{}x{}x{}", call.name, N, U, T, H);
        for data in &INTEGER_DATA {
            let (mut x, call) = (data.arguments(), black_box(call.call));
            hprint!(" {}", counter.count(|| call(&mut x)));
        }
        hprintln!();
    }
}
