// Pairs of processes that play ping-pong over pipes: each turn is two switches and four system calls. With a pace, in turns
// a second of each pair, they wait every 256 turns until it is time to go on, and pairs take processors in turn: a pair that
// the kernel puts on two of them makes a third of the turns, for each one wakes a processor. kernel-load PAIRS TURNS [PACE]
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void wait_until(double moment) {
  double left = moment - now();
  if (left <= 0) return;
  struct timespec rest = { (time_t)left, (long)((left - (time_t)left) * 1e9) };
  nanosleep(&rest, NULL);
}

/* Stays on one of the processors that there are; without leave for that it goes on as it is. */
static void stay(int number) {
  cpu_set_t all, one;
  if (sched_getaffinity(0, sizeof all, &all) < 0 || CPU_COUNT(&all) == 0) return;
  int left = number % CPU_COUNT(&all), cpu = 0;
  while (!CPU_ISSET(cpu, &all) || left-- > 0) cpu++;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
}

static void play(int in, int out, long turns, double pace) {
  char ball = 0;
  double begin = now();
  for (long turn = 0; turn < turns; turn++) {
    if (pace > 0 && turn % 256 == 0) wait_until(begin + turn / pace);
    if (write(out, &ball, 1) != 1 || read(in, &ball, 1) != 1) exit(1);
  }
  exit(0);
}

int main(int count, char **arguments) {
  if (count != 3 && count != 4) return 2;
  double pace = count == 4 ? atof(arguments[3]) : 0;
  for (int pair = atoi(arguments[1]); pair > 0; pair--) {
    int there[2], back[2];
    if (pipe(there) < 0 || pipe(back) < 0) return 1;
    int is_second = 0, is_player = fork() == 0 || (is_second = fork() == 0);
    if (is_player && pace > 0) stay(pair);
    if (is_player && !is_second) play(back[0], there[1], atol(arguments[2]), pace);
    if (is_player) play(there[0], back[1], atol(arguments[2]), 0);
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
  }
  while (wait(NULL) > 0) {}
  return 0;
}
