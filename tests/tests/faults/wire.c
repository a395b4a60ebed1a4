/* A bad wire: carries packets between this machine and a network namespace of its own, and loses and delays them as told.
 * In user space, because not every kernel has netem.
 *
 *   wire CONTROL HERE THERE
 *
 * Makes the namespace, gives this side the address HERE and the other THERE, and says `ready`. The namespace is that of this
 * process: `nsenter --net=/proc/PID/ns/net`. CONTROL holds four numbers: percent lost and milliseconds of delay on the way
 * there, and the same on the way back. Ends, and takes everything along, when its input ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, WAITING_MAX = 4096, LOOK_MS = 5 };

struct packet {
  long long due;
  ssize_t length;
  unsigned char bytes[PACKET_MAX];
};

struct direction {
  int from, to, lost_percent, delay_ms;
  unsigned first, waiting;
  struct packet packets[WAITING_MAX];
};

static struct direction there, back;

static void need(int is_well, const char *what) {
  if (is_well) return;
  perror(what);
  exit(1);
}

static void run(const char *format, const char *a, const char *b) {
  char command[256];
  snprintf(command, sizeof command, format, a, b);
  need(!system(command), command);
}

static int tunnel(const char *name, const char *own, const char *peer) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  need(fd >= 0 && !ioctl(fd, TUNSETIFF, &request), "/dev/net/tun");
  char link[64];
  snprintf(link, sizeof link, "%s peer %s", own, peer);
  run("ip addr add %s dev %s", link, name);
  run("ip link set %s up%s", name, "");
  return fd;
}

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void read_control(const char *path) {
  FILE *file = fopen(path, "r");
  need(file != NULL, path);
  int values[4];
  /* Half-written is as good as not written yet. */
  if (fscanf(file, "%d %d %d %d", values, values + 1, values + 2, values + 3) == 4) {
    there.lost_percent = values[0];
    there.delay_ms = values[1];
    back.lost_percent = values[2];
    back.delay_ms = values[3];
  }
  fclose(file);
}

static void take(struct direction *way) {
  unsigned char bytes[PACKET_MAX];
  ssize_t length;
  while ((length = read(way->from, bytes, sizeof bytes)) > 0) {
    if (rand() % 100 < way->lost_percent || way->waiting == WAITING_MAX) continue;
    struct packet *packet = &way->packets[(way->first + way->waiting++) % WAITING_MAX];
    packet->due = now_ms() + way->delay_ms;
    packet->length = length;
    memcpy(packet->bytes, bytes, (size_t)length);
  }
}

static void deliver(struct direction *way) {
  for (; way->waiting && way->packets[way->first].due <= now_ms(); way->waiting--) {
    struct packet *packet = &way->packets[way->first];
    /* A side that cannot take it loses it, as on any wire. */
    (void)!write(way->to, packet->bytes, (size_t)packet->length);
    way->first = (way->first + 1) % WAITING_MAX;
  }
}

int main(int count, char **arguments) {
  need(count == 4, "usage: wire CONTROL HERE THERE");
  char name[IFNAMSIZ];
  snprintf(name, sizeof name, "haat%d", getpid());
  there.from = back.to = tunnel(name, arguments[2], arguments[3]);
  need(!unshare(CLONE_NEWNET), "a network namespace");
  run("ip link set lo up%s%s", "", "");
  there.to = back.from = tunnel("wire", arguments[3], arguments[2]);
  puts("ready");
  fflush(stdout);
  struct pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {there.from, POLLIN, 0}, {back.from, POLLIN, 0}};
  for (;;) {
    int wait = there.waiting || back.waiting ? LOOK_MS : 100;
    need(poll(ready, 3, wait) >= 0, "poll");
    if (ready[0].revents) return 0;
    read_control(arguments[1]);
    take(&there);
    take(&back);
    deliver(&there);
    deliver(&back);
  }
}
