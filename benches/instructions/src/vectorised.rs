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

/// One sum in the order of its elements, which no compiler may vectorise: `guard` must notice it.
#[unsafe(no_mangle)]
extern "C" fn hot_nothing_64(x: &Row<64>, y: &Row<64>) -> f32 {
    x[0].iter().zip(&y[0]).map(|(x, y)| x * y).sum()
}
