//! The functions with hot loops under names of their own, for `guard` to find them in the disassembly:
//! `hot_weighted_sum_64` is `weighted_sum` for one batch row with T and H of 64.

use std::hint::black_box;

type Row<const L: usize> = [[f32; L]; 1];
type Rows<const L: usize> = [[[f32; L]; L]; 1];

/// Keeps the functions in the program.
pub fn keep() {
    macro_rules! named {
        ($($name:ident ($($x:ident: $type:ty),*);)*) => {
            $({
                #[unsafe(export_name = concat!("hot_", stringify!($name), "_", SIZE!()))]
                extern "C" fn named($($x: $type),*) {
                    microattention::$name($($x),*);
                }
                black_box(named as *const ());
            })*
        };
    }
    macro_rules! at {
        ($($size:literal)*) => {
            $({
                type R = Row<$size>;
                type S = Rows<$size>;
                macro_rules! SIZE {
                    () => { $size };
                }
                named! {
                    weighted_sum(a: &R, hs: &S, c: &mut R);
                    weighted_sum_backward(a: &R, hs: &S, dc: &R, da: &mut R, dhs: &mut S);
                    dot_scores(h: &R, hs: &S, s: &mut R);
                    dot_scores_backward(h: &R, hs: &S, ds: &R, dh: &mut R, dhs: &mut S);
                    softmax(x: &mut R);
                    softmax_backward(a: &R, d: &mut R);
                    attention(h: &R, hs: &S, a: &mut R, c: &mut R);
                    attention_backward(h: &R, hs: &S, a: &R, dc: &R, dh: &mut R, dhs: &mut S);
                }
            })*
        };
    }
    at!(8 10 16 64 100);
    black_box(hot_nothing_64 as *const ());
}

/// Scores by sums in eight lanes, without what makes LLVM vectorise them: `guard` must notice it.
#[unsafe(no_mangle)]
extern "C" fn hot_nothing_64(h: &Row<64>, hs: &Rows<64>, s: &mut Row<64>) {
    for (s, x) in s[0].iter_mut().zip(&hs[0]) {
        let (mut l0, mut l1, mut l2, mut l3) = (0.0, 0.0, 0.0, 0.0);
        let (mut l4, mut l5, mut l6, mut l7) = (0.0, 0.0, 0.0, 0.0);
        for (x, h) in x.as_chunks::<8>().0.iter().zip(h[0].as_chunks::<8>().0) {
            l0 += x[0] * h[0];
            l1 += x[1] * h[1];
            l2 += x[2] * h[2];
            l3 += x[3] * h[3];
            l4 += x[4] * h[4];
            l5 += x[5] * h[5];
            l6 += x[6] * h[6];
            l7 += x[7] * h[7];
        }
        *s = ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7));
    }
}
