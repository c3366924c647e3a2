/* The ends of every measurement: what writes into a runner and what reads from it must not be the bottleneck,
 * nor add a time of its own. One program, its first argument says what it is.
 *
 *   drain LINES      reads standard input to its end; prints the monotonic time at which LINES newlines were read
 *   ticker N PAUSE   writes N lines "tick <nanoseconds>", PAUSE microseconds apart, then waits
 *   stopwatch N      reads standard input; prints median and 99th percentile, in microseconds, of how old the
 *                    first N ticks were
 *   flood            writes 100-byte lines for ever, 64 KiB at a time
 *   bare COMMAND     runs COMMAND on a pseudo-terminal and drops what it says; prints bytes and seconds
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int drain(long wanted) {
  long lines = 0;
  int told = 0;
  ssize_t count;
  fcntl(0, F_SETPIPE_SZ, sizeof buffer);
  while ((count = read(0, buffer, sizeof buffer)) > 0) {
    long here = 0;
    for (ssize_t i = 0; i < count; i++) here += buffer[i] == '\n';
    lines += here;
    if (!told && lines >= wanted) {
      printf("%.6f\n", now() / 1e9);
      fflush(stdout);
      told = 1;
    }
  }
  if (!told) printf("only %ld\n", lines);
  return 0;
}

static int ticker(long count, long pause) {
  struct timespec t = {0, pause * 1000};
  char line[64];
  for (long i = 0; i < count; i++) {
    nanosleep(&t, NULL);
    int length = sprintf(line, "tick %lld\n", now());
    if (write(1, line, length) < 0) return 1;
  }
  return pause == 0 ? 0 : (sleep(997), 0);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int stopwatch(long wanted) {
  double *ages = calloc(wanted, sizeof *ages);
  long seen = 0;
  size_t held = 0;
  ssize_t count;
  fcntl(0, F_SETPIPE_SZ, sizeof buffer);
  while (seen < wanted && (count = read(0, buffer + held, sizeof buffer - held)) > 0) {
    long long at = now();
    char *start = buffer, *end = buffer + held + count, *newline;
    while ((newline = memchr(start, '\n', end - start))) {
      char *tick = memmem(start, newline - start, "tick ", 5);
      if (tick && seen < wanted) ages[seen++] = (at - atoll(tick + 5)) / 1e3;
      start = newline + 1;
    }
    held = end - start;
    memmove(buffer, start, held);
  }
  if (seen < wanted) return printf("only %ld\n", seen), 1;
  qsort(ages, seen, sizeof *ages, by_size);
  printf("%.1f %.1f\n", ages[seen / 2], ages[seen * 99 / 100]);
  return 0;
}

static int flood(void) {
  static char block[64000];
  memset(block, 'x', sizeof block);
  for (size_t i = 99; i < sizeof block; i += 100) block[i] = '\n';
  while (write(1, block, sizeof block) > 0) {}
  return 0;
}

static int bare(const char *command) {
  int ours = posix_openpt(O_RDWR | O_NOCTTY);
  if (ours < 0 || grantpt(ours) || unlockpt(ours)) return 1;
  long long start = now(), bytes = 0;
  if (fork() == 0) {
    setsid();
    int theirs = open(ptsname(ours), O_RDWR);
    for (int i = 0; i < 3; i++) dup2(theirs, i);
    close(theirs);
    close(ours);
    execl("/bin/sh", "sh", "-c", command, NULL);
    _exit(127);
  }
  for (;;) {
    ssize_t count = read(ours, buffer, sizeof buffer);
    if (count > 0) bytes += count;
    /* EIO before the child has opened its side, and again after it has gone. */
    else if (bytes > 0 || errno != EIO) break;
  }
  wait(NULL);
  printf("%lld %.6f\n", bytes, (now() - start) / 1e9);
  return 0;
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  long first = count > 2 ? atol(words[2]) : 0;
  if (!strcmp(what, "drain")) return drain(first);
  if (!strcmp(what, "ticker") && count > 3) return ticker(first, atol(words[3]));
  if (!strcmp(what, "stopwatch")) return stopwatch(first);
  if (!strcmp(what, "flood")) return flood();
  if (!strcmp(what, "bare") && count > 2) return bare(words[2]);
  fprintf(stderr, "what? see the top of tool.c\n");
  return 2;
}
