// What a transport is to the event loop that drives it, and what drives JavaScript is to the transport. Interfaces only: the loop
// knows nothing of sockets, and a transport nothing of Node.

#ifndef SLUICE_LOOP_LOOP_CLIENT_H_
#define SLUICE_LOOP_LOOP_CLIENT_H_

#include <stdint.h>

namespace sluice {

class BatchHost {
 public:
  /** Hands `count` event records to JavaScript and returns when it is done with them. May destroy the transport's sockets. */
  virtual void Deliver(uint32_t count) = 0;

 protected:
  ~BatchHost() = default;
};

class LoopClient {
 public:
  /** 0 or errno. Destroy() must follow in any case. */
  virtual int Open() = 0;
  /** Readable whenever Turn() has something to do. */
  virtual int EpollDescriptor() const = 0;
  /** Serves what is ready: a few batches at most, never waits. */
  virtual void Turn() = 0;
  /** Work is left that no descriptor will announce: Turn() must be called again soon. */
  virtual bool NeedsTurn() const = 0;
  /** Milliseconds until Turn() must be called; -1: no need. */
  virtual int64_t NextDelay() const = 0;
  /** There is something to wait for. */
  virtual bool Active() const = 0;
  /** Closes every descriptor. Safe from within Deliver(). */
  virtual void Destroy() = 0;
  virtual bool Destroyed() const = 0;

 protected:
  ~LoopClient() = default;
};

}  // namespace sluice

#endif  // SLUICE_LOOP_LOOP_CLIENT_H_
