#include "mount.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <memory>

#include "failure.h"

#ifdef __linux__
#include <sys/syscall.h>
#endif

namespace coppice {

namespace {

std::atomic<bool> byDevice{false};

struct FreeText {
  void operator()(char* text) const noexcept { ::free(text); }
};

#if defined(__linux__) && defined(SYS_statx)

// <linux/stat.h> has no field for the mount where the build machine's headers are older than 5.8; the layout is part of the
// kernel's ABI.
struct StatxReply {
  uint32_t mask;
  uint32_t before[35];
  uint64_t mountId;
  uint64_t behind[13];
};
static_assert(sizeof(StatxReply) == 256, "the kernel writes 256 bytes");
constexpr unsigned kStatxMountId = 0x1000;

std::optional<uint64_t> mountIdOf(int fd, const std::string& name) {
  StatxReply reply{};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (name.empty() ? AT_EMPTY_PATH : 0);
  if (::syscall(SYS_statx, fd, name.c_str(), flags, kStatxMountId, &reply) != 0) return std::nullopt;
  if ((reply.mask & kStatxMountId) == 0) return std::nullopt;
  return reply.mountId;
}

// One answer for the whole process: a number and a device must never be compared.
bool kernelNumbersMounts() {
  static const bool there = mountIdOf(AT_FDCWD, "/").has_value();
  return there && !byDevice;
}

#else

std::optional<uint64_t> mountIdOf(int, const std::string&) { return std::nullopt; }
bool kernelNumbersMounts() { return false; }

#endif

bool statOf(int fd, const std::string& name, struct stat& status) {
  const int result = name.empty() ? ::fstat(fd, &status) : ::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
  return result == 0;
}

bool canTell(int fd, const std::string& name) {
  struct stat status;
  return kernelNumbersMounts() || (statOf(fd, name, status) && S_ISDIR(status.st_mode));
}

}  // namespace

void tellMountsByDevice(bool on) { byDevice = on; }

std::optional<uint64_t> mountOf(int fd, const std::string& name) {
  if (kernelNumbersMounts()) return mountIdOf(fd, name);
  struct stat status;
  if (!statOf(fd, name, status)) return std::nullopt;
  return static_cast<uint64_t>(status.st_dev);
}

bool isInOtherMount(int fd, int directoryFd) { return canTell(fd, {}) && mountOf(fd) != mountOf(directoryFd); }

bool isMountPoint(int directoryFd, const std::string& name) {
  if (!canTell(directoryFd, name)) return false;
  const std::optional<uint64_t> there = mountOf(directoryFd, name);
  return there && there != mountOf(directoryFd);
}

void failMounted(const char* operation, const std::string& path) {
  fail(failure_code::kMounted, operation, "something is mounted here, and what lies behind a mount is never touched", path);
}

std::vector<std::string> mountsBeneath(const std::string& path) {
  const std::unique_ptr<char, FreeText> real(::realpath(path.c_str(), nullptr));
  if (!real) return {};
  return MountTable::open(real.get()).beneath().value_or(std::vector<std::string>());
}

void requireNoMountBeneath(const char* operation, const std::string& path) {
  const std::vector<std::string> mounts = mountsBeneath(path);
  if (!mounts.empty()) failMounted(operation, mounts.front());
}

}  // namespace coppice
