/* vector.c: floating point, SSE and, where the processor has it, AVX; the state survives calls of the tender.
 */
#include <immintrin.h>
#include <solo5.h>
#include <stdio.h>

__attribute__((target("avx"), noinline)) static float sum_avx(const float *numbers)
{
    __m256 all = _mm256_loadu_ps(numbers);
    float out[8], sum = 0;
    solo5_console_write("avx\n", 0); /* a call of the tender between load and store */
    _mm256_storeu_ps(out, _mm256_add_ps(all, all));
    for (int i = 0; i < 8; i++)
        sum += out[i];
    return sum;
}

__attribute__((noinline)) static float sum_sse(const float *numbers)
{
    __m128 all = _mm_add_ps(_mm_loadu_ps(numbers), _mm_loadu_ps(numbers + 4));
    float out[4];
    solo5_console_write("sse\n", 0);
    _mm_storeu_ps(out, _mm_add_ps(all, all));
    return out[0] + out[1] + out[2] + out[3];
}

int main(void)
{
    const float numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8.5f};
    volatile double third = 1.0 / 3.0;
    printf("%.1f %.17g\n", (double)sum_sse(numbers), third * 2);
    printf("%.1f\n", (double)(__builtin_cpu_supports("avx") ? sum_avx(numbers) : sum_sse(numbers)));
    return 0;
}
