//! Every public function of `microattention` at one shape, as function pointers: the one list that
//! the programs of this workspace measure, compare and prove things about.
//!
//! [`Calls`] has the functions on floats, without options and with each option of `Attend`, [`Integers`]
//! those in integers.
#![no_std]

mod arguments;
mod call;
mod integers;
mod list;

pub use arguments::{Arguments, Attended, Integers};
pub use call::Calls;
pub use list::Call;
