/*
 * Emits an event from several functions: directly, through a function that is inlined, in a block and in a loop, so
 * that the addresses of its events come from many kinds of places. An argument names a library to load, which calls
 * back.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "where-tp.h"

#include <dlfcn.h>
#include <stdio.h>

static inline __attribute__((always_inline)) void inlined(int number)
{
	lttng_ust_tracepoint(where, here, number);
}

__attribute__((noinline)) void direct(int number)
{
	lttng_ust_tracepoint(where, here, number);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void through_inlined(int number)
{
	if (number > 1) {
		int doubled = number * 2;
		inlined(doubled);
		__asm__ volatile("" ::: "memory");
	}
	inlined(number + 1);
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static int in_loop(int count)
{
	int sum = 0;
	for (int index = 0; index < count; index++) {
		int square = index * index;
		lttng_ust_tracepoint(where, here, square);
		sum += square;
	}
	return sum;
}

void called_back(int number)
{
	direct(number);
}

int main(int argc, char **argv)
{
	direct(1);
	through_inlined(2);
	int sum = in_loop(3);
	if (argc > 1) {
		void *library = dlopen(argv[1], RTLD_NOW);
		if (!library) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		void (*enter)(void (*)(int)) = (void (*)(void (*)(int)))dlsym(library, "enter");
		enter(called_back);
		dlclose(library);
	}
	return sum < 0;
}
