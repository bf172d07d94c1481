// /proc/self/mountinfo. Elsewhere there is no table to read, and only the comparison of devices tells of a mount.
#include "mount.h"

#ifdef __linux__

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace coppice {

namespace {

constexpr size_t kMaxBytes = 16u << 20;

// A space is "\040", and so on; the mount point is the fifth field. Empty: not such a line.
std::string pointIn(std::string_view line) {
  for (int field = 0; field < 4; field++) {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  const std::string_view escaped = line.substr(0, line.find(' '));
  std::string point;
  for (size_t i = 0; i < escaped.size(); i++) {
    if (escaped[i] != '\\' || i + 3 >= escaped.size()) {
      point += escaped[i];
      continue;
    }
    point += static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 + (escaped[i + 3] - '0'));
    i += 3;
  }
  return point;
}

bool isBeneath(const std::string& point, const std::string& root) {
  return point.size() > root.size() && point.compare(0, root.size(), root) == 0 && point[root.size()] == '/';
}

}  // namespace

MountTable MountTable::open(std::string root) {
  MountTable table;
  table.root_ = std::move(root);
  table.file_ = OwnedFd(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  return table;
}

// Asks the kernel whether the table has changed since it was last read, and reads it only then.
bool MountTable::read() {
  pollfd changed{file_.get(), POLLPRI, 0};
  if (fresh_ && ::poll(&changed, 1, 0) == 0) return true;
  fresh_ = false;
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) return false;
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t size = ::read(file_.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 || text.size() > kMaxBytes) return false;
    if (size == 0) break;
    text.append(buffer, static_cast<size_t>(size));
  }
  points_.clear();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string point = pointIn(std::string_view(text).substr(at, end - at));
    if (isBeneath(point, root_)) points_.push_back(std::move(point));
    at = end + 1;
  }
  fresh_ = true;
  return true;
}

std::optional<std::vector<std::string>> MountTable::beneath() {
  if (!file_ || !read()) return std::nullopt;
  return points_;
}

}  // namespace coppice

#else

namespace coppice {

MountTable MountTable::open(std::string) { return {}; }
bool MountTable::read() { return false; }
std::optional<std::vector<std::string>> MountTable::beneath() { return std::nullopt; }

}  // namespace coppice

#endif
