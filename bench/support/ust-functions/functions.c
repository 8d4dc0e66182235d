/*
 * functions COUNT BATCHES: prints the median ns of processor time per call of a function that does next to nothing, as one
 * JSON object. Compiled with -finstrument-functions, and run with liblttng-ust-cyg-profile-fast.so preloaded, a call is a
 * pair of events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_BATCHES 64
#define SILENT __attribute__((no_instrument_function))

/* Processor time: on a busy machine the clock on the wall also counts what others do meanwhile. */
SILENT static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

SILENT static int ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

__attribute__((noinline)) static int add(int a, int b)
{
    return a + b;
}

SILENT int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000000;
    int batches = argc > 2 ? atoi(argv[2]) : 7;
    double batch_ns[MAX_BATCHES];
    volatile int sum = 0;

    for (int i = 0; i < 200000; i++)
        sum = add(sum, i);
    for (int batch = 0; batch < batches; batch++) {
        double began = now_ns();
        for (int i = 0; i < count; i++)
            sum = add(sum, i);
        batch_ns[batch] = (now_ns() - began) / count;
    }
    qsort(batch_ns, batches, sizeof(double), ascending);
    printf("{\"pairNs\": %.3f}\n", batch_ns[batches / 2]);
    return 0;
}
