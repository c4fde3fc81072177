//! Gives the linker the script of cortex-m-rt; the memory map comes with the crate `firmware`.

fn main() {
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
