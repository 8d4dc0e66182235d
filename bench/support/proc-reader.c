// Reads what a state dump reads of every thread, and nothing else: stat and status, the links of its namespaces, and of
// each process its descriptors, their fdinfo and its control group. Prints threads and descriptors. proc-reader ROUNDS
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char bytes[65536];
static long threads, descriptors;

static long slurp(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  long size = 0, got;
  while ((got = read(fd, bytes + size, sizeof bytes - 1 - size)) > 0) size += got;
  close(fd);
  bytes[size] = 0;
  return size;
}

static int is_number(const char *name) { return *name >= '0' && *name <= '9'; }

static void read_links(const char *folder) {
  static const char *names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  char path[512], link[128];
  for (int i = 0; i < 8; i++) {
    snprintf(path, sizeof path, "%s/ns/%s", folder, names[i]);
    if (readlink(path, link, sizeof link) < 0) return;
  }
}

static void read_process(const char *pid) {
  char path[512], link[4096];
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *tasks = opendir(path);
  if (tasks == NULL) return;
  int kernel = 0;
  for (struct dirent *one; (one = readdir(tasks)) != NULL;) {
    if (!is_number(one->d_name)) continue;
    char folder[300];
    snprintf(folder, sizeof folder, "/proc/%s/task/%s", pid, one->d_name);
    snprintf(path, sizeof path, "%s/stat", folder);
    if (slurp(path) < 0) continue;
    threads++;
    // Its flags are the seventh word behind the name: PF_KTHREAD.
    char *rest = strrchr(bytes, ')');
    unsigned flags = 0;
    if (rest != NULL) sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %u", &flags);
    if ((kernel = (flags & 0x200000) != 0)) continue;
    snprintf(path, sizeof path, "%s/status", folder);
    slurp(path);
    read_links(folder);
  }
  closedir(tasks);
  if (kernel) return;
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR *fds = opendir(path);
  if (fds != NULL) {
    for (struct dirent *one; (one = readdir(fds)) != NULL;) {
      if (!is_number(one->d_name)) continue;
      snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, one->d_name);
      if (readlink(path, link, sizeof link) < 0) continue;
      snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", pid, one->d_name);
      slurp(path);
      descriptors++;
    }
    closedir(fds);
  }
  snprintf(path, sizeof path, "/proc/%s/cgroup", pid);
  slurp(path);
}

int main(int count, char **arguments) {
  long rounds = count > 1 ? atol(arguments[1]) : 1;
  for (long round = 0; round < rounds; round++) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 1;
    for (struct dirent *one; (one = readdir(processes)) != NULL;)
      if (is_number(one->d_name)) read_process(one->d_name);
    closedir(processes);
  }
  printf("{\"threads\": %ld, \"descriptors\": %ld}\n", threads, descriptors);
}
