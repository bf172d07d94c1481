#include "ignore.h"

#include <fcntl.h>

#include "failure.h"

namespace coppice {

namespace {

// As newer versions of git: a bigger list is no list.
constexpr size_t kMaxFileBytes = 100u << 20;

std::optional<IgnoreRules> rulesFrom(std::optional<std::string> text) {
  if (!text) return std::nullopt;
  IgnoreRules rules(*text);
  if (rules.empty()) return std::nullopt;
  return rules;
}

std::optional<std::string> readOpenFile(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<uint64_t>(status.st_size) > kMaxFileBytes) return std::nullopt;
  std::string text(static_cast<size_t>(status.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    const ssize_t count = ::read(fd, text.data() + have, text.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  text.resize(have);
  return text;
}

// The user's own lists may be links, and one that cannot be read is none: git warns and goes on.
std::optional<IgnoreRules> readRules(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return file ? rulesFrom(readOpenFile(file.get())) : std::nullopt;
}

std::string parentOf(const std::string& directory) {
  const size_t slash = directory.rfind('/');
  return slash == std::string::npos ? std::string() : directory.substr(0, slash);
}

}  // namespace

Ignore::Ignore(const RootDirectory& root, WorktreeSettings settings, ReadAbsent readAbsent)
    : root_(root),
      settings_(std::move(settings)),
      readAbsent_(std::move(readAbsent)),
      infoExclude_(readRules(settings_.infoExclude)),
      excludesFile_(readRules(settings_.excludesFile)) {}

// A .gitignore that is a link is not read: git does not either, and it could lead out of the worktree.
std::optional<IgnoreRules> Ignore::readDirectoryRules(const std::string& directory) {
  const std::string path = directory.empty() ? ".gitignore" : directory + "/.gitignore";
  const OwnedFd file = root_.openFile(path, O_RDONLY);
  return rulesFrom(file ? readOpenFile(file.get()) : readAbsent_(path));
}

std::shared_ptr<const Ignore::Scope> Ignore::scopeOf(const std::string& directory) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = scopes_.find(directory);
    if (found != scopes_.end()) return found->second;
  }
  // Two threads may read the same file; the first one's answer stays.
  auto scope = makeScope(directory);
  std::lock_guard<std::mutex> lock(mutex_);
  return scopes_.emplace(directory, std::move(scope)).first->second;
}

std::shared_ptr<const Ignore::Scope> Ignore::makeScope(const std::string& directory) {
  auto scope = std::make_shared<Scope>();
  scope->depth = directory.empty() ? 0 : directory.size() + 1;
  if (!directory.empty()) {
    scope->parent = scopeOf(parentOf(directory));
    scope->ignored = scope->parent->ignored || decide(*scope->parent, directory, true);
  }
  if (!scope->ignored) scope->rules = readDirectoryRules(directory);
  return scope;
}

bool Ignore::decide(const Scope& scope, std::string_view path, bool isDirectory) const {
  for (const Scope* at = &scope; at != nullptr; at = at->parent.get()) {
    if (!at->rules) continue;
    if (const auto said = at->rules->decide(path.substr(at->depth), isDirectory, settings_.ignoreCase)) return *said;
  }
  for (const auto* list : {&infoExclude_, &excludesFile_}) {
    if (!*list) continue;
    if (const auto said = (*list)->decide(path, isDirectory, settings_.ignoreCase)) return *said;
  }
  return false;
}

bool Ignore::isIgnored(const std::string& directory, std::string_view name, bool isDirectory) {
  const auto scope = scopeOf(directory);
  if (scope->ignored) return true;
  std::string path = directory.empty() ? std::string() : directory + '/';
  path += name;
  return decide(*scope, path, isDirectory);
}

}  // namespace coppice
