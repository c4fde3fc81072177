//! Prints what every function costs on this target, `f32`: instructions, stack, and where its code is.
//!
//! A line is `count weighted_sum 1x16x8 1234 9.64 40 8000401`: the kind (`count`, `naive` for plain
//! index loops, or `hand` for one gradient alone, written by hand), the function, the shape (N x T x H,
//! or N x U x T x H), the instructions of one call, and those per multiply-add, for a softmax per
//! element, the peak of the stack in bytes, and the address of the function. Instructions and stack are
//! those beyond a call of a function that does nothing; the first line says where that is. Of a
//! backward pass, `:dh` means that this gradient alone is wanted, and `:accumulate` that all are added
//! to their buffers; `:normalizer` that the forward pass saved that instead of the weights. After a
//! plus sign comes the option.
#![no_std]
#![no_main]
#![cfg_attr(
    feature = "main-functions",
    allow(dead_code, reason = "the others are left out")
)]

#[cfg_attr(target_arch = "arm", path = "board/cortex_m.rs")]
#[cfg_attr(target_arch = "riscv32", path = "board/riscv32.rs")]
mod board;
// Compiled for the core that has the most figures.
#[cfg(target_abi = "eabihf")]
mod by_hand;
mod calls;
mod cost;
mod naive;
mod origin;
mod random;

use core::fmt::Write;

#[cfg(target_abi = "eabihf")]
use every_function::Calls;

use crate::cost::Cost;

#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    board::start();
    print_all();
    firmware::exit(0)
}

fn print_all() {
    let nothing: fn(&mut [[f32; 16]; 1]) = |_| ();
    let (name, at) = (("softmax", ""), [1, 4, 16, 8]);
    print("empty", name, at, 1, Cost::default(), nothing as usize);
    #[cfg(feature = "main-functions")]
    {
        calls::main_functions::<1, 4, 32, 16>();
        calls::main_functions::<1, 4, 64, 32>();
    }
    #[cfg(not(feature = "main-functions"))]
    {
        shape::<1, 4, 16, 8>();
        shape::<4, 4, 16, 16>();
        shape::<1, 4, 64, 32>();
    }
    #[cfg(all(target_abi = "eabihf", not(feature = "main-functions")))]
    {
        options::<1, 4, 64, 32>();
        training::<1, 16, 16, 16>();
        training::<4, 16, 64, 32>();
        training::<1, 64, 64, 32>();
    }
}

/// Every function without options.
fn shape<const N: usize, const U: usize, const T: usize, const H: usize>() {
    origin::measure::<N, U, T, H>();
    calls::plain::<N, U, T, H>();
}

/// The functions with each option.
#[cfg(target_abi = "eabihf")]
fn options<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut x = calls::arguments::<N, U, T, H>();
    for (lengths, value) in [(T, "=T"), (T / 4, "=T/4")] {
        x.lengths = [lengths; N];
        calls::with_option(&mut x, &Calls::LENGTHS, value);
    }
    for calls in [
        &Calls::CAUSAL,
        &Calls::WINDOW,
        &Calls::MASK,
        &Calls::BIAS,
        &Calls::SCALE,
    ] {
        calls::with_option(&mut x, calls, "");
    }
}

/// Training with many queries: all that `cross_attention` takes.
#[cfg(target_abi = "eabihf")]
fn training<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let mut x = calls::arguments::<N, U, T, H>();
    calls::each(&mut x, [N, U, T, H], calls::training(), "");
}

/// Prints a line; `value` is that of the option.
fn print(
    kind: &str,
    (name, value): (&str, &str),
    [n, u, t, h]: [usize; 4],
    units: usize,
    cost: Cost,
    address: usize,
) {
    let Cost {
        instructions,
        stack,
    } = cost;
    let units = units as u32;
    let hundredths = (instructions * 100 + units / 2) / units;
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let mut out = firmware::output();
    let function = name.strip_prefix("quantized::").unwrap_or(name);
    let many = function.starts_with("cross") || function.starts_with("dot_product");
    let written = if many {
        write!(out, "{kind} {name}{value} {n}x{u}x{t}x{h}")
    } else {
        write!(out, "{kind} {name}{value} {n}x{t}x{h}")
    };
    written
        .and_then(|()| writeln!(out, " {instructions} {whole}.{rest:02} {stack} {address:x}"))
        .expect("the board can print");
}
