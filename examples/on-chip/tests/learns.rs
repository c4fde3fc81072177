//! What the boards do, on the host.

use std::fmt;

use on_chip::recordings::RECOGNISE;
use on_chip::{Board, FEATURES, FRAMES, Frame, Memory, Model, Ring, float, floats, integers, run};

/// Keeps what is printed. Its time stands still.
#[derive(Default)]
struct Host(String);

impl fmt::Write for Host {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        Ok(())
    }
}

impl Board for Host {
    fn micros(&self) -> u32 {
        0
    }

    fn cycles(&self) -> u32 {
        0
    }
}

fn printed<M: Model>() -> String {
    let mut host = Host::default();
    run(&mut Memory::<M>::empty(), &mut host).expect("a string takes all");
    host.0
}

/// The lines without a time.
fn timeless(text: &str) -> Vec<&str> {
    let timed = |line: &&str| line.ends_with(" ms") || line.contains(" cycles ");
    text.lines().filter(|line| !timed(line)).collect()
}

/// The classes of nearly all recordings that it has not learned from are right, and the lines are those of the board.
fn learns<M: Model>() {
    let text = printed::<M>();
    let right: usize = text
        .lines()
        .find_map(|line| {
            line.strip_prefix("right: ")?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .expect("a number of right classes");
    assert!(right + 2 >= RECOGNISE.len(), "{text}");

    let board = include_str!("../../pico/README.md");
    let lines = timeless(&text);
    assert!(lines.len() > 10, "{text}");
    assert!(
        timeless(board)
            .windows(lines.len())
            .any(|window| window == lines),
        "not in the README of examples/pico:\n{text}"
    );
}

#[test]
fn learns_in_integers() {
    learns::<integers::Model>();
}

#[test]
fn learns_in_f32() {
    learns::<float::Model>();
}

/// A loss falls with every epoch, from that of guessing.
#[test]
fn the_loss_falls() {
    for text in [printed::<integers::Model>(), printed::<float::Model>()] {
        let losses: Vec<f32> = text
            .lines()
            .filter_map(|line| line.split_once("loss ")?.1.parse().ok())
            .collect();
        assert_eq!(losses.len(), 10, "{text}");
        assert!(
            losses[0] < 3_f32.ln() && losses.is_sorted_by(|a, b| a > b),
            "{text}"
        );
    }
}

/// The ring has the last frames, and each of them once.
#[test]
fn the_ring_has_the_last_frames() {
    let mut ring = Ring::new(0);
    for count in 1..=3 * FRAMES {
        ring.push([count as i8; FEATURES]);
        let [length] = ring.length();
        let mut there: Vec<Frame> = ring.frames()[0][..length].to_vec();
        there.sort_unstable();
        let first = count.saturating_sub(FRAMES) + 1;
        let last: Vec<Frame> = (first..=count)
            .map(|count| [count as i8; FEATURES])
            .collect();
        assert_eq!(there, last);
    }
}

/// The digest that the board prints of its floats, whichever they are.
#[test]
fn floats_are_those_of_the_board() {
    let mut host = Host::default();
    floats(&mut host).expect("a string takes all");
    let digest = host.0.split_inclusive(' ').nth(3).expect("a digest");
    let board = include_str!("../README.md");
    assert!(board.contains(digest.trim_end_matches(", ")), "{}", host.0);
    assert!(host.0.ends_with("kept, -1.5 as i32 is -1\n"), "{}", host.0);
}
