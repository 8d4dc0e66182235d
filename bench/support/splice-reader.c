// A recorder as trace-cmd's: one process a processor, which moves pages from trace_pipe_raw through a pipe into a file by
// splice(2), blocking. Writes its processes into set_event_notrace_pid. Ends when the stop file is there.
// splice-reader INSTANCE DIRECTORY SUBBUFFER_BYTES CPUS READY_FILE STOP_FILE
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t stopping;
static void stop(int signal) { (void)signal; stopping = 1; }

static void fail(const char *what) { perror(what); exit(1); }

static void read_ring(const char *instance, const char *directory, int cpu, long size) {
  char path[4096];
  struct sigaction action = { .sa_handler = stop };
  sigaction(SIGUSR1, &action, NULL);
  snprintf(path, sizeof path, "%s/per_cpu/cpu%d/trace_pipe_raw", instance, cpu);
  int ring = open(path, O_RDONLY);
  if (ring < 0) fail(path);
  snprintf(path, sizeof path, "%s/cpu%d", directory, cpu);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (file < 0) fail(path);
  int ends[2];
  if (pipe(ends) < 0) fail("pipe");
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  while (!stopping) {
    ssize_t got = splice(ring, NULL, ends[1], NULL, size, SPLICE_F_MOVE);
    if (got <= 0) {
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      break;
    }
    while (got > 0) {
      ssize_t put = splice(ends[0], NULL, file, NULL, got, SPLICE_F_MOVE);
      if (put <= 0 && errno != EINTR) fail("splice to the file");
      if (put > 0) got -= put;
    }
  }
  // What is left, partly filled pages included, is read as trace-cmd does.
  fcntl(ring, F_SETFL, O_NONBLOCK);
  char *page = malloc(size);
  for (ssize_t got; (got = read(ring, page, size)) > 0;)
    if (write(file, page, got) != got) fail("write");
  exit(0);
}

int main(int count, char **arguments) {
  if (count != 7) return 2;
  int cpus = atoi(arguments[4]);
  pid_t *readers = calloc(cpus, sizeof *readers);
  char path[4096], text[32];
  snprintf(path, sizeof path, "%s/set_event_notrace_pid", arguments[1]);
  int hidden = open(path, O_WRONLY | O_APPEND);
  if (hidden < 0) fail(path);
  for (int cpu = 0; cpu < cpus; cpu++) {
    readers[cpu] = fork();
    if (readers[cpu] == 0) read_ring(arguments[1], arguments[2], cpu, atol(arguments[3]));
    int length = snprintf(text, sizeof text, "%d ", readers[cpu]);
    if (write(hidden, text, length) != length) fail("set_event_notrace_pid");
  }
  int length = snprintf(text, sizeof text, "%d ", getpid());
  if (write(hidden, text, length) != length) fail("set_event_notrace_pid");
  // To look time and again would be a tenth of its figure.
  int watch = inotify_init();
  if (inotify_add_watch(watch, dirname(strdup(arguments[6])), IN_CREATE) < 0) fail("inotify");
  if (close(open(arguments[5], O_WRONLY | O_CREAT, 0640)) < 0) fail(arguments[5]);
  while (access(arguments[6], F_OK) < 0) {
    if (read(watch, path, sizeof path) < 0 && errno != EINTR) fail("inotify");
  }
  for (int cpu = 0; cpu < cpus; cpu++) {
    // A reader that has not got to its call yet would sleep through one signal.
    while (waitpid(readers[cpu], NULL, WNOHANG) == 0) {
      kill(readers[cpu], SIGUSR1);
      usleep(1000);
    }
  }
  return 0;
}
