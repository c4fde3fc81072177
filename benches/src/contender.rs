//! Who computes the functions.

mod batched;
mod embedded_nn;
mod matrixmultiply;
mod naive;
mod nalgebra;
mod ndarray;
mod numpy;
mod ordered;
mod ours;
mod std_exp;

pub use batched::Batched;
pub use embedded_nn::EmbeddedNn;
pub use matrixmultiply::Matrixmultiply;
pub use naive::Naive;
pub use nalgebra::Nalgebra;
pub use ndarray::Ndarray;
pub use numpy::Numpy;
pub use ordered::Ordered;
pub use ours::Ours;
pub use std_exp::StdExp;
