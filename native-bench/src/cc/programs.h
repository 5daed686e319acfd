// What the programs of the benchmark have in common. For one machine: what fails ends the program with a sentence.

#ifndef SLUICE_BENCH_PROGRAMS_H_
#define SLUICE_BENCH_PROGRAMS_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

namespace bench {

[[noreturn]] inline void Fail(const char* what) {
  perror(what);
  exit(1);
}

inline void EndWithParent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

inline sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/** Binds to a free port of loopback. */
inline void Bind(int fd) {
  const sockaddr_in address = Loopback(0);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Fail("bind");
}

/** Says where it listens, which it must by now. */
inline void PrintPort(int fd) {
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) Fail("getsockname");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
}

/** Seconds. */
inline double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/** Says that what is measured may begin, and waits for the word. */
inline void AwaitGo() {
  printf("ready\n");
  fflush(stdout);
  char line[16];
  if (fgets(line, sizeof line, stdin) == nullptr) exit(1);
}

}  // namespace bench

#endif  // SLUICE_BENCH_PROGRAMS_H_
