//! Numbers to test with.

/// SplitMix64, after the bytes that a fuzzer chose.
pub struct Random<'a> {
    state: u64,
    bytes: &'a [u8],
}

/// How the numbers of a case are drawn.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Uniform,
    Small,
    /// The lowest, the highest, 0, 1 and −1.
    Extremes,
    Lowest,
    Highest,
}

pub const KINDS: [Kind; 5] = [
    Kind::Uniform,
    Kind::Small,
    Kind::Extremes,
    Kind::Lowest,
    Kind::Highest,
];

impl Random<'static> {
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            bytes: &[],
        }
    }
}

impl Random<'_> {
    pub fn bits(&mut self) -> u64 {
        if let Some((bytes, rest)) = self.bytes.split_first_chunk() {
            self.bytes = rest;
            return u64::from_le_bytes(*bytes);
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        if let (Some((byte, rest)), 0..=256) = (self.bytes.split_first(), n) {
            self.bytes = rest;
            return usize::from(*byte) % n;
        }
        (self.bits() % n as u64) as usize
    }

    /// Normally distributed.
    pub fn normal(&mut self) -> f64 {
        let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let (u, v) = (unit(self.bits()), unit(self.bits()));
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// From `low` to `high`.
    pub fn integer(&mut self, kind: Kind, low: i64, high: i64) -> i64 {
        let span = (high - low) as usize + 1;
        match kind {
            Kind::Uniform => low + self.below(span) as i64,
            Kind::Small => self.below(7) as i64 - 3.min(-low),
            Kind::Extremes => [low, high, 0, 1, (-1).max(low)][self.below(5)],
            Kind::Lowest => low,
            Kind::Highest => high,
        }
        .clamp(low, high)
    }
}

/// An element of the arrays.
pub trait Number: Copy + Default + Into<i64> {
    fn draw(random: &mut Random, kind: Kind) -> Self;
}

macro_rules! number {
    ($($t:ty)*) => {$(
        impl Number for $t {
            fn draw(random: &mut Random, kind: Kind) -> Self {
                random.integer(kind, <$t>::MIN.into(), <$t>::MAX.into()) as $t
            }
        }
    )*};
}

number!(i8 i16 i32 u16);

pub fn rows<X: Number, const N: usize, const H: usize>(
    random: &mut Random,
    kind: Kind,
) -> [[X; H]; N] {
    let mut rows = [[X::default(); H]; N];
    rows.as_flattened_mut().fill_with(|| X::draw(random, kind));
    rows
}

pub fn wide<X: Copy + Into<i64>>(x: &[X]) -> Vec<i128> {
    x.iter().map(|&x| x.into().into()).collect()
}

/// Scales of scores from none to all.
pub const SIGMAS: [f32; 12] = [
    0.0,
    1e-9,
    3e-6,
    1.6e-4,
    1e-3,
    0.02,
    0.5,
    1.0,
    7.3,
    11.2,
    1e6,
    f32::INFINITY,
];

/// A kind for each array, and what scores are worth.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    seed: u64,
    bytes: &'a [u8],
    pub kinds: [Kind; 6],
    pub sigma: f32,
    pub fraction: u32,
}

impl<'a> Case<'a> {
    /// What a fuzzer's bytes stand for: the bytes after its last one depend on all of them.
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        let seed = bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let mut random = Random { state: seed, bytes };
        let kinds = std::array::from_fn(|_| KINDS[random.below(5)]);
        let sigma = match SIGMAS.get(random.below(20)) {
            Some(&sigma) => sigma,
            None => f32::from_bits(random.bits() as u32),
        };
        Self {
            kinds,
            sigma,
            fraction: random.below(18) as u32,
            bytes: random.bytes,
            seed,
        }
    }

    pub fn random(self) -> Random<'a> {
        Random {
            state: self.seed,
            bytes: self.bytes,
        }
    }
}

/// Runs `check` on all kinds of cases.
pub fn each_case(check: impl Fn(Case)) {
    let mut random = Random::new(20_261_128);
    for i in 0..200 {
        let kind = |random: &mut Random| KINDS[random.below(5)];
        let one = kind(&mut random);
        let mixed: [Kind; 6] = std::array::from_fn(|_| kind(&mut random));
        check(Case {
            seed: random.bits(),
            bytes: &[],
            kinds: if i % 3 == 0 { [one; 6] } else { mixed },
            sigma: SIGMAS[random.below(SIGMAS.len())],
            fraction: random.below(16) as u32,
        });
    }
    for _ in 0..50 {
        let bytes: Vec<_> = (0..8).flat_map(|_| random.bits().to_le_bytes()).collect();
        check(Case::of_bytes(&bytes));
    }
}
