/**
 * Calls umask by its first name on the first processor (1), executes the program that is named on the last one, calls it there and,
 * back on the first, as that (2), and once it is nicer and has slept (3).
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
static void move(const char *to) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(atoi(to), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(1);
}
static void call(int mask, int times) {
  for (int n = 0; n < times; n++) umask(mask);
}
int main(int count, char **words) {
  if (count == 4) {
    move(words[2]);
    call(1, 50);
    move(words[3]);
    execl(words[1], words[1], words[2], (char *)0);
    return 1;
  }
  call(2, 30);
  move(words[1]);
  call(2, 70);
  setpriority(PRIO_PROCESS, 0, 15);
  usleep(2000);
  call(3, 10);
  return 0;
}
