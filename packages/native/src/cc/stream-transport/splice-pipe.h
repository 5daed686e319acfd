// The kernel pipe through which a bulk relay moves pages from socket to socket without copying them. One for the whole transport:
// it is empty between any two calls from outside, so it belongs to no connection. Decides nothing about whom to relay.

#ifndef SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_
#define SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

namespace sluice {

class SplicePipe {
 public:
  SplicePipe() = default;
  ~SplicePipe() { Close(); }
  SplicePipe(const SplicePipe&) = delete;
  SplicePipe& operator=(const SplicePipe&) = delete;

  /** Makes the pipe when it is not there. False when the kernel has none to give: copy then, and ask again later. */
  bool Open();
  void Close();

  /** Takes up to `length` bytes out of the socket: as many as it took, 0 at the end of input, or -1 with errno. */
  ssize_t Fill(int socket, size_t length);
  /** Gives up to `length` bytes of what is inside to the socket: as many as it took, or -1 with errno. */
  ssize_t Drain(int socket, size_t length);
  /** Copies up to `length` bytes of what is inside; at least one when something is. */
  ssize_t TakeOut(uint8_t* buffer, size_t length);

 private:
  int read_end_ = -1;
  int write_end_ = -1;
};

}  // namespace sluice

#endif  // SLUICE_STREAM_TRANSPORT_SPLICE_PIPE_H_
