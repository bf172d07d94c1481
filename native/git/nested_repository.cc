#include "nested_repository.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "oid.h"
#include "owned.h"

namespace coppice {

namespace {

constexpr size_t kMaxGitFileBytes = 1u << 20;  // git's own limit

bool startsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

std::string_view withoutLineEnd(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

struct SmallFile {
  bool unreadable = false;  // it is a file of a fitting size, but cannot be read
  std::optional<std::string> text;
};

// O_NONBLOCK: a FIFO that a task put there must not hold us up.
SmallFile readFile(const std::string& path) {
  SmallFile file;
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return file;
  if (static_cast<uint64_t>(status.st_size) > kMaxGitFileBytes) return file;
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t count = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (count < 0) {
    file.unreadable = true;
    return file;
  }
  text.resize(static_cast<size_t>(count));
  file.text = std::move(text);
  return file;
}

bool isValidHead(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return false;
  if (S_ISLNK(status.st_mode)) {
    char target[6] = {};
    return ::readlink(path.c_str(), target, 5) == 5 && std::string_view(target) == "refs/";
  }
  const SmallFile head = readFile(path);
  if (!head.text) return false;
  std::string_view text = *head.text;
  Oid oid;
  if (text.size() >= 40 && parseOid(text.substr(0, 40), oid)) return true;
  if (!startsWith(text, "ref:")) return false;
  text.remove_prefix(4);
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t' || text[0] == '\n' || text[0] == '\r'))
    text.remove_prefix(1);
  return startsWith(text, "refs/");
}

bool isGitDirectory(const std::string& path) {
  if (!isValidHead(path + "/HEAD")) return false;
  std::string common = path;
  if (const auto file = readFile(path + "/commondir").text) {
    const std::string_view target = withoutLineEnd(*file);
    common = startsWith(target, "/") ? std::string(target) : path + '/' + std::string(target);
  }
  return ::access((common + "/objects").c_str(), X_OK) == 0 && ::access((common + "/refs").c_str(), X_OK) == 0;
}

}  // namespace

bool isNestedRepository(const std::string& path) {
  const std::string dotGit = path + "/.git";
  const SmallFile file = readFile(dotGit);
  if (file.unreadable) return true;
  if (!file.text) return isGitDirectory(dotGit);
  std::string_view text = withoutLineEnd(*file.text);
  if (!startsWith(text, "gitdir: ") || text.size() < 9) return false;
  text.remove_prefix(8);
  return isGitDirectory(startsWith(text, "/") ? std::string(text) : path + '/' + std::string(text));
}

}  // namespace coppice
