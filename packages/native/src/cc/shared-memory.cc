// Shared memory: memfds, their seals, and maps of them as external ArrayBuffers.
// Owns the pages of a map until it is unmapped or collected, whichever comes first; never owns a descriptor.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <new>

#include "addon.h"
#include "arguments.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace sluice {
namespace {

/** Offsets inside a map are 32-bit everywhere. */
constexpr int64_t kBytesMax = int64_t{4} << 30;
constexpr size_t kNameBytesMax = 249;
constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;
constexpr int kAllSeals = kSizeSeals | F_SEAL_WRITE | F_SEAL_SEAL;

/** Marks our ArrayBuffers, so that `unmap` takes no other. */
constexpr napi_type_tag kMapTag = {0x5d1f0a6e7b2c4493, 0x9c41e8d27f6b10aa};

/**
 * One map. Referenced by whoever works on it and by the ArrayBuffer's finalizer, which runs later, on the same thread,
 * also after an explicit unmap; `address` is null once the pages are gone, so they go exactly once.
 */
struct Map {
  void* address;
  size_t bytes;
  int references;
  bool writable;
};

void RemovePages(Map* map) {
  if (map->address != nullptr) munmap(map->address, map->bytes);
  map->address = nullptr;
}

/** Removing pages takes about 80 µs per MiB; from here on that is done by a thread of the pool, beside the event loop. */
constexpr size_t kBackgroundBytes = 1 << 20;

struct Removal {
  void* address;
  size_t bytes;
  napi_async_work work;
};

void ExecuteRemoval(napi_env, void* data) {
  const Removal* removal = static_cast<Removal*>(data);
  munmap(removal->address, removal->bytes);
}

void CompleteRemoval(napi_env env, napi_status, void* data) {
  Removal* removal = static_cast<Removal*>(data);
  napi_delete_async_work(env, removal->work);
  delete removal;
}

/**
 * Nobody can reach the pages any more. Large read-only maps go in the background, or at once when that cannot be had;
 * writable ones always at once, because memory can only be sealed when none is left.
 */
void RemovePagesAside(napi_env env, Map* map) {
  const bool aside = !map->writable && map->bytes >= kBackgroundBytes;
  Removal* removal = aside ? new (std::nothrow) Removal{map->address, map->bytes, nullptr} : nullptr;
  napi_value name;
  if (removal != nullptr && napi_create_string_utf8(env, "sluice:unmap", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, nullptr, name, ExecuteRemoval, CompleteRemoval, removal, &removal->work) == napi_ok) {
    if (napi_queue_async_work(env, removal->work) == napi_ok) {
      map->address = nullptr;
      return;
    }
    napi_delete_async_work(env, removal->work);
  }
  delete removal;
  RemovePages(map);
}

void Unreference(Map* map) {
  if (--map->references == 0) delete map;
}

void FinalizeMap(napi_env, void*, void* hint) {
  Map* map = static_cast<Map*>(hint);
  RemovePages(map);
  Unreference(map);
}

int OpenMemory(const char* name) {
  // Hosts may demand non-executable memfds (vm.memfd_noexec); kernels before 6.3 do not know the flag.
  const int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (descriptor >= 0 || errno != EINVAL) return descriptor;
  return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

napi_value CreateSharedMemory(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  char name[kNameBytesMax + 1];
  int64_t bytes;
  if (!ReadArguments(env, info, arguments, 2) ||
      !RequireString(env, arguments[0], "name", name, sizeof name, ENAMETOOLONG) ||
      !RequireInteger(env, arguments[1], "byteLength", 1, kBytesMax, &bytes)) {
    return nullptr;
  }
  OwnedDescriptor memory(OpenMemory(name));
  if (memory.get() < 0) return Fail(env, errno, "create shared memory %s", name);
  if (ftruncate(memory.get(), bytes) != 0 || fcntl(memory.get(), F_ADD_SEALS, kSizeSeals) != 0) {
    return Fail(env, errno, "size shared memory %s to %lld bytes", name, static_cast<long long>(bytes));
  }
  napi_value result;
  if (napi_create_int32(env, memory.get(), &result) != napi_ok) return nullptr;
  memory.Release();
  return result;
}

/** Everything that makes reading or writing a map of the file safe later on. @returns its size, or 0 when it threw. */
size_t CheckMappable(napi_env env, int descriptor, bool writable, int seals) {
  struct stat file;
  if (fstat(descriptor, &file) != 0) {
    Fail(env, errno, "map descriptor %d", descriptor);
  } else if (!S_ISREG(file.st_mode) || seals < 0) {
    Refuse(env, EINVAL, "map descriptor %d: it is not shared memory (a memfd)", descriptor);
  } else if ((seals & F_SEAL_SHRINK) == 0) {
    Refuse(env, EINVAL, "map descriptor %d: its size is not sealed, so reading it could fault after a truncation",
           descriptor);
  } else if (writable && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
    Refuse(env, EPERM, "map descriptor %d writable: it is sealed against writing", descriptor);
  } else if (file.st_size < 1 || file.st_size > kBytesMax) {
    Refuse(env, EINVAL, "map descriptor %d: it has %lld bytes, 1 to %lld are accepted", descriptor,
           static_cast<long long>(file.st_size), static_cast<long long>(kBytesMax));
  } else {
    return static_cast<size_t>(file.st_size);
  }
  return 0;
}

/** Hands the map to a new ArrayBuffer; on failure the pages are gone. */
napi_value WrapMap(napi_env env, void* address, size_t bytes, bool writable) {
  Map* map = new Map{address, bytes, 2, writable};
  napi_value buffer = nullptr;
  // When this fails the finalizer may or may not have run: with its reference left behind, a few bytes leak at worst.
  const bool made = napi_create_external_arraybuffer(env, address, bytes, FinalizeMap, map, &buffer) == napi_ok &&
                    napi_type_tag_object(env, buffer, &kMapTag) == napi_ok &&
                    napi_wrap(env, buffer, map, nullptr, nullptr, nullptr) == napi_ok;
  if (!made) {
    if (buffer != nullptr) napi_detach_arraybuffer(env, buffer);
    RemovePages(map);
    Refuse(env, ENOMEM, "map of %zu bytes: the engine refused the buffer", bytes);
  }
  Unreference(map);
  return made ? buffer : nullptr;
}

napi_value MapDescriptor(napi_env env, napi_callback_info info, bool writable) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  const int seals = fcntl(descriptor, F_GET_SEALS);
  const size_t bytes = CheckMappable(env, descriptor, writable, seals);
  if (bytes == 0) return nullptr;
  // Kernels before 6.7 refuse a shared map of write-sealed memory through a writable descriptor, even a read-only one.
  // Nobody can write there any more, so a private map shows the same pages.
  const int sharing = !writable && (seals & F_SEAL_WRITE) != 0 ? MAP_PRIVATE : MAP_SHARED;
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* address = mmap(nullptr, bytes, protection, sharing, descriptor, 0);
  if (address == MAP_FAILED) return Fail(env, errno, "map descriptor %d (%zu bytes)", descriptor, bytes);
  return WrapMap(env, address, bytes, writable);
}

napi_value MapWritable(napi_env env, napi_callback_info info) { return MapDescriptor(env, info, true); }

napi_value MapReadOnly(napi_env env, napi_callback_info info) { return MapDescriptor(env, info, false); }

bool RequireMapBuffer(napi_env env, napi_value buffer) {
  bool isBuffer = false;
  bool isTagged = false;
  if (napi_is_arraybuffer(env, buffer, &isBuffer) == napi_ok && isBuffer &&
      napi_check_object_type_tag(env, buffer, &kMapTag, &isTagged) == napi_ok && isTagged) {
    return true;
  }
  Refuse(env, EINVAL, "unmap needs an ArrayBuffer made by mapWritable or mapReadOnly");
  return false;
}

/** @returns whether this call gave up the pages; those of a large read-only map are gone a little later. */
napi_value Unmap(napi_env env, napi_callback_info info) {
  napi_value buffer;
  if (!ReadArguments(env, info, &buffer, 1) || !RequireMapBuffer(env, buffer)) return nullptr;
  napi_value result;
  bool detached = true;
  // Detached by somebody else: the pages belong to another ArrayBuffer now (`transfer()`) and go with it.
  if (napi_is_detached_arraybuffer(env, buffer, &detached) != napi_ok || detached) {
    return napi_get_boolean(env, false, &result) == napi_ok ? result : nullptr;
  }
  void* wrapped = nullptr;
  if (napi_unwrap(env, buffer, &wrapped) != napi_ok) return Refuse(env, EINVAL, "unmap: the map has no owner");
  Map* map = static_cast<Map*>(wrapped);
  map->references++;
  // Without views over it first: from here on JavaScript cannot reach the pages.
  const bool done = napi_detach_arraybuffer(env, buffer) == napi_ok;
  if (done) RemovePagesAside(env, map);
  Unreference(map);
  if (!done) return Refuse(env, EBUSY, "unmap: the engine does not let go of the buffer");
  return napi_get_boolean(env, true, &result) == napi_ok ? result : nullptr;
}

napi_value AddSeals(napi_env env, napi_callback_info info, int seals) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  // Adding seals that are all there already succeeds in effect, also when F_SEAL_SEAL forbids asking again.
  const int present = fcntl(descriptor, F_GET_SEALS);
  if (present >= 0 && (present & seals) == seals) return nullptr;
  if (fcntl(descriptor, F_ADD_SEALS, seals) == 0) return nullptr;
  if (errno == EBUSY) {
    return Refuse(env, EBUSY, "seal descriptor %d: it is still mapped writable in some process; unmap it first",
                  descriptor);
  }
  if (errno == EINVAL) return Refuse(env, EINVAL, "seal descriptor %d: it is not shared memory (a memfd)", descriptor);
  return Fail(env, errno, "seal descriptor %d", descriptor);
}

napi_value Seal(napi_env env, napi_callback_info info) { return AddSeals(env, info, kAllSeals); }

napi_value SealSize(napi_env env, napi_callback_info info) { return AddSeals(env, info, kSizeSeals); }

/** Whether content and size are final. */
napi_value IsSealed(napi_env env, napi_callback_info info) {
  constexpr int kFinal = kSizeSeals | F_SEAL_WRITE;
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  const int seals = fcntl(descriptor, F_GET_SEALS);
  if (seals < 0 && errno != EINVAL) return Fail(env, errno, "inspect descriptor %d", descriptor);
  napi_value result;
  return napi_get_boolean(env, seals >= 0 && (seals & kFinal) == kFinal, &result) == napi_ok ? result : nullptr;
}

napi_value CloseDescriptor(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  // Linux frees the number even when close() is interrupted: trying again could close somebody else's.
  if (close(descriptor) == 0 || errno == EINTR) return nullptr;
  return Fail(env, errno, "close descriptor %d", descriptor);
}

napi_value DuplicateDescriptor(napi_env env, napi_callback_info info) {
  napi_value argument;
  int descriptor;
  if (!ReadArguments(env, info, &argument, 1) || !RequireDescriptor(env, argument, &descriptor)) return nullptr;
  OwnedDescriptor copy(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (copy.get() < 0) return Fail(env, errno, "duplicate descriptor %d", descriptor);
  napi_value result;
  if (napi_create_int32(env, copy.get(), &result) != napi_ok) return nullptr;
  copy.Release();
  return result;
}

}  // namespace

void InitSharedMemory(napi_env env, napi_value exports) {
  ExportFunction(env, exports, "createSharedMemory", CreateSharedMemory);
  ExportFunction(env, exports, "mapWritable", MapWritable);
  ExportFunction(env, exports, "mapReadOnly", MapReadOnly);
  ExportFunction(env, exports, "unmap", Unmap);
  ExportFunction(env, exports, "seal", Seal);
  ExportFunction(env, exports, "sealSize", SealSize);
  ExportFunction(env, exports, "isSealed", IsSealed);
  ExportFunction(env, exports, "closeDescriptor", CloseDescriptor);
  ExportFunction(env, exports, "duplicateDescriptor", DuplicateDescriptor);
}

}  // namespace sluice
