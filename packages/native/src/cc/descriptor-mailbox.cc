// Descriptors between processes that are not parent and child: datagrams with SCM_RIGHTS to a socket file.
// Whatever is refused on the way in is closed here; descriptors that JavaScript gets belong to JavaScript.

#include <sys/socket.h>

#include "addon.h"
#include "arguments.h"
#include "unix-path.h"

namespace sluice {
namespace {

constexpr size_t kPayloadMax = 32 * 1024;
constexpr uint32_t kDescriptorsMax = 128;
/** Foreign datagrams dropped in one `take` at most, so that a flood of them cannot hold the loop. */
constexpr int kDropsMax = 64;
constexpr mode_t kMailboxMode = 0600;

napi_value BindMailbox(napi_env env, napi_callback_info info) {
  napi_value argument;
  sockaddr_un address;
  if (!ReadArguments(env, info, &argument, 1) || !RequireUnixPath(env, argument, &address)) return nullptr;
  OwnedDescriptor mailbox(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  // Before bind(): a datagram sent while the option is off would carry no credentials.
  if (mailbox.get() < 0 || setsockopt(mailbox.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return Fail(env, errno, "open mailbox %s", address.sun_path);
  }
  if (!BindUnixPath(env, "open mailbox", mailbox.get(), address, SOCK_DGRAM, kMailboxMode)) return nullptr;
  napi_value result;
  if (napi_create_int32(env, mailbox.get(), &result) != napi_ok) {
    unlink(address.sun_path);
    return nullptr;
  }
  mailbox.Release();
  return result;
}

/** Descriptors received and not yet handed to JavaScript; closed unless released. */
class ReceivedDescriptors {
 public:
  ReceivedDescriptors() = default;
  ReceivedDescriptors(const ReceivedDescriptors&) = delete;
  ReceivedDescriptors& operator=(const ReceivedDescriptors&) = delete;
  ~ReceivedDescriptors() {
    for (uint32_t i = 0; i < count_; i++) close(descriptors_[i]);
  }

  void Add(int descriptor) {
    if (count_ == kDescriptorsMax) {
      close(descriptor);
    } else {
      descriptors_[count_++] = descriptor;
    }
  }

  uint32_t count() const { return count_; }
  int at(uint32_t index) const { return descriptors_[index]; }
  void Release() { count_ = 0; }

 private:
  int descriptors_[kDescriptorsMax];
  uint32_t count_ = 0;
};

/** The ancillary part of one datagram. */
struct Ancillary {
  ReceivedDescriptors descriptors;
  bool hasSender = false;
  ucred sender = {};
};

void ReadAncillary(msghdr* message, Ancillary* out) {
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_len < CMSG_LEN(0)) continue;
    const size_t bytes = part->cmsg_len - CMSG_LEN(0);
    const unsigned char* data = CMSG_DATA(part);
    if (part->cmsg_type == SCM_RIGHTS) {
      for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
        int descriptor;
        memcpy(&descriptor, data + at, sizeof descriptor);
        out->descriptors.Add(descriptor);
      }
    } else if (part->cmsg_type == SCM_CREDENTIALS && bytes >= sizeof out->sender) {
      memcpy(&out->sender, data, sizeof out->sender);
      out->hasSender = true;
    }
  }
}

bool IsTrusted(const Ancillary& ancillary) {
  return ancillary.hasSender && (ancillary.sender.uid == 0 || ancillary.sender.uid == geteuid());
}

napi_value RefuseTruncated(napi_env env, const msghdr& message, uint32_t received) {
  if ((message.msg_flags & MSG_TRUNC) != 0) {
    return Refuse(env, EMSGSIZE, "a datagram in the mailbox had more than %zu bytes and was dropped", kPayloadMax);
  }
  // The kernel stops early too when it cannot install another descriptor in this process.
  return Refuse(env, received < kDescriptorsMax ? EMFILE : EMSGSIZE,
                "a datagram in the mailbox was dropped: more than %u descriptors, or no room for them in this process",
                kDescriptorsMax);
}

/** `{ payload, descriptors }`; on failure the descriptors are still the caller's. */
napi_value MakeMail(napi_env env, const void* payload, size_t bytes, const ReceivedDescriptors& descriptors) {
  napi_value result;
  napi_value buffer;
  napi_value list;
  if (napi_create_object(env, &result) != napi_ok ||
      napi_create_buffer_copy(env, bytes, payload, nullptr, &buffer) != napi_ok ||
      napi_create_array_with_length(env, descriptors.count(), &list) != napi_ok) {
    return nullptr;
  }
  for (uint32_t i = 0; i < descriptors.count(); i++) {
    napi_value number;
    if (napi_create_int32(env, descriptors.at(i), &number) != napi_ok ||
        napi_set_element(env, list, i, number) != napi_ok) {
      return nullptr;
    }
  }
  const bool made = napi_set_named_property(env, result, "payload", buffer) == napi_ok &&
                    napi_set_named_property(env, result, "descriptors", list) == napi_ok;
  return made ? result : nullptr;
}

/** One datagram. @returns true when `result` is final (mail, undefined or an exception), false when it was dropped. */
bool TakeOne(napi_env env, int mailbox, napi_value* result) {
  char payload[kPayloadMax];
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int) * kDescriptorsMax)];
  iovec bytes = {payload, sizeof payload};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t length;
  do {
    length = recvmsg(mailbox, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (length < 0 && errno == EINTR);
  *result = nullptr;
  if (length < 0) {
    if (errno != EAGAIN) Fail(env, errno, "take from the mailbox");
    return true;
  }
  Ancillary ancillary;
  ReadAncillary(&message, &ancillary);
  if (!IsTrusted(ancillary)) return false;
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    RefuseTruncated(env, message, ancillary.descriptors.count());
    return true;
  }
  *result = MakeMail(env, payload, static_cast<size_t>(length), ancillary.descriptors);
  if (*result != nullptr) ancillary.descriptors.Release();
  return true;
}

napi_value TakeMail(napi_env env, napi_callback_info info) {
  napi_value argument;
  int mailbox;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &mailbox)) return nullptr;
  napi_value result = nullptr;
  for (int drops = 0; drops < kDropsMax; drops++) {
    if (TakeOne(env, mailbox, &result)) break;
  }
  return result;
}

struct OutgoingMail {
  sockaddr_un address;
  socklen_t addressBytes;
  void* payload;
  size_t payloadBytes;
  int descriptors[kDescriptorsMax];
  uint32_t count;
};

/** Abstract names start with `@` in text and with a NUL in the kernel, where their length is part of the name. */
bool ReadDestination(napi_env env, napi_value value, OutgoingMail* out) {
  if (!RequireUnixPath(env, value, &out->address)) return false;
  out->addressBytes = sizeof out->address;
  if (out->address.sun_path[0] != '@') return true;
  out->addressBytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + strlen(out->address.sun_path));
  out->address.sun_path[0] = 0;
  return true;
}

bool ReadPayload(napi_env env, napi_value value, OutgoingMail* out) {
  napi_typedarray_type type;
  bool isTyped = false;
  if (napi_is_typedarray(env, value, &isTyped) != napi_ok || !isTyped ||
      napi_get_typedarray_info(env, value, &type, &out->payloadBytes, &out->payload, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    Refuse(env, EINVAL, "payload must be a Uint8Array");
    return false;
  }
  if (out->payloadBytes <= kPayloadMax) return true;
  Refuse(env, EMSGSIZE, "payload has %zu bytes, at most %zu are accepted", out->payloadBytes, kPayloadMax);
  return false;
}

bool ReadDescriptors(napi_env env, napi_value value, OutgoingMail* out) {
  bool isArray = false;
  if (napi_is_array(env, value, &isArray) != napi_ok || !isArray ||
      napi_get_array_length(env, value, &out->count) != napi_ok) {
    Refuse(env, EINVAL, "descriptors must be an array of numbers");
    return false;
  }
  if (out->count > kDescriptorsMax) {
    Refuse(env, EMSGSIZE, "%u descriptors given, at most %u are accepted", out->count, kDescriptorsMax);
    return false;
  }
  for (uint32_t i = 0; i < out->count; i++) {
    napi_value element;
    if (napi_get_element(env, value, i, &element) != napi_ok || !RequireDescriptor(env, element, &out->descriptors[i])) {
      return false;
    }
  }
  return true;
}

/** @returns 0 or an errno. */
int Deliver(const OutgoingMail& mail) {
  const OwnedDescriptor sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (sender.get() < 0) return errno;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptorsMax)] = {};
  iovec bytes = {mail.payload, mail.payloadBytes};
  msghdr message = {};
  message.msg_name = const_cast<sockaddr_un*>(&mail.address);
  message.msg_namelen = mail.addressBytes;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (mail.count > 0) {
    const size_t descriptorBytes = sizeof(int) * mail.count;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(descriptorBytes);
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptorBytes);
    memcpy(CMSG_DATA(part), mail.descriptors, descriptorBytes);
  }
  ssize_t sent;
  do {
    sent = sendmsg(sender.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

napi_value SendDescriptors(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  OutgoingMail mail;
  // The payload comes last: elements of the list may be accessors, which could detach its buffer.
  if (!ReadArguments(env, info, arguments, 3) || !ReadDestination(env, arguments[0], &mail) ||
      !ReadDescriptors(env, arguments[2], &mail) || !ReadPayload(env, arguments[1], &mail)) {
    return nullptr;
  }
  const int error = Deliver(mail);
  if (error != 0) return Fail(env, error, "send %u descriptors to %s", mail.count, mail.address.sun_path);
  return nullptr;
}

}  // namespace

void InitDescriptorMailbox(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "bindMailbox", BindMailbox);
  ExportFunction(env, exports, "takeMail", TakeMail);
  ExportFunction(env, exports, "sendDescriptors", SendDescriptors);
}

}  // namespace sluice
