//! Attention at one shape, for C: see `attention.h`.
#![no_std]

use core::panic::PanicInfo;

use microattention::Attend;

const N: usize = 2;
const T: usize = 4;
const H: usize = 3;

#[unsafe(no_mangle)]
extern "C" fn attention_2x4x3(
    lengths: &[usize; N],
    h: &[[f32; H]; N],
    hs: &[[[f32; H]; T]; N],
    a: &mut [[f32; T]; N],
    c: &mut [[f32; H]; N],
) {
    Attend::new().lengths(lengths).attention(h, hs, a, c);
}

#[unsafe(no_mangle)]
extern "C" fn attention_backward_2x4x3(
    lengths: &[usize; N],
    h: &[[f32; H]; N],
    hs: &[[[f32; H]; T]; N],
    a: &[[f32; T]; N],
    dc: &[[f32; H]; N],
    dh: &mut [[f32; H]; N],
    dhs: &mut [[[f32; H]; T]; N],
) {
    Attend::new()
        .lengths(lengths)
        .attention_backward(h, hs, a, dc, dh, dhs);
}

unsafe extern "C" {
    safe fn abort() -> !;
}

/// The functions above cannot panic, so this is not linked.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    abort()
}
