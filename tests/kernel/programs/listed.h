/** The kernel's list of the tasks that it records. */
#pragma once
#include <stdio.h>
static char list[4096];
static int listed(int pid) {
  FILE *file = fopen(list, "r");
  int one, found = 0;
  while (file && fscanf(file, "%d", &one) == 1) found |= one == pid;
  if (file) fclose(file);
  return found;
}
