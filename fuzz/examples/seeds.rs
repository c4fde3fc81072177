//! Writes the seed corpora: `cargo run --example seeds`, from this folder.
//!
//! The first byte of an input chooses the shape, so for each of the first shapes there is a file of that
//! byte and pseudo-random ones.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let targets = [
        ("softmax", 20),
        ("attention", 22),
        ("options", 21),
        ("running", 8),
        ("cross_entropy", 14),
        ("integers", 16),
    ];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, shapes) in targets {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        for seed in 0..8_u8 {
            let mut state = u64::from(seed) + 1;
            let bytes = (0..240).map(|i| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if i == 0 {
                    seed * shapes / 8
                } else {
                    (state >> 32) as u8
                }
            });
            fs::write(
                folder.join(format!("seed-{seed}")),
                bytes.collect::<Vec<u8>>(),
            )?;
        }
    }
    Ok(())
}
