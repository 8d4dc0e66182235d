// Pairs of processes that play ping-pong over pipes: each turn is two switches and four system calls. kernel-load PAIRS TURNS
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void play(int in, int out, long turns) {
  char ball = 0;
  for (long turn = 0; turn < turns; turn++)
    if (write(out, &ball, 1) != 1 || read(in, &ball, 1) != 1) exit(1);
  exit(0);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  for (int pair = atoi(arguments[1]); pair > 0; pair--) {
    int there[2], back[2];
    if (pipe(there) < 0 || pipe(back) < 0) return 1;
    if (fork() == 0) play(back[0], there[1], atol(arguments[2]));
    if (fork() == 0) play(there[0], back[1], atol(arguments[2]));
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
  }
  while (wait(NULL) > 0) {}
  return 0;
}
