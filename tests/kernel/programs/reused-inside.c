/**
 * Begins a PID namespace and says the number of its first process. Told the path of the kernel's list, that makes a child, and when
 * it is over another one of its numbers, which looks into the list until it is not in it any more, and until it is in it again, and
 * makes ten calls then. Prints the number of that one.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "listed.h"
/** Number that /proc has, which is of the first namespace. */
static int outer(void) {
  char text[32] = "";
  if (readlink("/proc/self", text, sizeof text - 1) < 0) _exit(1);
  return atoi(text);
}
static int inside(void) {
  printf("%d\n", outer());
  fflush(stdout);
  if (!fgets(list, sizeof list, stdin)) return 1;
  list[strcspn(list, "\n")] = 0;
  for (int attempt = 0; attempt < 50; attempt++) {
    int told[2], numbers[2];
    if (pipe(told) != 0) return 1;
    numbers[0] = fork();
    if (numbers[0] == 0) {
      int own = outer();
      if (write(told[1], &own, sizeof own) != sizeof own) _exit(1);
      _exit(0);
    }
    waitpid(numbers[0], 0, 0);
    if (read(told[0], &numbers[1], sizeof numbers[1]) != sizeof numbers[1]) return 1;
    struct clone_args asked = { .exit_signal = 17, .set_tid = (uint64_t)(uintptr_t)numbers, .set_tid_size = 2 };
    long second = syscall(SYS_clone3, &asked, sizeof asked);
    if (second == 0) {
      for (int n = 0; n < 100 && listed(numbers[1]); n++) usleep(5000);
      if (listed(numbers[1])) _exit(1);
      for (int n = 0; n < 6000 && !listed(numbers[1]); n++) usleep(5000);
      for (int n = 0; n < 10; n++) getppid();
      _exit(0);
    }
    // Somebody else has a number already.
    if (second < 0) continue;
    int status;
    waitpid(second, &status, 0);
    if (status != 0) continue;
    printf("%d\n", numbers[1]);
    fflush(stdout);
    return 0;
  }
  return 1;
}
int main(void) {
  if (unshare(CLONE_NEWPID) != 0) return 1;
  pid_t first = fork();
  if (first == 0) _exit(inside());
  int status;
  waitpid(first, &status, 0);
  return WEXITSTATUS(status);
}
