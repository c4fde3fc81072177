//! What is stored of a model, and learning on from there.

use speaker::{Dataset, Recipe, Trainer};

static TRAIN: &[u8] = include_bytes!("../data/train.bin");

const RECIPE: Recipe = Recipe {
    epochs: 2,
    batch: 10,
    rate: 0.01,
    decay: 0.05,
    noise: 1.0,
};

fn dataset() -> Dataset<'static> {
    Dataset::parse(TRAIN).expect("the committed file is sound")
}

/// A model that has learned the speakers 1 to 8 a little.
fn eight() -> Vec<u8> {
    let train = dataset();
    let mut order: Vec<u16> = (0..240).collect();
    let mut trainer = Box::new(Trainer::<8, 8, 29>::new());
    trainer.start(&train, &order, 1);
    trainer.epoch(&train, &mut order, &RECIPE);
    trainer.stored().flatten().collect()
}

#[test]
fn what_is_stored_is_what_is_resumed() {
    let eight = eight();
    let mut trainer = Box::new(Trainer::<8, 8, 29>::new());
    assert!(trainer.resume::<8>(&eight, 0));
    assert_eq!(trainer.stored().flatten().collect::<Vec<u8>>(), eight);
}

#[test]
fn a_new_class_has_the_mean_score_and_is_not_recognised() {
    let (train, eight) = (dataset(), eight());
    let (mut known, mut all) = (
        Box::new(Trainer::<8, 8, 29>::new()),
        Box::new(Trainer::<8, 9, 29>::new()),
    );
    assert!(known.resume::<8>(&eight, 0) && all.resume::<8>(&eight, 0));
    for utterance in train.iter() {
        let (known, all) = (known.recognise(&utterance), all.recognise(&utterance));
        assert_eq!(known.class(), all.class());
        for (known, all) in known.z[0].iter().zip(&all.z[0]) {
            assert_eq!(known.to_bits(), all.to_bits());
        }
        let mean = known.z[0].iter().sum::<f32>() / 8.0;
        assert!((all.z[0][8] - mean).abs() < 1e-5);
    }
}

#[test]
fn what_happened_before_changes_nothing() {
    let (train, eight) = (dataset(), eight());
    let learn = |trainer: &mut Trainer<8, 9, 29>| {
        assert!(trainer.resume::<8>(&eight, 5));
        let mut order: Vec<u16> = (200..255).collect();
        trainer.epoch(&train, &mut order, &RECIPE);
        trainer.stored().flatten().collect::<Vec<u8>>()
    };
    let mut trainer = Box::new(Trainer::new());
    let first = learn(&mut trainer);
    assert_eq!(learn(&mut trainer), first);
    trainer.start(&train, &[1, 2, 3], 7);
    assert_eq!(learn(&mut trainer), first);
}

#[test]
fn damaged_bytes_are_refused_and_change_nothing() {
    let eight = eight();
    let mut trainer = Box::new(Trainer::<8, 9, 29>::new());
    assert!(trainer.resume::<8>(&eight, 0));
    let before: Vec<u8> = trainer.stored().flatten().collect();
    let mut long = eight.clone();
    long.push(0);
    let mut not_finite = eight.clone();
    not_finite[4..8].copy_from_slice(&f32::INFINITY.to_le_bytes());
    for damaged in [&[], &eight[4..], &eight[1..], &long[..], &not_finite[..]] {
        assert!(!trainer.resume::<8>(damaged, 0));
        assert_eq!(trainer.stored().flatten().collect::<Vec<u8>>(), before);
    }
}
