//! Gives the linker the script of the target.

use std::env;

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let variable = |name| env::var(name).expect("cargo sets the variables of the target");
    if variable("CARGO_CFG_TARGET_OS") != "none" {
        return;
    }
    let script = match variable("CARGO_CFG_TARGET_ARCH").as_str() {
        // cortex-m-rt has it; the memory map comes with the crate `firmware`.
        "arm" => "link.x".into(),
        arch => format!("{here}/{arch}.x"),
    };
    println!("cargo::rustc-link-arg-bins=-T{script}");
    println!("cargo::rerun-if-changed={script}");
}
