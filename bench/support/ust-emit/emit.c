/*
 * emit COUNT BATCHES [full]: prints the median ns of processor time per event of each tracepoint's hot loop, as one JSON
 * object. With `full`, that of events which find the ring full, since the consumer daemon is stopped meanwhile.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "emit-tp.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_BATCHES 64
#define MAX_ROUNDS (9 * MAX_BATCHES)

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

/* What `statement` after `plain` costs more than `plain` alone: median of short batches of both in turn. */
#define MEASURE_ADDED(name, count, rounds, plain, statement) do { \
        double added_ns[MAX_ROUNDS]; \
        for (int round = -1; round < (rounds); round++) { \
            double began = now_ns(), between; \
            for (int i = 0; i < (count); i++) { plain; } \
            between = now_ns(); \
            for (int i = 0; i < (count); i++) { plain; statement; } \
            if (round >= 0) \
                added_ns[round] = (now_ns() - between - (between - began)) / (count); \
        } \
        qsort(added_ns, (rounds), sizeof(double), ascending); \
        printf("%s\"%s\": %.3f", separator, name, added_ns[(rounds) / 2]); \
        separator = ", "; \
    } while (0)

/* About a microsecond of a program's own work, which wants the caches for itself. */
static int work(int i)
{
    char text[128];
    int a, b;

    snprintf(text, sizeof(text), "{\"id\":%d,\"next\":%d,\"name\":\"%s\"}", i, i + 1, "an order of a customer");
    if (sscanf(text, "{\"id\":%d,\"next\":%d", &a, &b) != 2)
        abort();
    snprintf(text, sizeof(text), "{\"id\":%d,\"next\":%d,\"name\":\"%s\"}", b, a, "an order of a customer");
    return text[6];
}

#define ONE_OF(n) case n: lttng_ust_tracepoint(emit, many##n, i, i + 1); break;
#define FOUR_OF(a, b, c, d) ONE_OF(a) ONE_OF(b) ONE_OF(c) ONE_OF(d)

static void emit_many(int i)
{
    switch (i & 63) {
    FOUR_OF(0, 1, 2, 3)
    FOUR_OF(4, 5, 6, 7)
    FOUR_OF(8, 9, 10, 11)
    FOUR_OF(12, 13, 14, 15)
    FOUR_OF(16, 17, 18, 19)
    FOUR_OF(20, 21, 22, 23)
    FOUR_OF(24, 25, 26, 27)
    FOUR_OF(28, 29, 30, 31)
    FOUR_OF(32, 33, 34, 35)
    FOUR_OF(36, 37, 38, 39)
    FOUR_OF(40, 41, 42, 43)
    FOUR_OF(44, 45, 46, 47)
    FOUR_OF(48, 49, 50, 51)
    FOUR_OF(52, 53, 54, 55)
    FOUR_OF(56, 57, 58, 59)
    FOUR_OF(60, 61, 62, 63)
    }
}

/* Sends a signal to all consumer daemons of this process namespace, where there are only those of the benchmark. */
static int signal_consumers(int signal_number)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    while (proc && (entry = readdir(proc))) {
        char path[300], name[32] = "";
        FILE *comm;

        snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
        comm = fopen(path, "r");
        if (!comm)
            continue;
        if (fgets(name, sizeof(name), comm) && !strncmp(name, "lttng-consumerd", 15))
            count += kill(atoi(entry->d_name), signal_number) == 0;
        fclose(comm);
    }
    if (proc)
        closedir(proc);
    return count;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000000;
    int batches = argc > 2 ? atoi(argv[2]) : 7;
    const char *separator = "";
    volatile int sink = 0;

    if (batches < 1 || batches > MAX_BATCHES)
        return 2;
    if (argc > 3 && !strcmp(argv[3], "full")) {
        if (signal_consumers(SIGSTOP) == 0)
            return 3;
        printf("{");
        MEASURE("droppedNs", count, lttng_ust_tracepoint(emit, four, i, i + 1, i + 2, i + 3, "sixteen chars ab"));
        printf("}\n");
        signal_consumers(SIGCONT);
        return 0;
    }
    printf("{");
    MEASURE("emptyNs", count, lttng_ust_tracepoint(emit, empty));
    MEASURE("oneNs", count, lttng_ust_tracepoint(emit, one, i));
    MEASURE("fourNs", count, lttng_ust_tracepoint(emit, four, i, i + 1, i + 2, i + 3, "sixteen chars ab"));
    /* The compiler must not drop the loop of a tracepoint that does nothing. */
    MEASURE("disabledNs", count * 10,
        lttng_ust_tracepoint(emit, idle, i); __asm__ volatile("" ::: "memory"));
    MEASURE("manyNs", count, emit_many(i));
    MEASURE_ADDED("inWorkNs", count / 50, batches * 9, sink += work(i),
        lttng_ust_tracepoint(emit, four, i, i + 1, i + 2, i + 3, "sixteen chars ab"));
    printf("}\n");
    return 0;
}
