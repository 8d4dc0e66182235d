/**
 * Makes a child, and when that is over another one of its number. Given `wait` this one looks into the kernel's list until it is
 * not in it any more, and until it is in it again; without, it ends once it is not. Prints the number of the first one that was
 * dropped.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "listed.h"
int main(int count, char **words) {
  strcpy(list, getenv("SPOOR_TRACE_MARKER"));
  strcpy(strrchr(list, '/'), "/set_event_pid");
  for (int attempt = 0; attempt < 50; attempt++) {
    pid_t first = fork();
    if (first == 0) _exit(0);
    waitpid(first, 0, 0);
    struct clone_args asked = { .exit_signal = 17, .set_tid = (uint64_t)(uintptr_t)&first, .set_tid_size = 1 };
    long second = syscall(SYS_clone3, &asked, sizeof asked);
    if (second == 0) {
      for (int n = 0; n < 100 && listed(first); n++) usleep(5000);
      if (listed(first)) _exit(1);
      if (count > 1) {
        for (int n = 0; n < 6000 && !listed(first); n++) usleep(5000);
        for (int n = 0; n < 10; n++) getppid();
      }
      _exit(0);
    }
    // Somebody else has the number already.
    if (second < 0) continue;
    int status;
    waitpid(second, &status, 0);
    if (status != 0) continue;
    printf("%d\n", first);
    return 0;
  }
  return 1;
}
