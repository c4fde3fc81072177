//! Gives the linker the script of cortex-m-rt and the memory map of the board.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let large = env::var_os("CARGO_FEATURE_V6M_ON_MPS2").is_some();
    let memory = match target.as_str() {
        "thumbv6m-none-eabi" if large => "memory/mps2.x",
        "thumbv6m-none-eabi" => "memory/microbit.x",
        "thumbv7m-none-eabi" | "thumbv7em-none-eabi" | "thumbv7em-none-eabihf" => "memory/mps2.x",
        "thumbv8m.main-none-eabihf" => "memory/an505.x",
        _ => return,
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::copy(memory, out.join("memory.x")).expect("OUT_DIR is writable");
    println!("cargo::rerun-if-changed={memory}");
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
