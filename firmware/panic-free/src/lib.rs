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

/// A table of lists at each shape, `$lists` with `$c` for the type that has them.
macro_rules! table {
    ($name:ident: $arguments:ident, |$c:ident: $type:ident| $lists:expr; $($($parameter:tt),*;)*) => {
        #[unsafe(no_mangle)]
        pub static $name: ($(&[&[Call<$arguments<$($parameter),*>>]],)*) = ($({
            type $c = $type<$($parameter),*>;
            $lists
        },)*);
    };
}

#[cfg(feature = "prove-the-check")]
table! { ROOT: Arguments, |C: Calls| &[C::ROOT]; f32, 1, 4, 16, 8; }

// The types share all code but that of the numbers themselves, so f64 is at one shape in the first two, and below
// at four.
#[cfg(not(feature = "prove-the-check"))]
table! { ROOT: Arguments, |C: Calls| &[C::ROOT];
    //   N  U  T  H
    f32, 1, 4, 16, 8;
    f32, 1, 1, 64, 32;
    f32, 10, 3, 5, 4;
    f32, 2, 5, 7, 9;
    f32, 3, 9, 1, 16;
    f32, 2, 1, 9, 63;
    f32, 1, 2, 600, 5;
    f32, 1, 1, 1, 1;
    f32, 0, 1, 5, 7;
    f32, 3, 0, 5, 7;
    f32, 3, 5, 0, 7;
    f32, 3, 5, 7, 0;
    f64, 1, 4, 16, 8;
}

// What a use does to a row is the same at every shape: at ordinary ones, and without keys or without features.
#[cfg(not(feature = "prove-the-check"))]
table! { ROOT_USES: Arguments, |C: Calls| &[C::ROOT_USES];
    f32, 1, 4, 16, 8;
    f32, 2, 5, 7, 9;
    f32, 2, 1, 9, 63;
    f32, 3, 5, 0, 7;
    f32, 3, 5, 7, 0;
    f64, 1, 4, 16, 8;
}

#[cfg(not(feature = "prove-the-check"))]
table! { OPTIONS_TOGETHER: Arguments, |C: Calls| &[
        C::WITHOUT_OPTIONS, C::PLAIN.dot_product, C::PLAIN.normalizer, C::COMBINED.origin,
        C::COMBINED.dot_product, C::COMBINED.normalizer, C::COMBINED.other_uses,
    ];
    f32, 2, 5, 7, 9;
    f64, 2, 5, 7, 9;
    f32, 1, 1, 63, 16;
    f64, 9, 16, 5, 1;
    f32, 0, 5, 16, 7;
    f64, 1, 0, 9, 63;
    f64, 5, 7, 0, 5;
    f32, 1, 9, 1, 0;
}

#[cfg(not(feature = "prove-the-check"))]
table! { OPTIONS_ONE_BY_ONE: Arguments, |C: Calls| C::ONE_BY_ONE.as_flattened();
    f32, 2, 5, 7, 9;
}

#[cfg(not(feature = "prove-the-check"))]
table! { INTEGERS: Integers, |C: Integers| &[C::PLAIN, C::NUMBERS, C::USES, C::FLOATS, C::COMBINED];
    1, 4, 16, 8;
    1, 1, 64, 32;
    2, 5, 7, 9;
    2, 1, 300, 63;
    0, 1, 5, 7;
    3, 0, 5, 7;
    3, 5, 0, 7;
    3, 5, 7, 0;
}

#[cfg(not(feature = "prove-the-check"))]
table! { INTEGERS_LENGTHS: Integers, |C: Integers| &[C::LENGTHS];
    2, 5, 7, 9;
    2, 1, 300, 63;
    3, 5, 0, 7;
}

/// An indexed access, which can panic.
#[cfg(feature = "prove-the-check")]
#[unsafe(no_mangle)]
pub static INDEXED: fn(&[f32; 5], usize) -> f32 = |a, i| a[i];
