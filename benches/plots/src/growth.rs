//! Time for each multiply-add over T and H, and for each key of streaming attention.

use std::array::from_fn;
use std::fs;
use std::hint::black_box;
use std::thread;

use benches::problem::{filled, random};
use benches::rounds::Times;
use benches::table::BUILD;
use microattention::{Running, attention, attention_backward};

use crate::Done;

/// Values of streaming attention.
const E: usize = 16;
const MOST_PUSHED: usize = 10_000_000;

pub fn print() -> Done {
    println!("build\t{BUILD}\t0\t0");
    caches()?;
    // Backward passes have rows of T on the stack.
    let measure = || {
        all_shapes();
        streaming();
    };
    let thread = thread::Builder::new().stack_size(64 << 20).spawn(measure)?;
    thread.join().map_err(|_| "a measurement failed".into())
}

/// Nanoseconds of one call.
fn time(mut call: impl FnMut()) -> f64 {
    Times::take(1, 15, 500e3, |_, times| (0..times).for_each(|_| call())).lowest(0)
}

fn all_shapes() {
    macro_rules! shapes {
        ($($t:literal)*; $h:tt) => {
            $(shapes!(@ $t $h);)*
        };
        (@ $t:literal [$($h:literal)*]) => {
            $(shape::<$t, $h>();)*
        };
    }
    shapes!(8 16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536; [4 16 64 256 1024]);
}

fn shape<const T: usize, const H: usize>() {
    let mut state = 1;
    let number = &mut || random(&mut state);
    let hs = filled::<[[[f32; H]; T]; 1]>(number);
    let h = filled::<[[f32; H]; 1]>(number);
    let dc = filled::<[[f32; H]; 1]>(number);
    let (mut a, mut c, mut dh, mut dhs) = (filled(number), dc.clone(), dc.clone(), hs.clone());
    let forward = time(|| {
        let (h, hs, a, c) = black_box((&*h, &*hs, &mut *a, &mut *c));
        attention(h, hs, a, c);
    });
    let backward = time(|| {
        let (h, hs, a, dc) = black_box((&*h, &*hs, &*a, &*dc));
        attention_backward(h, hs, a, dc, black_box(&mut *dh), black_box(&mut *dhs));
    });
    let elements = (T * H) as f64;
    println!("forward\t{H}\t{T}\t{:.5}", forward / (2.0 * elements));
    println!("backward\t{H}\t{T}\t{:.5}", backward / (4.0 * elements));
}

/// One key after the other, and blocks of 64 keys, after more and more keys.
fn streaming() {
    let values: Vec<[f32; E]> = (0..64_u8)
        .map(|t| from_fn(|e| (f32::from(t) * 0.7 + e as f32).sin()))
        .collect();
    let values: &[[f32; E]; 64] = values[..].try_into().expect("64 of them");
    let scores: [f32; 64] = from_fn(|t| (t as f32 * 1.3).cos());
    for blocks in [false, true] {
        let mut running = Running::new();
        let mut pushed = 0;
        let mut next = 64;
        let mut push = |keys: usize| {
            for _ in 0..keys / 64 {
                let (scores, values) = (black_box(&scores), black_box(values));
                if blocks {
                    running.push_rows(scores, values);
                } else {
                    for (&score, value) in scores.iter().zip(values) {
                        running.push(black_box(score), value);
                    }
                }
            }
        };
        while next <= MOST_PUSHED {
            push(next - pushed);
            let each = time(|| push(64)) / 64.0;
            // What was measured was pushed too: a little more than it says.
            pushed = next;
            let what = if blocks { "push_rows" } else { "push" };
            println!("{what}\t{E}\t{pushed}\t{each:.4}");
            next *= 4;
        }
    }
}

/// The data caches of the first core.
fn caches() -> Done {
    let Ok(folder) = fs::read_dir("/sys/devices/system/cpu/cpu0/cache") else {
        return Ok(());
    };
    let mut found = Vec::new();
    for entry in folder {
        let path = entry?.path();
        let read = |name: &str| fs::read_to_string(path.join(name)).map(|x| x.trim().to_owned());
        let (Ok(level), Ok(kind), Ok(size)) = (read("level"), read("type"), read("size")) else {
            continue;
        };
        if kind != "Instruction" {
            let kibibytes = size
                .strip_suffix('K')
                .ok_or("a cache size that is not in KiB")?;
            found.push((level, 1024 * kibibytes.parse::<usize>()?));
        }
    }
    found.sort();
    for (level, bytes) in found {
        println!("cache\tL{level}\t{bytes}\t0");
    }
    Ok(())
}
