//! The options of attention: as plain data that says what they mean, and as the `Attend` made of them.

use microattention::rule::{Bias, PerKey, Rule};
use microattention::{Attend, Gradient, Saved};

use crate::ball::{In, ONE, ZERO};
use crate::element::Tensor;
use crate::equations::Row;
use crate::source::{Number, Source};

/// Every option, those that are not in use without an effect.
#[derive(Clone)]
pub struct Options<F, const N: usize, const U: usize, const T: usize> {
    pub scale: F,
    pub width: Option<usize>,
    pub lengths: [usize; N],
    pub causal: isize,
    pub causal_rows: [isize; N],
    /// Offset, back, ahead.
    pub window: (isize, usize, usize),
    pub shared_mask: [[bool; T]; N],
    pub mask: [[[bool; T]; U]; N],
    pub shared_bias: [[F; T]; N],
    pub bias: [[[F; T]; U]; N],
}

impl<F: Number, const N: usize, const U: usize, const T: usize> Options<F, N, U, T> {
    pub fn none() -> Self {
        Self {
            scale: F::of(1.0),
            width: None,
            lengths: [usize::MAX; N],
            causal: isize::MAX,
            causal_rows: [isize::MAX; N],
            window: (0, usize::MAX, usize::MAX),
            shared_mask: [[true; T]; N],
            mask: [[[true; T]; U]; N],
            shared_bias: [[F::of(0.0); T]; N],
            bias: [[[F::of(0.0); T]; U]; N],
        }
    }

    pub fn scale(&mut self, source: &mut Source) {
        if source.flag() {
            let kind = source.kind();
            self.scale = source.value(kind);
        }
    }

    pub fn lengths(&mut self, source: &mut Source) {
        if source.flag() {
            self.lengths = core::array::from_fn(|_| source.size());
        }
    }

    pub fn causal(&mut self, source: &mut Source) {
        if source.flag() {
            self.causal = source.offset();
        }
    }

    pub fn causal_rows(&mut self, source: &mut Source) {
        if source.flag() {
            self.causal_rows = core::array::from_fn(|_| source.offset());
        }
    }

    pub fn window(&mut self, source: &mut Source) {
        if source.flag() {
            self.window = (0, source.size(), source.size());
        }
    }

    pub fn window_at(&mut self, source: &mut Source) {
        if source.flag() {
            // The time of each query alone is an offset too: see `single`.
            let offset = source.offset().min(isize::MAX.saturating_sub_unsigned(U));
            self.window = (offset, source.size(), source.size());
        }
    }

    pub fn shared_mask(&mut self, source: &mut Source) {
        if source.flag() {
            self.shared_mask = source.flags();
        }
    }

    pub fn mask(&mut self, source: &mut Source) {
        if source.flag() {
            self.mask = core::array::from_fn(|_| source.flags());
        }
    }

    pub fn shared_bias(&mut self, source: &mut Source) {
        source.fill(&mut self.shared_bias);
        let masked = source.flags::<T, N>();
        mask_some(self.shared_bias.as_flattened_mut(), masked.as_flattened());
    }

    pub fn bias(&mut self, source: &mut Source) {
        source.fill(&mut self.bias);
        for bias in &mut self.bias {
            let masked = source.flags::<T, U>();
            mask_some(bias.as_flattened_mut(), masked.as_flattened());
        }
    }

    pub fn attends(&self, n: usize, u: usize, t: usize) -> bool {
        let wide = |x: usize| i128::try_from(x).expect("it has 64 bits");
        let (key, query) = (wide(t), wide(u));
        let now = query + self.window.0 as i128;
        t < self.lengths[n]
            && key <= query + self.causal as i128
            && key <= query + self.causal_rows[n] as i128
            && now - wide(self.window.1) <= key
            && key <= now + wide(self.window.2)
            && self.shared_mask[n][t]
            && self.mask[n][u][t]
            && self.shared_bias[n][t] != F::of(f64::NEG_INFINITY)
            && self.bias[n][u][t] != F::of(f64::NEG_INFINITY)
    }

    pub fn row(&self, n: usize, u: usize) -> Row {
        let scale = In::<F>::exact(self.scale);
        let bias = |t| {
            let (shared, own) = (self.shared_bias[n][t], self.bias[n][u][t]);
            In::<F>::sum([shared, own].map(In::<F>::exact))
        };
        Row {
            attended: (0..T).map(|t| self.attends(n, u, t)).collect(),
            scale: self.width.map_or(scale, |width| {
                #[allow(clippy::cast_precision_loss, reason = "a small number")]
                let width = width as f64;
                // The reference rounds twice, and the crate once.
                if width == 1.0 {
                    ONE
                } else {
                    In::<F>::near(1.0 / width.sqrt(), 4.0)
                }
            }),
            bias: (0..T)
                .map(|t| if self.attends(n, u, t) { bias(t) } else { ZERO })
                .collect(),
        }
    }

    /// The options of one query as those of a call for it alone: its time moves into the offsets.
    pub fn single(&self, n: usize, u: usize) -> Options<F, 1, 1, T> {
        Options {
            scale: self.scale,
            width: self.width,
            lengths: [self.lengths[n]],
            causal: self.causal.saturating_add_unsigned(u),
            causal_rows: [self.causal_rows[n].saturating_add_unsigned(u)],
            window: (
                self.window.0.saturating_add_unsigned(u),
                self.window.1,
                self.window.2,
            ),
            shared_mask: [self.shared_mask[n]],
            mask: [[self.mask[n][u]]],
            shared_bias: [self.shared_bias[n]],
            bias: [[self.bias[n][u]]],
        }
    }

    /// NaN in each bias that is not to be read.
    pub fn poisoned(&self) -> Self {
        let mut poisoned = self.clone();
        let minus_infinity = F::of(f64::NEG_INFINITY);
        for n in 0..N {
            for t in 0..T {
                let unseen = (0..U).all(|u| !self.attends(n, u, t));
                if unseen && self.shared_bias[n][t] != minus_infinity {
                    poisoned.shared_bias[n][t] = F::of(f64::NAN);
                }
                for u in 0..U {
                    if !self.attends(n, u, t) && self.bias[n][u][t] != minus_infinity {
                        poisoned.bias[n][u][t] = F::of(f64::NAN);
                    }
                }
            }
        }
        poisoned
    }
}

fn mask_some<F: Number>(bias: &mut [F], kept: &[bool]) {
    for (bias, kept) in bias.iter_mut().zip(kept) {
        if !kept {
            *bias = F::of(f64::NEG_INFINITY);
        }
    }
}

/// `Attend` with or without a bias.
pub trait Layer<F: Number, const N: usize, const U: usize, const T: usize> {
    /// An array that is never touched if there is no bias.
    type Bias: Tensor<Scalar = F>;

    fn forward<const D: usize, const E: usize>(
        &self,
        arrays: (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
        a: &mut [[impl Saved<F, T>; U]; N],
        c: &mut [[[F; E]; U]; N],
    );

    fn backward<const D: usize, const E: usize>(
        &self,
        arrays: (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
        saved: (&[[impl Saved<F, T>; U]; N], &[[[F; E]; U]; N]),
        dq: impl Gradient<[[[F; D]; U]; N]>,
        dk: impl Gradient<[[[F; D]; T]; N]>,
        dv: impl Gradient<[[[F; E]; T]; N]>,
        dbias: impl Gradient<Self::Bias>,
    );

    fn cross<const H: usize>(
        &self,
        arrays: (&[[[F; H]; U]; N], &[[[F; H]; T]; N]),
        a: &mut [[impl Saved<F, T>; U]; N],
        c: &mut [[[F; H]; U]; N],
    );

    fn cross_backward<const H: usize>(
        &self,
        arrays: (&[[[F; H]; U]; N], &[[[F; H]; T]; N]),
        saved: (&[[impl Saved<F, T>; U]; N], &[[[F; H]; U]; N]),
        dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
        dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
        dbias: impl Gradient<Self::Bias>,
    );
}

/// The functions with one query, of one batch row.
pub trait Single<F: Number, const T: usize> {
    fn scores<const D: usize>(&self, h: &[F; D], hs: &[[F; D]; T], s: &mut [[F; T]; 1]);
    fn softmax(&self, x: &mut [[F; T]; 1]);
    fn weighted_sum<const E: usize>(&self, a: &[[F; T]; 1], v: &[[F; E]; T], c: &mut [[F; E]; 1]);

    fn weighted_sum_backward<const E: usize>(
        &self,
        a: &[[F; T]; 1],
        v: &[[F; E]; T],
        dc: &[F; E],
        da: &mut [[F; T]; 1],
        dv: &mut [[[F; E]; T]; 1],
    );
    fn softmax_backward(&self, a: &[[F; T]; 1], d: &mut [[F; T]; 1]);
    fn scores_backward<const D: usize>(
        &self,
        h: &[F; D],
        hs: &[[F; D]; T],
        ds: &[[F; T]; 1],
        dh: &mut [[F; D]; 1],
        dhs: &mut [[[F; D]; T]; 1],
    );

    fn attention<const H: usize>(
        &self,
        h: &[F; H],
        hs: &[[F; H]; T],
        a: &mut [[F; T]; 1],
        c: &mut [[F; H]; 1],
    );
    fn attention_backward<const H: usize>(
        &self,
        arrays: (&[F; H], &[[F; H]; T]),
        saved: (&[[F; T]; 1], &[F; H]),
        dh: &mut [[F; H]; 1],
        dhs: &mut [[[F; H]; T]; 1],
    );
}

/// Both traits for one kind of `Attend`; `$bias` names the gradient of a bias.
macro_rules! implement {
    ($attend:ty, [$($parameter:ident)?], $bias_type:ty, [$($bias:ident)?]) => {
        impl<F, R, $($parameter,)? const N: usize, const U: usize, const T: usize> Layer<F, N, U, T>
            for $attend
        where
            F: Number,
            R: Rule<F, N, U, T>,
            $($parameter: PerKey<F, N, U, T> + Tensor<Scalar = F>,)?
        {
            type Bias = $bias_type;

            fn forward<const D: usize, const E: usize>(
                &self,
                (q, k, v): (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
                a: &mut [[impl Saved<F, T>; U]; N],
                c: &mut [[[F; E]; U]; N],
            ) {
                self.dot_product_attention(q, k, v, a, c);
            }

            fn backward<const D: usize, const E: usize>(
                &self,
                (q, k, v): (&[[[F; D]; U]; N], &[[[F; D]; T]; N], &[[[F; E]; T]; N]),
                (a, dc): (&[[impl Saved<F, T>; U]; N], &[[[F; E]; U]; N]),
                dq: impl Gradient<[[[F; D]; U]; N]>,
                dk: impl Gradient<[[[F; D]; T]; N]>,
                dv: impl Gradient<[[[F; E]; T]; N]>,
                _dbias: impl Gradient<Self::Bias>,
            ) {
                self.dot_product_attention_backward(q, k, v, a, dc, dq, dk, dv);
                $(
                    let $bias = _dbias;
                    self.bias_gradient(q, k, v, a, dc, $bias);
                )?
            }

            fn cross<const H: usize>(
                &self,
                (dec, enc): (&[[[F; H]; U]; N], &[[[F; H]; T]; N]),
                a: &mut [[impl Saved<F, T>; U]; N],
                c: &mut [[[F; H]; U]; N],
            ) {
                self.cross_attention(dec, enc, a, c);
            }

            fn cross_backward<const H: usize>(
                &self,
                (dec, enc): (&[[[F; H]; U]; N], &[[[F; H]; T]; N]),
                (a, dc): (&[[impl Saved<F, T>; U]; N], &[[[F; H]; U]; N]),
                dhs_dec: impl Gradient<[[[F; H]; U]; N]>,
                dhs_enc: impl Gradient<[[[F; H]; T]; N]>,
                _dbias: impl Gradient<Self::Bias>,
            ) {
                self.cross_attention_backward(dec, enc, a, dc, dhs_dec, dhs_enc);
                $(
                    let $bias = _dbias;
                    self.bias_gradient(dec, enc, enc, a, dc, $bias);
                )?
            }
        }

        impl<F, R, $($parameter,)? const T: usize> Single<F, T> for $attend
        where
            F: Number,
            R: Rule<F, 1, 1, T>,
            $($parameter: PerKey<F, 1, 1, T>,)?
        {
            fn scores<const D: usize>(&self, h: &[F; D], hs: &[[F; D]; T], s: &mut [[F; T]; 1]) {
                self.dot_scores(&[*h], &[*hs], s);
            }

            fn softmax(&self, x: &mut [[F; T]; 1]) {
                Attend::softmax(self, x);
            }

            fn weighted_sum<const E: usize>(
                &self,
                a: &[[F; T]; 1],
                v: &[[F; E]; T],
                c: &mut [[F; E]; 1],
            ) {
                Attend::weighted_sum(self, a, &[*v], c);
            }

            fn weighted_sum_backward<const E: usize>(
                &self,
                a: &[[F; T]; 1],
                v: &[[F; E]; T],
                dc: &[F; E],
                da: &mut [[F; T]; 1],
                dv: &mut [[[F; E]; T]; 1],
            ) {
                Attend::weighted_sum_backward(self, a, &[*v], &[*dc], da, dv);
            }

            fn softmax_backward(&self, a: &[[F; T]; 1], d: &mut [[F; T]; 1]) {
                Attend::softmax_backward(self, a, d);
            }

            fn scores_backward<const D: usize>(
                &self,
                h: &[F; D],
                hs: &[[F; D]; T],
                ds: &[[F; T]; 1],
                dh: &mut [[F; D]; 1],
                dhs: &mut [[[F; D]; T]; 1],
            ) {
                $(let $bias = microattention::Skip;)?
                self.dot_scores_backward(&[*h], &[*hs], ds, dh, dhs $(, $bias)?);
            }

            fn attention<const H: usize>(
                &self,
                h: &[F; H],
                hs: &[[F; H]; T],
                a: &mut [[F; T]; 1],
                c: &mut [[F; H]; 1],
            ) {
                Attend::attention(self, &[*h], &[*hs], a, c);
            }

            fn attention_backward<const H: usize>(
                &self,
                (h, hs): (&[F; H], &[[F; H]; T]),
                (a, dc): (&[[F; T]; 1], &[F; H]),
                dh: &mut [[F; H]; 1],
                dhs: &mut [[[F; H]; T]; 1],
            ) {
                self.attention_backward(&[*h], &[*hs], a, &[*dc], dh, dhs);
            }
        }
    };
}

implement! { Attend<R>, [], [[F; T]; N], [] }
implement! { Attend<R, Bias<'_, A>>, [A], A, [dbias] }

/// A choice of options.
pub trait Form {
    /// Where in the gradient of the bias that of a query is, if there is a bias: its row.
    fn bias_row(queries: usize, n: usize, u: usize) -> Option<usize>;

    fn options<F: Number, const N: usize, const U: usize, const T: usize>(
        source: &mut Source,
    ) -> Options<F, N, U, T>;

    fn layer<F: Number, const N: usize, const U: usize, const T: usize>(
        o: &Options<F, N, U, T>,
    ) -> impl Layer<F, N, U, T>;

    fn single<F: Number, const T: usize>(o: &Options<F, 1, 1, T>) -> impl Single<F, T>;
}

macro_rules! form {
    ($(#[$doc:meta])* $name:ident, [$($option:ident)*], $row:expr, $o:ident => $attend:expr) => {
        $(#[$doc])*
        pub struct $name;

        impl Form for $name {
            fn bias_row(queries: usize, n: usize, u: usize) -> Option<usize> {
                let row: fn(usize, usize, usize) -> Option<usize> = $row;
                row(queries, n, u)
            }

            #[allow(unused_mut, unused_variables, reason = "there may be no option")]
            fn options<F: Number, const N: usize, const U: usize, const T: usize>(
                source: &mut Source,
            ) -> Options<F, N, U, T> {
                let mut options = Options::none();
                $(options.$option(source);)*
                options
            }

            #[allow(unused_variables, reason = "there may be no option")]
            fn layer<F: Number, const N: usize, const U: usize, const T: usize>(
                $o: &Options<F, N, U, T>,
            ) -> impl Layer<F, N, U, T> {
                $attend
            }

            #[allow(unused_variables, reason = "there may be no option")]
            fn single<F: Number, const T: usize>($o: &Options<F, 1, 1, T>) -> impl Single<F, T> {
                $attend
            }
        }
    };
}

form! { Plain, [], |_, _, _| None, o => Attend::new() }

form! {
    /// All options that leave a range of keys.
    Ranges, [scale lengths causal causal_rows window_at], |_, _, _| None,
    o => Attend::new()
        .scale(o.scale)
        .lengths(&o.lengths)
        .causal(o.causal)
        .causal_rows(&o.causal_rows)
        .window_at(o.window.0, o.window.1, o.window.2)
}

form! {
    SharedMask, [causal shared_mask lengths], |_, _, _| None,
    o => Attend::new().causal(o.causal).mask(&o.shared_mask).lengths(&o.lengths)
}

form! {
    QueryMask, [mask window scale], |_, _, _| None,
    // As `window` where the first query is at the first key.
    o => Attend::new().mask(&o.mask).window_at(o.window.0, o.window.1, o.window.2).scale(o.scale)
}

form! {
    SharedBias, [scale shared_bias lengths causal], |_, n, _| Some(n),
    o => Attend::new().bias(&o.shared_bias).scale(o.scale).lengths(&o.lengths).causal(o.causal)
}

form! {
    QueryBias, [bias shared_mask causal_rows window_at scale], |queries, n, u| Some(n * queries + u),
    o => Attend::new()
        .mask(&o.shared_mask)
        .causal_rows(&o.causal_rows)
        .window_at(o.window.0, o.window.1, o.window.2)
        .bias(&o.bias)
        .scale(o.scale)
}

/// Scaled by the width of queries and keys, in the window that starts at the first key.
pub struct Width<const D: usize>;

impl<const D: usize> Form for Width<D> {
    fn bias_row(_: usize, _: usize, _: usize) -> Option<usize> {
        None
    }

    fn options<F: Number, const N: usize, const U: usize, const T: usize>(
        source: &mut Source,
    ) -> Options<F, N, U, T> {
        let mut options = Options::none();
        options.width = Some(D);
        options.window(source);
        options
    }

    fn layer<F: Number, const N: usize, const U: usize, const T: usize>(
        o: &Options<F, N, U, T>,
    ) -> impl Layer<F, N, U, T> {
        Attend::new()
            .scale_by_width::<D>()
            .window(o.window.1, o.window.2)
    }

    fn single<F: Number, const T: usize>(o: &Options<F, 1, 1, T>) -> impl Single<F, T> {
        Attend::new()
            .scale_by_width::<D>()
            .window_at(o.window.0, o.window.1, o.window.2)
    }
}
