/*
 * sustain SECONDS RATE: emits emit:four for so long, RATE events a second in portions of a millisecond, or as fast as it
 * can for a RATE of 0; prints how many, and how long it took, as one JSON object.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "emit-tp.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1, rate = argc > 2 ? atof(argv[2]) : 0;
    const struct timespec pause = { .tv_nsec = 1000000 };
    double began = now_s(), passed = 0;
    long long count = 0;

    while (passed < seconds) {
        long long due = rate > 0 ? (long long) (passed * rate) : count + 1024;

        for (; count < due; count++) {
            int i = (int) count;

            lttng_ust_tracepoint(emit, four, i, i + 1, i + 2, i + 3, "sixteen chars ab");
        }
        if (rate > 0)
            nanosleep(&pause, NULL);
        passed = now_s() - began;
    }
    printf("{\"events\":%lld,\"seconds\":%f}\n", count, passed);
    return 0;
}
