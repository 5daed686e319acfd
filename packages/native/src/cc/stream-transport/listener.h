// One listening socket and its limit, or the mailbox of connections that other processes have accepted. Lives until it is
// removed and the last connection it accepted has ended.

#ifndef SLUICE_STREAM_TRANSPORT_LISTENER_H_
#define SLUICE_STREAM_TRANSPORT_LISTENER_H_

#include <stdint.h>

namespace sluice {

/** Marks epoll data as a listener's tag; connections carry their id there. */
constexpr uint64_t kListenerBit = uint64_t{1} << 63;

struct Listener {
  Listener* next;
  uint64_t retryAtMs;        // while paused for want of a resource: when to try again; 0: only when a connection ends
  uint32_t connections;      // accepted here and not yet ended
  uint32_t connectionsMax;   // 0: no limit of its own
  int fd;
  int32_t pauseError;        // errno, 0 for a connection limit
  uint16_t tag;
  uint16_t localPort;        // of the socket itself: accept need not ask for each connection; 0 for Unix sockets
  bool tcp;
  bool waitedBefore;         // connections may still wait that came before the socket was set up here
  bool mailbox;              // gives connections of others, see hand-over.cc
  bool ready;                // epoll reported it in this round
  bool paused;
  bool reportedPaused;       // what JavaScript was told last
  bool removed;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_LISTENER_H_
