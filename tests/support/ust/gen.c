/*
 * gen EVENTS THREADS PAUSE_US SEED: emits exactly EVENTS events of seven kinds from THREADS threads, each
 * thread sleeping PAUSE_US microseconds after every 1024 of its events (0: never), and prints the number.
 * What is emitted depends on EVENTS, THREADS and SEED alone.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "gen-tp.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long pause_us;

struct job {
    pthread_t thread;
    uint64_t events;
    uint64_t seed;
};

static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x;
}

/* No name is empty: babeltrace2 2.0.4 prints an older string in place of an empty one. */
static const char *const names[] = {
    "swapper/0", "kworker/0:1H", "node", "bash", "a", "systemd-journal", "nginx: worker process",
    "caf\xc3\xa9", "quo\"te", "back\\slash", "tab\there", "line\nfeed",
};
#define NAME(r) names[(r) % (sizeof(names) / sizeof(*names))]

static void *work(void *argument)
{
    struct job *job = argument;
    uint64_t state = job->seed * 0x9e3779b97f4a7c15ull | 1;
    uint32_t values[16];
    uint8_t mac[6];
    char text[8];

    for (uint64_t i = 0; i < job->events; i++) {
        uint64_t r = next_random(&state);
        uint64_t q = r >> 8;

        switch (r % 7) {
        case 0:
            lttng_ust_tracepoint(gen, tick, (i & 63) ? i : UINT64_MAX - i);
            break;
        case 1:
            lttng_ust_tracepoint(gen, ints, (int32_t) q, (uint8_t) (q >> 3), (int16_t) (q >> 5),
                (uint32_t) (q >> 7), (int64_t) ((i & 1) ? r : q & 0xffff));
            break;
        case 2:
            lttng_ust_tracepoint(gen, sched, NAME(q), NAME(q >> 16), (int32_t) (q % 140) - 20,
                (int32_t) (q >> 20 & 0x3fffff), (int) (q >> 9 & 0xffff) % 12);
            break;
        case 3: {
            uint32_t count = q % 17;
            for (uint32_t k = 0; k < count; k++)
                values[k] = (uint32_t) (r >> k);
            lttng_ust_tracepoint(gen, seq, values, count);
            break;
        }
        case 4:
            memcpy(mac, &r, sizeof(mac));
            for (int k = 0; k < 8; k++)
                text[k] = (char) ('a' + (r >> (5 * k)) % 26);
            if (r & 0x10000)
                text[3 + (q & 3)] = 0;
            lttng_ust_tracepoint(gen, arr, mac, text);
            break;
        case 5: {
            double d = (double) (int64_t) r / (double) (1ull << (q % 60));
            lttng_ust_tracepoint(gen, flt, (float) (q % 1000) / 8.0f, (q & 7) ? d : (double) (q % 10));
            break;
        }
        default:
            lttng_ust_tracepoint(gen, net, htons((uint16_t) q), htonl((uint32_t) (q >> 4)), NAME(q >> 3),
                (int64_t) (q % 65536) - 32768);
            break;
        }
        if (pause_us && (i & 1023) == 1023) {
            struct timespec nap = { .tv_sec = 0, .tv_nsec = pause_us * 1000 };
            nanosleep(&nap, NULL);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: gen EVENTS THREADS PAUSE_US SEED\n");
        return 2;
    }
    uint64_t events = strtoull(argv[1], NULL, 10);
    unsigned threads = (unsigned) strtoul(argv[2], NULL, 10);
    pause_us = strtol(argv[3], NULL, 10);
    uint64_t seed = strtoull(argv[4], NULL, 10);
    struct job *jobs = calloc(threads, sizeof(*jobs));

    for (unsigned t = 0; t < threads; t++) {
        jobs[t].events = events / threads + (t < events % threads);
        jobs[t].seed = seed * threads + t + 1;
        if (pthread_create(&jobs[t].thread, NULL, work, &jobs[t]) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    for (unsigned t = 0; t < threads; t++)
        pthread_join(jobs[t].thread, NULL);
    printf("%llu\n", (unsigned long long) events);
    return 0;
}
