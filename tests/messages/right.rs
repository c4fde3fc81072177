//! No mistake: with something to run, code is made of the others too, and some are found only then.

fn main() {}
