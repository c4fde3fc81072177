//! Every public function at many shapes, for `firmware/check-panics` to look for a panic in.
//!
//! Nothing here runs. The tables are exported, so every function in them is compiled for inputs,
//! lengths, offsets, windows, masks and labels that the compiler does not know; and where one of them
//! can panic, the tables cannot be linked, because the panic handler needs a function that does not
//! exist.
#![no_std]

use core::panic::PanicInfo;

#[cfg(not(feature = "prove-the-check"))]
use every_function::Integers;
use every_function::{Arguments, Call, Calls};

unsafe extern "C" {
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    a_panic_is_reachable()
}

macro_rules! every_function {
    ($($float:ident $n:literal $u:literal $t:literal $h:literal,)*) => {
        /// The functions of the crate's root at each shape, with each use of their gradients.
        #[unsafe(no_mangle)]
        pub static EVERY_FUNCTION: ($([&[Call<Arguments<$float, $n, $u, $t, $h>>]; 2],)*) =
            ($([Calls::<$float, $n, $u, $t, $h>::ROOT, Calls::<$float, $n, $u, $t, $h>::ROOT_USES],)*);
    };
}

#[cfg(not(feature = "prove-the-check"))]
macro_rules! every_option {
    ($($float:ident $n:literal $u:literal $t:literal $h:literal,)*) => {
        /// The functions with all options together at each shape, and those that take none.
        #[unsafe(no_mangle)]
        pub static OPTIONS_TOGETHER: ($([&[Call<Arguments<$float, $n, $u, $t, $h>>]; 7],)*) =
            ($(Calls::<$float, $n, $u, $t, $h>::TOGETHER,)*);
    };
}

#[cfg(not(feature = "prove-the-check"))]
macro_rules! integers {
    ($($n:literal $u:literal $t:literal $h:literal,)*) => {
        /// The functions in integers at each shape.
        #[unsafe(no_mangle)]
        pub static INTEGERS: ($([&[Call<Integers<$n, $u, $t, $h>>]; 6],)*) =
            ($(Integers::<$n, $u, $t, $h>::ALL,)*);
    };
}

/// The functions with each option by itself.
#[cfg(not(feature = "prove-the-check"))]
#[unsafe(no_mangle)]
pub static OPTIONS_ONE_BY_ONE: [[&[Call<Arguments<f32, 2, 5, 7, 9>>]; 3]; 9] = Calls::ONE_BY_ONE;

// The types share all code but that of the numbers themselves, so f64 is at one shape here, and below at
// four.
#[cfg(not(feature = "prove-the-check"))]
every_function! {
    //  N U T H
    f32 1 4 16 8,
    f32 1 1 64 32,
    f32 10 3 5 4,
    f32 2 5 7 9,
    f32 3 9 1 16,
    f32 2 1 9 63,
    f32 1 2 600 5,
    f32 1 1 1 1,
    f32 0 1 5 7,
    f32 3 0 5 7,
    f32 3 5 0 7,
    f32 3 5 7 0,
    f64 1 4 16 8,
}

#[cfg(not(feature = "prove-the-check"))]
every_option! {
    //  N U T H
    f32 2 5 7 9,
    f64 2 5 7 9,
    f32 1 1 63 16,
    f64 9 16 5 1,
    f32 0 5 16 7,
    f64 1 0 9 63,
    f64 5 7 0 5,
    f32 1 9 1 0,
}

#[cfg(not(feature = "prove-the-check"))]
integers! {
    //  N U T H
    1 4 16 8,
    1 1 64 32,
    2 5 7 9,
    2 1 300 63,
    0 1 5 7,
    3 0 5 7,
    3 5 0 7,
    3 5 7 0,
}

#[cfg(feature = "prove-the-check")]
every_function! { f32 1 4 16 8, }

/// An indexed access, which can panic.
#[cfg(feature = "prove-the-check")]
#[unsafe(no_mangle)]
pub static INDEXED: fn(&[f32; 5], usize) -> f32 = |a, i| a[i];
