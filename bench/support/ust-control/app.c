/*
 * app THREADS FILL: a program that waits, with so many threads, on one processor after the other. SIGUSR1: each thread
 * emits FILL events of about a kilobyte, then `done` is printed. SIGUSR2: app:alarm, after the nanoseconds of the
 * monotonic clock are printed. Each answer is one line. Ends by SIGTERM.
 */
#define _GNU_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "app-tp.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t begun, done;
static long fill_count;
static char text[1001];

static void fill(void)
{
    for (long n = 0; n < fill_count; n++)
        lttng_ust_tracepoint(app, fill, (uint32_t) n, text);
}

static void *run(void *number)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((long) number % sysconf(_SC_NPROCESSORS_ONLN), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    for (;;) {
        pthread_barrier_wait(&begun);
        fill();
        pthread_barrier_wait(&done);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long threads = argc > 1 ? atol(argv[1]) : 4;
    fill_count = argc > 2 ? atol(argv[2]) : 0;
    memset(text, 'x', sizeof text - 1);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    pthread_barrier_init(&begun, NULL, (unsigned) threads);
    pthread_barrier_init(&done, NULL, (unsigned) threads);
    for (long number = 1; number < threads; number++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run, (void *) number) != 0)
            return 1;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int which;
        sigwait(&signals, &which);
        if (which == SIGUSR1) {
            pthread_barrier_wait(&begun);
            fill();
            pthread_barrier_wait(&done);
            puts("done");
        } else {
            struct timespec now;
            clock_gettime(CLOCK_MONOTONIC, &now);
            printf("alarm %lld\n", (long long) now.tv_sec * 1000000000LL + now.tv_nsec);
            lttng_ust_tracepoint(app, alarm, 1);
        }
        fflush(stdout);
    }
}
