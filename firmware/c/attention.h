/* Attention of microattention at one shape: 2 batch rows, 4 keys, vectors of 3.
 *
 *     score[n][t] = h[n] · hs[n][t]        for t < lengths[n]
 *     a[n]        = softmax(score[n])      0 for the other keys, which are not read
 *     c[n]        = Σ_t a[n][t]·hs[n][t]
 *
 * No pointer may be null, and what is written may overlap nothing else. Nothing is allocated and
 * nothing is kept from one call to the next, so the functions may be called from any thread or
 * interrupt. A length above 4 counts as 4. */
#ifndef ATTENTION_H
#define ATTENTION_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the weights a and the contexts c. */
void attention_2x4x3(const size_t lengths[2], const float h[2][3], const float hs[2][4][3],
                     float a[2][4], float c[2][3]);

/* Writes the gradients of the queries h and of the keys hs, from those of the contexts: dc is
 * dLoss/dc, and a is what attention_2x4x3 wrote for the same lengths, h and hs. */
void attention_backward_2x4x3(const size_t lengths[2], const float h[2][3],
                              const float hs[2][4][3], const float a[2][4],
                              const float dc[2][3], float dh[2][3], float dhs[2][4][3]);

#ifdef __cplusplus
}
#endif

#endif
