//! Prints the memory that training with `cross_attention` takes beside the caller's own arrays: what
//! the forward pass saves for the backward pass, and the most stack that each of them uses, on a
//! Cortex-M4F, `f32`.
//!
//! A line is `weights 4x16x64x32 16384 280 888`: what is saved, the shape N x U x T x H, the bytes
//! saved, and the bytes of stack of the forward and of the backward pass.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use every_function::Arguments;
use firmware::{exit, peak_stack};
use microattention::Attend;

#[entry]
fn main() -> ! {
    shape::<1, 16, 16, 16>();
    shape::<4, 16, 64, 32>();
    shape::<1, 64, 64, 32>();
    exit(0)
}

#[inline(never)]
fn shape<const N: usize, const U: usize, const T: usize, const H: usize>() {
    let x = &mut Arguments::<f32, N, U, T, H>::new(|| 0.5);
    let saved = size_of_val(&x.a_dec);
    let forward = peak_stack(x, |x| {
        Attend::new().cross_attention(&x.hs_dec, &x.hs, &mut x.a_dec, &mut x.c_dec);
    });
    let backward = peak_stack(x, |x| {
        Attend::new().cross_attention_backward(
            &x.hs_dec,
            &x.hs,
            &x.a_dec,
            &x.dc_dec,
            &mut x.dhs_dec,
            &mut x.dhs,
        );
    });
    print("weights", [N, U, T, H], saved, forward, backward);

    let saved = size_of_val(&x.normalizer_dec);
    let forward = peak_stack(x, |x| {
        Attend::new().cross_attention(&x.hs_dec, &x.hs, &mut x.normalizer_dec, &mut x.c_dec);
    });
    let backward = peak_stack(x, |x| {
        Attend::new().cross_attention_backward(
            &x.hs_dec,
            &x.hs,
            &x.normalizer_dec,
            &x.dc_dec,
            &mut x.dhs_dec,
            &mut x.dhs,
        );
    });
    print("normalizer", [N, U, T, H], saved, forward, backward);
}

fn print(what: &str, [n, u, t, h]: [usize; 4], saved: usize, forward: usize, backward: usize) {
    let shape = format_args!("{n}x{u}x{t}x{h}");
    hprintln!("{} {} {} {} {}", what, shape, saved, forward, backward);
}
