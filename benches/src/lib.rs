//! What the benches share: the functions, the contenders that compute them, and the rounds in which
//! they are timed.

pub mod arguments;
pub mod budget;
mod check;
mod contender;
pub mod functions;
pub mod measure;
mod options;
pub mod problem;
mod roofline;
pub mod rounds;
pub mod table;
