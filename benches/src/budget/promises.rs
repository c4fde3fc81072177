//! The budgets: what is promised of the speed on hosts.

/// One promise: at least (or at most) so much, in the default build and in that for x86-64-v3.
pub struct Budget {
    pub what: &'static str,
    pub function: &'static str,
    pub shapes: &'static [&'static str],
    pub quantity: Quantity,
    pub needs: (f64, f64),
}

pub enum Quantity {
    /// How many times as long the contender takes.
    Ratio(&'static str),
    /// The share of the roofline in per cent.
    Roof,
}

const LARGE: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)"];
const ROOF: &[&str] = &["(8,64,64)", "(1,512,64)"];
const FROM_64: &[&str] = &[
    "(1,64,16)",
    "(8,64,64)",
    "(4,128,128)",
    "(1,512,64)",
    "(1,1024,256)",
];
const FROM_8_64_64: &[&str] = &["(8,64,64)", "(4,128,128)", "(1,512,64)", "(1,1024,256)"];

const fn ratio(
    what: &'static str,
    function: &'static str,
    to: &'static str,
    shapes: &'static [&'static str],
    needs: (f64, f64),
) -> Budget {
    Budget {
        what,
        function,
        shapes,
        quantity: Quantity::Ratio(to),
        needs,
    }
}

const fn roof(
    function: &'static str,
    shapes: &'static [&'static str],
    needs: (f64, f64),
) -> Budget {
    Budget {
        what: "% of the roofline",
        function,
        shapes,
        quantity: Quantity::Roof,
        needs,
    }
}

pub const BUDGETS: &[Budget] = &[
    ratio("to naive", "attention", "naive", LARGE, (5.0, 8.0)),
    ratio("to naive", "attention_backward", "naive", LARGE, (4.0, 6.5)),
    ratio(
        "to the NumPy port",
        "attention+backward",
        "NumPy port",
        LARGE,
        (9.0, 14.0),
    ),
    ratio(
        "to the NumPy port",
        "attention+backward",
        "NumPy port",
        &["(10,5,4)"],
        (1.5, 1.5),
    ),
    ratio(
        "to naive with libm's exp",
        "softmax",
        "naive",
        FROM_64,
        (2.0, 3.5),
    ),
    roof("weighted_sum", ROOF, (95.0, 85.0)),
    roof("dot_scores", ROOF, (77.0, 62.0)),
    roof("weighted_sum_backward", ROOF, (70.0, 80.0)),
    roof("dot_scores_backward", ROOF, (72.0, 90.0)),
    roof("attention", ROOF, (75.0, 60.0)),
    roof("attention_backward", &["(8,64,64)"], (90.0, 76.0)),
    roof("attention_backward", &["(1,512,64)"], (80.0, 57.0)),
    ratio(
        "to nalgebra",
        "attention",
        "nalgebra",
        FROM_8_64_64,
        (1.0, 2.5),
    ),
    ratio(
        "to nalgebra",
        "attention_backward",
        "nalgebra",
        FROM_8_64_64,
        (1.0, 2.5),
    ),
    ratio(
        "to ndarray",
        "attention",
        "ndarray",
        FROM_8_64_64,
        (1.0, 6.0),
    ),
    ratio(
        "to ndarray",
        "attention_backward",
        "ndarray",
        FROM_8_64_64,
        (1.0, 6.0),
    ),
];

/// The least that every function must reach at every shape, by contender.
pub const EVERYWHERE: [(&str, f64); 6] = [
    ("naive", 0.95),
    ("ordered", 0.95),
    ("ndarray", 1.0),
    ("nalgebra", 1.0),
    ("matrixmultiply", 1.0),
    ("embedded-nn", 1.0),
];

/// The most that an option may cost, by the start of its name: ranges for each key attended.
pub const OPTIONS: [(&str, f64); 5] = [
    ("lengths", 1.1),
    ("causal", 1.1),
    ("window", 1.1),
    ("mask", 1.4),
    ("bias", 1.4),
];
