// The encrypted side of a TLS session: a BIO between OpenSSL and a non-blocking socket, without a copy in between. It reads first
// what had been received before TLS began. Failures and ends are noted here and told to OpenSSL as "try again", so that its state
// stays usable: what they mean is decided by the caller. Knows nothing of connections.

#ifndef SLUICE_TLS_TLS_WIRE_H_
#define SLUICE_TLS_TLS_WIRE_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>

#include "openssl.h"

namespace sluice {

struct TlsWire {
  int fd = -1;
  bool readable = false;   // a read of the socket may find something
  bool writable = false;   // the socket took everything so far
  bool hangup = false;     // the socket is read on until its end, also after a short read
  bool ended = false;      // FIN read
  bool starved = false;    // the budget was used up
  bool moved = false;      // bytes went in or out
  int readError = 0;       // errno
  int writeError = 0;      // errno
  size_t budget = 0;       // encrypted bytes that may be read before others get their turn

  std::unique_ptr<uint8_t[]> first;  // received before TLS began; given back once read
  size_t firstAt = 0;
  size_t firstLength = 0;
};

/** A BIO over `wire`, which must outlive it. Null when memory is short. */
BIO* NewWireBio(TlsWire* wire);

}  // namespace sluice

#endif  // SLUICE_TLS_TLS_WIRE_H_
