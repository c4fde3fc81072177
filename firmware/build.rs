//! Gives the linker the memory map of the board, and where cortex-m-rt has none, the script link.x.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let large = env::var_os("CARGO_FEATURE_V6M_ON_MPS2").is_some();
    let map = match target.split('-').next() {
        Some("thumbv6m") if !large => "microbit",
        Some("thumbv6m" | "thumbv7m" | "thumbv7em") => "mps2",
        Some("thumbv8m.main") => "an505",
        Some("riscv32imac" | "riscv32imafc") => "riscv32",
        Some("aarch64") => "aarch64",
        _ => return,
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let give = |from: &str, to: &str| {
        fs::copy(format!("memory/{from}.x"), out.join(to)).expect("OUT_DIR is writable");
        println!("cargo::rerun-if-changed=memory/{from}.x");
    };
    give(map, "memory.x");
    if !target.starts_with("thumb") {
        give("virt", "link.x");
    }
    println!("cargo::rustc-link-search={}", out.display());
}
