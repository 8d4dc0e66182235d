/*
 * emit COUNT BATCHES: prints the median ns of processor time per event of each tracepoint's hot loop, as one JSON object.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "emit-tp.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_BATCHES 64

/* Processor time: on a busy machine the clock on the wall also counts what others do meanwhile. */
static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

#define MEASURE(name, count, statement) do { \
        double batch_ns[MAX_BATCHES]; \
        for (int i = 0; i < 200000; i++) { statement; } \
        for (int batch = 0; batch < batches; batch++) { \
            double began = now_ns(); \
            for (int i = 0; i < (count); i++) { statement; } \
            batch_ns[batch] = (now_ns() - began) / (count); \
        } \
        qsort(batch_ns, batches, sizeof(double), ascending); \
        printf("%s\"%s\": %.3f", separator, name, batch_ns[batches / 2]); \
        separator = ", "; \
    } while (0)

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000000;
    int batches = argc > 2 ? atoi(argv[2]) : 7;
    const char *separator = "";

    if (batches < 1 || batches > MAX_BATCHES)
        return 2;
    printf("{");
    MEASURE("emptyNs", count, lttng_ust_tracepoint(emit, empty));
    MEASURE("oneNs", count, lttng_ust_tracepoint(emit, one, i));
    MEASURE("fourNs", count, lttng_ust_tracepoint(emit, four, i, i + 1, i + 2, i + 3, "sixteen chars ab"));
    /* The compiler must not drop the loop of a tracepoint that does nothing. */
    MEASURE("disabledNs", count * 10,
        lttng_ust_tracepoint(emit, idle, i); __asm__ volatile("" ::: "memory"));
    printf("}\n");
    return 0;
}
