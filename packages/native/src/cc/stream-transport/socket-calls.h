// recv and send straight at the kernel. The C library's versions are cancellation points, which in a process with threads (Node
// has several) costs two atomic operations a call; nobody cancels threads here. Errors are in errno, as usual.

#ifndef SLUICE_STREAM_TRANSPORT_SOCKET_CALLS_H_
#define SLUICE_STREAM_TRANSPORT_SOCKET_CALLS_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace sluice {

/** Sockets are non-blocking. */
inline ssize_t ReceiveNow(int fd, void* buffer, size_t length) {
  return syscall(SYS_recvfrom, fd, buffer, length, 0, nullptr, nullptr);
}

inline ssize_t SendNow(int fd, const void* buffer, size_t length) {
  return syscall(SYS_sendto, fd, buffer, length, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
}

inline ssize_t SendMessageNow(int fd, const msghdr* message) {
  return syscall(SYS_sendmsg, fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/** What is sent goes out at once. On a listening socket: for all that are accepted from it, as Linux inherits it. */
inline void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/**
 * After AcknowledgeWithData() and the first byte: what comes is acknowledged like what comes on any new connection. Else an answer that
 * is longer than the first window would wait for it.
 */
inline void AcknowledgeAsUsual(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/**
 * Before connect(), by whoever sends something as soon as it is connected: the handshake's last segment is that, and none of its own.
 * Else the kernel would send it after 200 ms at the latest.
 */
inline void AcknowledgeWithData(int fd) {
  const int off = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
}

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_SOCKET_CALLS_H_
