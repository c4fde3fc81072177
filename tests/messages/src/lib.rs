//! What the compiler says to mistakes that a user can make.
//!
//! A mistake is a file in `cases/`, with the message beside it. That it does not compile is tested with every
//! compiler, here; the message is compared in `tests/messages.rs`, where the compiler is the one that it was
//! recorded with. What they are mistakes of compiles:
//!
//! ```
//! use microattention::{Attend, Skip};
//!
//! let (h, hs) = ([[1.0_f32, 2.0]], [[[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]);
//! let (mut a, mut c) = ([[0.0; 3]], [[0.0; 2]]);
//! let (lengths, mask) = ([3], [[true, false, true]]);
//! let attend = Attend::new().lengths(&lengths).mask(&mask).bias(&[[0.0; 3]]);
//! attend.attention(&h, &hs, &mut a, &mut c);
//! let (mut dh, mut dbias) = ([[0.0; 2]], [[0.0; 3]]);
//! attend.attention_backward(&h, &hs, &a, &[[1.0; 2]], &mut dh, Skip);
//! attend.weighted_sum_backward(&a, &hs, &[[1.0; 2]], &mut dbias, Skip);
//! attend.softmax_backward(&a, &mut dbias);
//! ```

macro_rules! mistakes {
    ($($name:ident)*) => {
        /// The names of all files.
        pub const MISTAKES: &[&str] = &[$(stringify!($name)),*];

        $(
            #[doc = concat!(
                "```compile_fail\n",
                include_str!(concat!("../cases/", stringify!($name), ".rs")),
                "```"
            )]
            pub mod $name {}
        )*
    };
}

mistakes! {
    generic_option
    gradient_by_value
    gradient_moved
    gradient_shape
    integer_features
    integer_features_of_da
    integer_keys
    integer_rows
    integer_values
    integer_widths
    integers
    lengths
    mask_of_numbers
    mask_reference
    mask_shape
    mixed_precision
    saved_twice
    slice
    two_biases
    two_masks
    vectors
    width_of_zero
    wrong_shape
}
