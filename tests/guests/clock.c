/* clock.c: the clocks run, never back, and agree with each other about how long a wait was. */
#include <solo5.h>
#include <stdio.h>

#define MS UINT64_C(1000000)

int main(void)
{
    solo5_time_t last = solo5_clock_monotonic(), start = last, wall = solo5_clock_wall();
    int back = 0;
    for (int i = 0; i < 1000; i++) {
        solo5_time_t now = solo5_clock_monotonic();
        back += now < last;
        last = now;
    }
    solo5_handle_set_t ready = 5;
    solo5_yield(start + 50 * MS, &ready);
    solo5_time_t slept = solo5_clock_monotonic() - start, wall_slept = solo5_clock_wall() - wall;
    solo5_time_t apart = slept > wall_slept ? slept - wall_slept : wall_slept - slept;
    printf("back %d ready %d slept %d apart %d\n", back, (int)ready, slept >= 50 * MS, apart > 20 * MS);
    printf("since 2024 %d\n", wall > UINT64_C(1704067200) * 1000 * MS);
    solo5_yield(0, NULL);
    solo5_yield(solo5_clock_monotonic() - 1, NULL);
    return 0;
}
