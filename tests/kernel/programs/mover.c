/** Prints its number, and those of the tasks: half of them went from the first processor to the last, half the other way. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static int usable[CPU_SETSIZE], count;
static void move(int to) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(usable[to ? count - 1 : 0], &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(1);
}
int main(void) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return 1;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) if (CPU_ISSET(cpu, &all)) usable[count++] = cpu;
  printf("%d\n", getpid());
  for (int n = 0; n < 40; n++) {
    move(n % 2);
    pid_t child = fork();
    if (child == 0) {
      move(1 - n % 2);
      umask(022);
      _exit(0);
    }
    waitpid(child, 0, 0);
    printf("%d\n", child);
  }
  return 0;
}
