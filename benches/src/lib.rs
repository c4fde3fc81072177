//! What the benches share: the functions, the contenders that compute them, and the rounds in which
//! they are timed.

pub mod arguments;
pub mod budget;
pub mod case;
pub mod check;
pub mod contender;
pub mod function;
pub mod layers;
pub mod masked;
pub mod measure;
pub mod problem;
pub mod reference;
pub mod roofline;
pub mod rounds;
pub mod table;
