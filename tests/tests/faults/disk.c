/* A disk that fails: loaded in front of the C library, it stands between a service and the files of its database.
 *
 * HAAT_DISK names a folder. The file SERVICE in it says what the disk of that service does now; without it, all is well:
 *   write EIO | write ENOSPC | write EROFS   every write fails with this error
 *   write SHORT                              half of the bytes are written, and the rest fails with ENOSPC
 *   fsync EIO                                what is to be made durable is not
 *   cut | cut torn                           the next fsync is a power cut: what is not durable is gone (torn: of every
 *                                            second write half has arrived), and the process is, too
 *
 * Durable is what an fsync that succeeded has seen. One that fails loses what it was for, as on Linux: the pages count as
 * clean, so that the next fsync succeeds without them. Only what is written again arrives. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SERVICE_MAX = 64, ORDER_MAX = 32, PATH_BYTES = 4096, FILES_MAX = 8, WRITES_MAX = 1 << 16 };

struct file {
  dev_t device;
  ino_t inode;
  char path[PATH_BYTES];
  /* What a power cut leaves. */
  unsigned char *durable;
  off_t size;
  /* Since the last fsync. */
  int writes;
  struct { off_t offset, length; } written[WRITES_MAX];
};

static struct file *files[FILES_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void broken(const char *what) {
  fprintf(stderr, "disk.c: %s\n", what);
  abort();
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_BYTES - 1);
  path[length > 0 ? length : 0] = 0;
  return length > 0;
}

/* The service whose database `fd` is part of; 0 for any other file. The memory shared beside a database is not on the disk. */
static int is_database(int fd, char *service) {
  char path[PATH_BYTES];
  if (!path_of(fd, path)) return 0;
  char *name = strrchr(path, '/');
  if (!name || (strcmp(name, "/store.db") && strcmp(name, "/store.db-wal"))) return 0;
  *name = 0;
  char *folder = strrchr(path, '/');
  if (!folder) return 0;
  snprintf(service, SERVICE_MAX, "%s", folder + 1);
  return 1;
}

static void read_order(const char *service, char *order) {
  char path[PATH_BYTES];
  order[0] = 0;
  const char *folder = getenv("HAAT_DISK");
  if (!folder) return;
  snprintf(path, sizeof path, "%s/%s", folder, service);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t length = read(file, order, ORDER_MAX - 1);
  order[length > 0 ? length : 0] = 0;
  close(file);
}

static int error_of(const char *name) {
  if (!strcmp(name, "ENOSPC")) return ENOSPC;
  return strcmp(name, "EROFS") ? EIO : EROFS;
}

static off_t size_of(int fd) {
  struct stat stat;
  if (fstat(fd, &stat)) broken("a file without a size");
  return stat.st_size;
}

/* Takes a part of the file as it is now for durable. */
static void keep(struct file *file, int fd, off_t offset, off_t length) {
  if (offset + length > file->size) {
    file->durable = realloc(file->durable, (size_t)(offset + length));
    if (!file->durable) broken("no memory");
    memset(file->durable + file->size, 0, (size_t)(offset + length - file->size));
    file->size = offset + length;
  }
  /* SQLite opens its files for reading and writing. What lies behind the end has been cut off again. */
  if (length > 0 && pread(fd, file->durable + offset, (size_t)length, offset) < 0) broken("a file that cannot be read");
}

/* What is there when a file is first written to has always been there. Called with the lock held. */
static struct file *file_of(int fd) {
  struct stat stat;
  if (fstat(fd, &stat)) broken("a file without a number");
  for (int i = 0; i < FILES_MAX; i++) {
    if (!files[i]) {
      files[i] = calloc(1, sizeof **files);
      if (!files[i]) broken("no memory");
      files[i]->device = stat.st_dev;
      files[i]->inode = stat.st_ino;
      if (!path_of(fd, files[i]->path)) broken("a file without a name");
      keep(files[i], fd, 0, stat.st_size);
    }
    if (files[i]->device == stat.st_dev && files[i]->inode == stat.st_ino) return files[i];
  }
  broken("too many files");
  return NULL;
}

static void note(struct file *file, off_t offset, ssize_t length) {
  if (length <= 0) return;
  if (file->writes == WRITES_MAX) broken("too many writes without an fsync");
  file->written[file->writes].offset = offset;
  file->written[file->writes++].length = length;
}

static void power_cut(struct file *file, int is_torn) {
  int fd = open(file->path, O_RDWR | O_CLOEXEC);
  if (fd < 0) broken("a file that cannot be opened");
  for (int i = 1; is_torn && i < file->writes; i += 2) keep(file, fd, file->written[i].offset, file->written[i].length / 2);
  if (REAL(ftruncate)(fd, file->size)) broken("a file that cannot be cut");
  for (off_t at = 0; at < file->size;) {
    ssize_t done = REAL(pwrite)(fd, file->durable + at, (size_t)(file->size - at), at);
    if (done <= 0) broken("a file that cannot be written");
    at += done;
  }
}

/* Writes, or does what the disk does instead. `offset` is -1 for the place where the file stands. */
static ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) {
  char service[SERVICE_MAX], order[ORDER_MAX];
  int is_here = offset < 0;
  if (is_here && !is_database(fd, service)) return REAL(write)(fd, bytes, length);
  if (!is_here && !is_database(fd, service)) return REAL(pwrite)(fd, bytes, length, offset);
  read_order(service, order);
  int is_short = !strcmp(order, "write SHORT") && length > 1;
  if (!is_short && !strncmp(order, "write ", 6)) {
    errno = strcmp(order, "write SHORT") ? error_of(order + 6) : ENOSPC;
    return -1;
  }
  if (is_short) length /= 2;
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  off_t begin = is_here ? lseek(fd, 0, SEEK_CUR) : offset;
  ssize_t done = is_here ? REAL(write)(fd, bytes, length) : REAL(pwrite)(fd, bytes, length, offset);
  int error = errno;
  note(file, begin, done);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_at(fd, bytes, length, -1); }

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return write_at(fd, bytes, length, offset); }

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return write_at(fd, bytes, length, offset); }

static int sync_with(int fd, int (*real)(int)) {
  char service[SERVICE_MAX], order[ORDER_MAX];
  if (!is_database(fd, service)) return real(fd);
  read_order(service, order);
  pthread_mutex_lock(&lock);
  struct file *file = file_of(fd);
  if (!strncmp(order, "cut", 3)) {
    for (int i = 0; i < FILES_MAX && files[i]; i++) power_cut(files[i], !strcmp(order, "cut torn"));
    raise(SIGKILL);
  }
  int is_failing = !strcmp(order, "fsync EIO");
  int done = is_failing ? -1 : real(fd);
  for (int i = 0; !done && i < file->writes; i++) keep(file, fd, file->written[i].offset, file->written[i].length);
  /* A file that was made shorter is so from its next fsync on. */
  if (!done) file->size = file->size < size_of(fd) ? file->size : size_of(fd);
  file->writes = 0;
  pthread_mutex_unlock(&lock);
  if (is_failing) errno = EIO;
  return done;
}

int fsync(int fd) { return sync_with(fd, REAL(fsync)); }

int fdatasync(int fd) { return sync_with(fd, REAL(fdatasync)); }
