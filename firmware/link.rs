//! Links a program for a board with the script link.x, which is found by way of the package `firmware`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=../link.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
    }
}
