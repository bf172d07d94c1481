// What /proc tells of a process.
#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>

#include "process_files.h"

namespace coppice {

namespace {

constexpr size_t kMaxProcFileBytes = 64u << 20;  // of a maps file

}  // namespace

std::optional<std::string> readProcLink(int directoryFd, const char* name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(directoryFd, name, target.data(), target.size());
  if (length < 0) return std::nullopt;
  target.resize(static_cast<size_t>(length));
  return target;
}

std::string readProcFile(int directoryFd, const char* name) {
  std::string text;
  const OwnedFd file(::openat(directoryFd, name, O_RDONLY | O_CLOEXEC));
  char buffer[16384];
  while (file && text.size() < kMaxProcFileBytes) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

OwnedFd openProcDirectory(int directoryFd, const char* name) {
  return OwnedFd(::openat(directoryFd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string commandOf(int processesFd, const std::string& process) {
  std::string command = readProcFile(processesFd, (process + "/comm").c_str());
  while (!command.empty() && command.back() == '\n') command.pop_back();
  return command;
}

bool isProcess(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace coppice

#endif
