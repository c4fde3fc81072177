//! What the fuzz targets check: one module for each, and the reference that they share.

mod ball;
mod equations;
mod layer;
mod source;

pub mod attention;
pub mod cross_entropy;
pub mod options;
pub mod running;
pub mod softmax;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/suite/element.rs"]
mod element;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/suite/order.rs"]
mod order;
