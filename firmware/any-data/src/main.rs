//! Prints the instructions of every function for one shape and mask and many kinds of numbers, on a
//! Cortex-M4F, `f32`.
//!
//! The first line has the kinds, `data ordinary ascending ...`; every other one a function, its shape
//! and the instructions for each kind: `softmax+mask 2x2x13x12 812 812 ...`.
#![no_std]
#![no_main]

mod data;

use core::hint::black_box;

use cortex_m::Peripherals;
use cortex_m_rt::entry;
use cortex_m_semihosting::{hprint, hprintln};
use digest::Root;
use every_function::{Arguments, Call, Calls};
use firmware::{InstructionCounter, exit};
use microattention::softmax;

use crate::data::DATA;

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
    let plain = &Calls::PLAIN;
    let (window, mask, bias) = (&Calls::WINDOW, &Calls::MASK, &Calls::BIAS);
    let combined = &Calls::COMBINED;
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
    for calls in [
        Root::CALLS,
        Calls::WITHOUT_OPTIONS,
        plain.dot_product,
        plain.normalizer,
        plain.other_uses,
        window.origin,
        window.dot_product,
        mask.origin,
        mask.dot_product,
        bias.origin,
        bias.dot_product,
        combined.origin,
        combined.dot_product,
        combined.normalizer,
        combined.other_uses,
    ] {
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
