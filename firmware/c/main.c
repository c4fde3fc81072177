/* Calls attention from C and compares with known numbers: the exit code is the number of values that
 * are wrong. */
#include "attention.h"

#include <math.h>
#include <stdio.h>

#include "expected.h"

static int wrong;

static void check(const char *name, const float *found, const double *expected, size_t count)
{
    printf("%-3s", name);
    for (size_t i = 0; i < count; i++) {
        /* Not "greater than", so that NaN is wrong. */
        int close = fabs(found[i] - expected[i]) <= 1e-6;
        wrong += !close;
        printf(" %9.6f%s", (double)found[i], close ? "" : "!");
    }
    printf("\n");
}

int main(void)
{
    float a[2][4], c[2][3], dh[2][3], dhs[2][4][3];

    attention_2x4x3(lengths, h, hs, a, c);
    attention_backward_2x4x3(lengths, h, hs, a, dc, dh, dhs);

    check("a", &a[0][0], expected_a, 8);
    check("c", &c[0][0], expected_c, 6);
    check("dh", &dh[0][0], expected_dh, 6);
    check("dhs", &dhs[0][0][0], expected_dhs, 24);
    printf("%d wrong\n", wrong);
    return wrong;
}
