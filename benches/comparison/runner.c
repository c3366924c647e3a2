/* The barest Procfile runner: no program that starts processes, waits for them and puts a name before their lines can
 * do less. Each type runs in a shell, a session and a pipe of its own; one loop of epoll, read, memchr, memcpy and
 * write. No history, no fairness, no bound, no search for processes that are left, no error message.
 *
 *   runner [--cpu] PROCFILE
 *
 * With --cpu it says on standard error how many milliseconds of processor time it took, children apart.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ = 128 << 10, PIPE = 256 << 10, REST = 64 << 10, LARGE = 4 };

struct child {
  pid_t pid;
  int fd;
  char label[64];
  size_t label_length;
  char *rest;
  size_t rest_length;
};

extern char **environ;
static char in[REST + READ], out[8 * READ];
static volatile sig_atomic_t asked;

static void ask(int signal) { asked = signal; }

static void start(struct child *child, char *command, int is_large) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) exit(1);
  if (is_large) fcntl(ends[0], F_SETPIPE_SZ, READ);
  char *words[] = {"sh", "-c", command, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  if (posix_spawn(&child->pid, "/bin/sh", &actions, &attributes, words, environ)) exit(1);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  child->fd = ends[0];
}

static void put(const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t taken = write(1, bytes, count);
    if (taken < 0) exit(1);
    bytes += taken;
    count -= taken;
  }
}

/* Whole lines go out with the label; says whether the pipe has ended. */
static int pass_on(struct child *child) {
  memcpy(in, child->rest, child->rest_length);
  ssize_t got = read(child->fd, in + child->rest_length, READ);
  if (got <= 0) return 1;
  char *start = in, *end = in + child->rest_length + got, *newline, *to = out;
  while ((newline = memchr(start, '\n', end - start))) {
    size_t length = newline + 1 - start;
    /* Short lines may be more label than text. */
    if (to + child->label_length + length > out + sizeof out) put(out, to - out), to = out;
    to = mempcpy(to, child->label, child->label_length);
    to = mempcpy(to, start, length);
    start = newline + 1;
  }
  put(out, to - out);
  child->rest_length = end - start < REST ? end - start : REST;
  if (child->rest_length && !child->rest) child->rest = malloc(REST);
  memcpy(child->rest, start, child->rest_length);
  return 0;
}

int main(int count, char **words) {
  FILE *file = fopen(words[count - 1], "r");
  struct child *children = calloc(10000, sizeof *children);
  char *line = NULL;
  size_t room = 0;
  int made = 0, waiting = epoll_create1(EPOLL_CLOEXEC);
  if (!file) return 1;
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = ask}, NULL);
  fcntl(1, F_SETPIPE_SZ, PIPE);
  while (getline(&line, &room, file) > 0 && made < 10000) {
    char *command = strstr(line, ": ");
    if (!command) continue;
    *command = 0;
    command[strcspn(command + 2, "\n") + 2] = 0;
    struct child *child = &children[made];
    child->label_length = snprintf(child->label, sizeof child->label, "%s.1   | ", line);
    start(child, command + 2, made++ < LARGE);
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = child};
    epoll_ctl(waiting, EPOLL_CTL_ADD, child->fd, &wanted);
  }
  for (int open = made; open > 0 && !asked;) {
    struct epoll_event events[64];
    int ready = epoll_wait(waiting, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      struct child *child = events[i].data.ptr;
      if (pass_on(child)) epoll_ctl(waiting, EPOLL_CTL_DEL, child->fd, NULL), open--;
    }
  }
  for (int i = 0; i < made; i++) kill(-children[i].pid, SIGTERM);
  while (wait(NULL) > 0) {}
  if (count > 2) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    fprintf(stderr, "%ld\n", (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                                 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000);
  }
  return 0;
}
