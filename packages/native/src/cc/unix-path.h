// Binding a Unix socket to a path: the length check, the file mode, and what to do with a file an earlier process left.
// A live socket is never taken over and a file that is not a socket is never removed.

#ifndef SLUICE_NATIVE_UNIX_PATH_H_
#define SLUICE_NATIVE_UNIX_PATH_H_

#include <node_api.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "arguments.h"

namespace sluice {

/** Reads a file path into `address`. Refuses an empty one and, with ENAMETOOLONG, more than 107 bytes. */
inline bool RequireUnixPath(napi_env env, napi_value value, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  if (!RequireString(env, value, "path", address->sun_path, sizeof address->sun_path, ENAMETOOLONG)) return false;
  if (address->sun_path[0] != 0) return true;
  Refuse(env, EINVAL, "path must not be empty");
  return false;
}

inline const sockaddr* GenericAddress(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/**
 * True unless the kernel says that no socket is bound to the file. A live stream listener sees one connection which
 * ends at once.
 */
inline bool IsSocketAlive(const sockaddr_un& address, int type) {
  const OwnedDescriptor probe(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return true;
  return connect(probe.get(), GenericAddress(address), sizeof address) == 0 || errno != ECONNREFUSED;
}

/** Removes the file if it is a socket nobody listens on. @returns false when it threw. */
inline bool RemoveStaleSocket(napi_env env, const char* action, const sockaddr_un& address, int type) {
  const char* path = address.sun_path;
  struct stat found;
  if (lstat(path, &found) != 0) {
    if (errno == ENOENT) return true;
    Fail(env, errno, "%s %s", action, path);
    return false;
  }
  if (!S_ISSOCK(found.st_mode)) {
    Refuse(env, EADDRINUSE, "%s %s: a file that is not a socket is in the way", action, path);
    return false;
  }
  // Another process may have replaced the file since; the comparison narrows that race to a few instructions.
  struct stat again;
  if (IsSocketAlive(address, type) || lstat(path, &again) != 0 || again.st_ino != found.st_ino ||
      again.st_dev != found.st_dev) {
    Fail(env, EADDRINUSE, "%s %s", action, path);
    return false;
  }
  if (unlink(path) == 0 || errno == ENOENT) return true;
  Fail(env, errno, "%s %s: cannot remove the stale socket file", action, path);
  return false;
}

/** Binds with that file mode, whatever the umask is. `action` opens error messages. @returns false when it threw. */
inline bool BindUnixPath(napi_env env, const char* action, int descriptor, const sockaddr_un& address, int type,
                         mode_t mode) {
  // The mode given before bind() bounds the file's mode from its first moment; chmod() adds what the umask took away.
  if (fchmod(descriptor, mode) != 0) {
    Fail(env, errno, "%s %s", action, address.sun_path);
    return false;
  }
  int error = bind(descriptor, GenericAddress(address), sizeof address) == 0 ? 0 : errno;
  if (error == EADDRINUSE) {
    if (!RemoveStaleSocket(env, action, address, type)) return false;
    error = bind(descriptor, GenericAddress(address), sizeof address) == 0 ? 0 : errno;
  }
  if (error == 0 && chmod(address.sun_path, mode) != 0) {
    error = errno;
    unlink(address.sun_path);
  }
  if (error == 0) return true;
  Fail(env, error, "%s %s", action, address.sun_path);
  return false;
}

}  // namespace sluice

#endif  // SLUICE_NATIVE_UNIX_PATH_H_
