//! Time for each multiply-add over T and H, and for each key of streaming attention.

use std::array::{from_mut, from_ref};
use std::error::Error;
use std::fs;
use std::hint::black_box;

use benches::rounds::{Repeat, Times};
use benches::table::BUILD;
use microattention::{Running, attention, attention_backward};

const ROUNDS: usize = 15;
/// Nanoseconds.
const TURN: f64 = 500e3;
const MOST_KEYS: usize = 65_536;
const MOST_FEATURES: usize = 1024;

/// Values of streaming attention.
const E: usize = 16;
const MOST_PUSHED: usize = 10_000_000;

struct Buffers {
    hs: Vec<f32>,
    dhs: Vec<f32>,
    h: Vec<f32>,
    dc: Vec<f32>,
    a: Vec<f32>,
    row: Vec<f32>,
}

struct Call<C>(C);

impl<C: FnMut()> Repeat for Call<C> {
    fn repeat(&mut self, times: u32) {
        for _ in 0..times {
            (self.0)();
        }
    }
}

pub fn print() -> Result<(), Box<dyn Error>> {
    println!("build {BUILD} 0 0");
    for (level, bytes) in caches()? {
        println!("cache {level} {bytes} 0");
    }
    // Backward passes have rows of T on the stack.
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(|| {
            all_shapes();
            streaming();
        })?
        .join()
        .map_err(|_| "a measurement failed")?;
    Ok(())
}

macro_rules! shapes {
    ($x:ident: $($t:literal)*; $h:tt) => {
        $(shapes!(@ $x $t $h);)*
    };
    (@ $x:ident $t:literal [$($h:literal)*]) => {
        $(shape::<$t, $h>($x);)*
    };
}

fn all_shapes() {
    let number = |i: usize| ((i * 31) % 97) as f32 / 48.5 - 1.0;
    let elements = MOST_KEYS * MOST_FEATURES;
    let x = &mut Buffers {
        hs: (0..elements).map(number).collect(),
        dhs: vec![0.0; elements],
        h: (0..MOST_FEATURES).map(|i| number(3 * i)).collect(),
        dc: (0..MOST_FEATURES).map(|i| number(5 * i)).collect(),
        a: vec![0.0; MOST_KEYS],
        row: vec![0.0; MOST_FEATURES],
    };
    shapes!(x: 8 16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536; [4 16 64 256 1024]);
}

fn shape<const T: usize, const H: usize>(x: &mut Buffers) {
    let there = "the buffers hold every shape";
    let hs: &[[f32; H]; T] = x.hs.as_chunks().0.first_chunk().expect(there);
    let dhs: &mut [[f32; H]; T] = x.dhs.as_chunks_mut().0.first_chunk_mut().expect(there);
    let h: &[f32; H] = x.h.first_chunk().expect(there);
    let dc: &[f32; H] = x.dc.first_chunk().expect(there);
    let a: &mut [f32; T] = x.a.first_chunk_mut().expect(there);
    let row: &mut [f32; H] = x.row.first_chunk_mut().expect(there);

    let mut forward = Call(|| {
        let (h, hs) = (from_ref(black_box(h)), from_ref(black_box(hs)));
        attention(
            h,
            hs,
            from_mut(black_box(&mut *a)),
            from_mut(black_box(&mut *row)),
        );
    });
    let forward = Times::take(&mut [&mut forward], ROUNDS, TURN).lowest(0);
    let mut backward = Call(|| {
        let (h, hs) = (from_ref(black_box(h)), from_ref(black_box(hs)));
        let (a, dc) = (from_ref(black_box(&*a)), from_ref(black_box(dc)));
        let (dh, dhs) = (
            from_mut(black_box(&mut *row)),
            from_mut(black_box(&mut *dhs)),
        );
        attention_backward(h, hs, a, dc, dh, dhs);
    });
    let backward = Times::take(&mut [&mut backward], ROUNDS, TURN).lowest(0);
    let elements = (T * H) as f64;
    println!("forward {H} {T} {:.5}", forward / (2.0 * elements));
    println!("backward {H} {T} {:.5}", backward / (4.0 * elements));
}

/// One key after the other, and blocks of 64 keys, after more and more keys.
fn streaming() {
    let values: Vec<[f32; E]> = (0..64_u8)
        .map(|t| std::array::from_fn(|e| (f32::from(t) * 0.7 + e as f32).sin()))
        .collect();
    let values: &[[f32; E]; 64] = values[..].try_into().expect("64 of them");
    let scores: [f32; 64] = std::array::from_fn(|t| (t as f32 * 1.3).cos());
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
            let times = Times::take(&mut [&mut Call(|| push(64))], ROUNDS, TURN);
            // What was measured was pushed too: a little more than it says.
            pushed = next;
            let what = if blocks { "push_rows" } else { "push" };
            println!("{what} {E} {pushed} {:.4}", times.lowest(0) / 64.0);
            next *= 4;
        }
    }
}

/// The data caches of the first core.
fn caches() -> Result<Vec<(String, usize)>, Box<dyn Error>> {
    let mut found = Vec::new();
    let Ok(folder) = fs::read_dir("/sys/devices/system/cpu/cpu0/cache") else {
        return Ok(found);
    };
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
            found.push((format!("L{level}"), 1024 * kibibytes.parse::<usize>()?));
        }
    }
    found.sort();
    Ok(found)
}
