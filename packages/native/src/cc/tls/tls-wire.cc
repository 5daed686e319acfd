// The BIO method behind TlsWire. One method table for the process, made when first needed and kept.
// Must not fail in OpenSSL's eyes: see the header.

#include "tls-wire.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <algorithm>

#include "../stream-transport/socket-calls.h"

namespace sluice {

namespace {

TlsWire* WireOf(BIO* bio) { return static_cast<TlsWire*>(BIO_get_data(bio)); }

int TakeFirst(TlsWire* wire, char* out, size_t length) {
  const size_t count = std::min(length, wire->firstLength - wire->firstAt);
  memcpy(out, wire->first.get() + wire->firstAt, count);
  wire->firstAt += count;
  if (wire->firstAt == wire->firstLength) wire->first.reset();
  return static_cast<int>(count);
}

int WireRead(BIO* bio, char* out, int length) {
  BIO_clear_retry_flags(bio);
  TlsWire* wire = WireOf(bio);
  if (out == nullptr || length <= 0) return 0;
  if (wire->first != nullptr) return TakeFirst(wire, out, static_cast<size_t>(length));
  wire->starved = wire->budget == 0;
  if (!wire->starved && wire->readable && !wire->ended && wire->readError == 0) {
    const ssize_t count = ReceiveNow(wire->fd, out, static_cast<size_t>(length));
    if (count > 0) {
      wire->moved = true;
      wire->budget -= std::min(wire->budget, static_cast<size_t>(count));
      if (count < length && !wire->hangup) wire->readable = false;
      return static_cast<int>(count);
    }
    if (count == 0) {
      wire->ended = true;
    } else if (errno == EAGAIN) {
      wire->readable = false;
    } else if (errno == EINTR) {
      wire->starved = true;
    } else {
      wire->readError = errno;
    }
  }
  BIO_set_retry_read(bio);
  return -1;
}

int WireWrite(BIO* bio, const char* bytes, int length) {
  BIO_clear_retry_flags(bio);
  TlsWire* wire = WireOf(bio);
  while (wire->writable && wire->writeError == 0) {
    const ssize_t count = SendNow(wire->fd, bytes, static_cast<size_t>(std::max(length, 0)));
    if (count >= 0) {
      wire->moved = true;
      if (count < length) wire->writable = false;
      return static_cast<int>(count);
    }
    if (errno == EAGAIN) {
      wire->writable = false;
    } else if (errno != EINTR) {
      wire->writeError = errno;
    }
  }
  BIO_set_retry_write(bio);
  return -1;
}

long WireControl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int WireCreate(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* MakeMethod() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, WireRead);
  BIO_meth_set_write(method, WireWrite);
  BIO_meth_set_ctrl(method, WireControl);
  BIO_meth_set_create(method, WireCreate);
  return method;
}

}  // namespace

BIO* NewWireBio(TlsWire* wire) {
  static BIO_METHOD* const method = MakeMethod();
  if (method == nullptr) return nullptr;
  BIO* bio = BIO_new(method);
  if (bio != nullptr) BIO_set_data(bio, wire);
  return bio;
}

}  // namespace sluice
