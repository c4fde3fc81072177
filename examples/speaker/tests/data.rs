//! The data files hold what the originals hold, and the reader refuses everything else.

use speaker::{DataError, Dataset, FRAMES, SPEAKERS};

const TRAIN: &[u8] = include_bytes!("../data/train.bin");
const TEST: &[u8] = include_bytes!("../data/test.bin");

/// Where the frames of the training file begin.
const FRAMES_AT: usize = 16 + 4 * 270;

fn dataset(file: &[u8]) -> Dataset<'_> {
    Dataset::parse(file).expect("the file is sound")
}

fn refusal(file: &[u8]) -> DataError {
    Dataset::parse(file).expect_err("the file is not sound")
}

/// The training file with some bytes replaced.
fn changed(offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = TRAIN.to_vec();
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
    file
}

#[test]
fn the_counts_are_those_of_the_publication() {
    for (file, utterances, frames, by_speaker) in [
        (TRAIN, 270, 4274, [30; SPEAKERS]),
        (TEST, 370, 5687, [31, 35, 88, 44, 29, 24, 40, 50, 29]),
    ] {
        let dataset = dataset(file);
        assert_eq!(dataset.len(), utterances);
        assert_eq!(dataset.iter().count(), utterances);
        let mut counts = [0; SPEAKERS];
        for utterance in dataset.iter() {
            counts[utterance.speaker()] += 1;
        }
        assert_eq!(counts, by_speaker);
        let lengths = || dataset.iter().map(|utterance| utterance.frames().len());
        assert_eq!(lengths().sum::<usize>(), frames);
        assert_eq!(lengths().min(), Some(7));
        assert!(lengths().max() <= Some(FRAMES));
        assert!(dataset.get(utterances).is_none());
    }
    let longest = dataset(TEST)
        .iter()
        .map(|utterance| utterance.frames().len())
        .max();
    assert_eq!(longest, Some(FRAMES));
}

/// Read off the original text files, the tiniest and the largest numbers among them: file,
/// utterance, frame, feature.
#[test]
fn the_values_are_the_originals() {
    let originals = [
        (TRAIN, 0, 0, 0, "1.860936"),
        (TRAIN, 0, 1, 11, "0.093011"),
        (TRAIN, 0, 19, 5, "-0.176897"),
        (TRAIN, 135, 0, 0, "1.249807"),
        (TRAIN, 135, 1, 11, "0.157076"),
        (TRAIN, 135, 13, 5, "-0.112593"),
        (TRAIN, 269, 0, 0, "1.240598"),
        (TRAIN, 269, 1, 11, "0.076978"),
        (TRAIN, 269, 8, 5, "-0.31106"),
        (TRAIN, 2, 0, 7, "-8.3E-4"),
        (TRAIN, 267, 6, 4, "-7.44E-4"),
        (TRAIN, 23, 11, 0, "2.203141"),
        (TEST, 0, 0, 0, "1.635533"),
        (TEST, 0, 1, 11, "0.118123"),
        (TEST, 0, 18, 5, "-0.065235"),
        (TEST, 185, 0, 0, "1.030091"),
        (TEST, 185, 1, 11, "0.1543"),
        (TEST, 185, 13, 5, "-0.044657"),
        (TEST, 369, 0, 0, "1.421622"),
        (TEST, 369, 1, 11, "0.227841"),
        (TEST, 369, 10, 5, "-0.203484"),
    ];
    for (file, utterance, frame, feature, text) in originals {
        let mut frames = dataset(file).get(utterance).expect("it exists").frames();
        let found = frames.nth(frame).expect("it exists")[feature];
        let original: f32 = text.parse().expect("a number");
        assert_eq!(found.to_bits(), original.to_bits(), "{found} {text}");
    }
}

/// Each speaker's utterances in order, 30 of them in five folds.
#[test]
fn a_fold_is_a_run_of_every_speakers_utterances() {
    let train = dataset(TRAIN);
    let mut before = [0; SPEAKERS];
    for (number, utterance) in (0..).zip(train.iter()) {
        let before = &mut before[utterance.speaker()];
        assert_eq!(train.fold(number, 5), Some(*before / 6));
        *before += 1;
    }
    assert_eq!(before, [30; SPEAKERS]);
    assert_eq!(train.fold(270, 5), None);
}

#[test]
fn a_file_that_is_too_short_or_too_long_is_refused() {
    for length in 0..16 {
        assert_eq!(refusal(&TRAIN[..length]), DataError::Header { length });
    }
    let expected = TRAIN.len();
    for length in [16, 17, 16 + 4 * 270, expected - 1] {
        assert_eq!(
            refusal(&TRAIN[..length]),
            DataError::Truncated { length, expected }
        );
    }
    let longer = [TRAIN, &[0]].concat();
    assert_eq!(
        refusal(&longer),
        DataError::Trailing {
            length: expected + 1,
            expected
        }
    );
}

#[test]
fn a_wrong_header_is_refused() {
    assert_eq!(refusal(&changed(0, b"j")), DataError::Magic);
    assert_eq!(refusal(&changed(7, b"2")), DataError::Magic);
    assert_eq!(refusal(&changed(8, &[0, 0])), DataError::Empty);
    // One utterance less and twelve frames more leave 572 bytes too few.
    let length = TRAIN.len();
    let counts = [269_u16.to_le_bytes(), 4286_u16.to_le_bytes()].concat();
    let expected = length - 4 + 12 * 48;
    assert_eq!(
        refusal(&changed(8, &counts)),
        DataError::Truncated { length, expected }
    );
    // Twelve utterances more and one frame less need exactly as many bytes.
    let counts = [282_u16.to_le_bytes(), 4273_u16.to_le_bytes()].concat();
    assert!(matches!(
        refusal(&changed(8, &counts)),
        DataError::Start { utterance: 270, .. }
    ));
    let computed = u32::from_le_bytes([TRAIN[12], TRAIN[13], TRAIN[14], TRAIN[15]]);
    let header = computed ^ 1;
    let error = DataError::Checksum { computed, header };
    assert_eq!(refusal(&changed(12, &header.to_le_bytes())), error);
}

#[test]
fn a_wrong_index_is_refused() {
    for found in [0, 10, 255] {
        let error = DataError::Speaker {
            utterance: 3,
            offset: 30,
            found,
        };
        assert_eq!(refusal(&changed(30, &[found])), error);
    }
    for found in [0, 30, 255] {
        let error = DataError::Frames {
            utterance: 3,
            offset: 31,
            found,
        };
        assert_eq!(refusal(&changed(31, &[found])), error);
    }
    // The first utterance has 20 frames, so the second one begins at 20 and not at 21.
    let error = DataError::Start {
        utterance: 1,
        offset: 20,
        found: 21,
        expected: 20,
    };
    assert_eq!(refusal(&changed(20, &[21])), error);
    let last = FRAMES_AT - 1;
    let error = DataError::Total {
        sum: 4275,
        header: 4274,
    };
    assert_eq!(refusal(&changed(last, &[TRAIN[last] + 1])), error);
}

#[test]
fn a_wrong_value_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let offset = FRAMES_AT + 4 * (12 * 40 + 5);
        let error = refusal(&changed(offset, &bad.to_le_bytes()));
        assert!(
            matches!(error, DataError::Value { frame: 40, offset: at, found } if at == offset
                && found.to_bits() == bad.to_bits()),
            "{error}"
        );
    }
    // Plausible, but not what was written.
    assert!(matches!(
        refusal(&changed(FRAMES_AT, &[1])),
        DataError::Checksum { .. }
    ));
}

#[test]
fn every_refusal_says_where_and_what_was_expected() {
    let cases = [
        (
            TRAIN[..5].to_vec(),
            "truncated: expected a header of 16 bytes, found 5 bytes",
        ),
        (changed(0, b"X"), "offset 0: expected the text JVOWELS1"),
        (
            changed(8, &[0, 0]),
            "offset 8: expected at least 1 utterance, found 0",
        ),
        (
            TRAIN[..20].to_vec(),
            "truncated: expected 206248 bytes, found 20",
        ),
        (
            [TRAIN, b"x"].concat(),
            "trailing bytes: expected 206248 bytes, found 206249",
        ),
        (
            changed(18, &[10]),
            "utterance 0, offset 18: expected a speaker from 1 to 9, found 10",
        ),
        (
            changed(19, &[30]),
            "utterance 0, offset 19: expected 1 to 29 frames, found 30",
        ),
        (
            changed(20, &[21]),
            "utterance 1, offset 20: expected first frame 20, found 21",
        ),
        (
            changed(FRAMES_AT - 1, &[TRAIN[FRAMES_AT - 1] + 1]),
            "offset 10: expected 4275 frames, the sum over the utterances, found 4274",
        ),
        (
            changed(FRAMES_AT + 4, &f32::NAN.to_le_bytes()),
            "frame 0, offset 1100: expected a finite value, found NaN",
        ),
        (
            changed(12, &[0; 4]),
            "of what follows the header, found 00000000",
        ),
    ];
    for (file, message) in cases {
        let found = refusal(&file).to_string();
        assert!(
            found.ends_with(message),
            "{found:?} should end with {message:?}"
        );
    }
}
