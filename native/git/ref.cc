// Reading refs: one, or all below a prefix.
#include "ref.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "failure.h"
#include "operations.h"
#include "packed_refs.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr size_t kMaxLooseBytes = 64 * 1024;
constexpr size_t kMaxRefs = 2'000'000;
constexpr size_t kMaxDepth = 128;

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

[[noreturn]] void corrupt(const std::string& path) {
  fail(failure_code::kCorrupt, "readRef", "the ref holds neither an object name nor the name of a ref", path);
}

std::string linkTarget(const std::string& path) {
  char target[4096];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) failSystem("readRef", path);
  return std::string(target, static_cast<size_t>(size));
}

// Nothing set: not there, or a directory of refs.
RefValue readLoose(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    failSystem("readRef", path);
  }
  if (S_ISDIR(status.st_mode)) return {};
  if (S_ISLNK(status.st_mode)) return {std::nullopt, linkTarget(path)};  // how old gits wrote symbolic refs
  const auto text = readSmallFile(path, kMaxLooseBytes);
  if (!text) return {};
  constexpr std::string_view kSymbolic = "ref:";
  if (text->rfind(kSymbolic, 0) == 0) {
    size_t start = kSymbolic.size();
    size_t end = text->size();
    while (start < end && isSpace((*text)[start])) start++;
    while (end > start && isSpace((*text)[end - 1])) end--;
    if (start == end) corrupt(path);
    return {std::nullopt, text->substr(start, end - start)};
  }
  Oid oid{};
  if (!parseOid(std::string_view(*text).substr(0, 40), oid) || (text->size() > 40 && !isSpace((*text)[40]))) corrupt(path);
  return {oid, std::nullopt};
}

bool isValidName(const std::string& refName) {
  int valid = 0;
  check(git_reference_name_is_valid(&valid, refName.c_str()), "refName", refName);
  return valid != 0;
}

bool endsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

class LooseWalk {
 public:
  LooseWalk(std::string root, std::string prefix, const Cancel& cancel)
      : root_(std::move(root)), prefix_(std::move(prefix)), cancel_(cancel) {}

  // `directory` is "refs/coppice": below the root, without a final slash.
  void walk(const std::string& directory, size_t depth) {
    cancel_.check("listRefs");
    if (depth > kMaxDepth) fail(failure_code::kLimit, "listRefs", "refs are nested too deep", directory);
    const std::string path = root_ + "/" + directory;
    const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return;  // gone meanwhile, or a ref
    if (!fd) failSystem("listRefs", path);
    for (const std::string& name : namesIn(fd.get(), path)) visit(directory + "/" + name, depth);
  }

  std::map<std::string, RefValue> refs;

 private:
  void visit(const std::string& name, size_t depth) {
    const bool above = prefix_.compare(0, name.size() + 1, name + "/") == 0;
    if (!above && name.compare(0, prefix_.size(), prefix_) != 0) return;
    struct stat status;
    if (::lstat((root_ + "/" + name).c_str(), &status) != 0) return;  // gone meanwhile: packed, or deleted
    if (S_ISDIR(status.st_mode)) return walk(name, depth + 1);
    if (above || endsWith(name, ".lock") || !isValidName(name)) return;
    const RefValue value = readLoose(root_ + "/" + name);
    if (!value.exists()) return;
    if (refs.size() >= kMaxRefs) fail(failure_code::kLimit, "listRefs", "more than two million refs");
    refs[name] = value;
  }

  std::string root_, prefix_;
  const Cancel& cancel_;
};

}  // namespace

void requireRefName(const std::string& refName, const char* operation) {
  bool known = refName == "HEAD" || refName.rfind("refs/", 0) == 0;
  // Each worktree has its own of these, in a folder that their name alone does not tell.
  for (const char* own : {"refs/bisect/", "refs/worktree/", "refs/rewritten/"}) known = known && refName.rfind(own, 0) != 0;
  if (!known || refName.size() > 1024 || refName.find('\0') != std::string::npos || !isValidName(refName)) {
    fail(failure_code::kInvalid, operation, "not a full and valid ref name", refName);
  }
}

std::string RefPlace::pathOf(const std::string& refName) const {
  return (refName == "HEAD" ? gitDirectory : commonDirectory) + "/" + refName;
}

std::string RefPlace::logPathOf(const std::string& refName) const {
  return (refName == "HEAD" ? gitDirectory : commonDirectory) + "/logs/" + refName;
}

RefValue readRef(const RefPlace& place, const std::string& refName) {
  requireRefName(refName, "readRef");
  // In this order: git packs a ref before it deletes the loose file.
  RefValue value = readLoose(place.pathOf(refName));
  if (!value.exists() && refName != "HEAD") value.oid = PackedRefs::read(place.commonDirectory).find(refName);
  return value;
}

std::vector<Ref> listRefs(const RefPlace& place, const std::string& prefix, const Cancel& cancel) {
  if (prefix.rfind("refs/", 0) != 0 || prefix.find("//") != std::string::npos || prefix.find("/.") != std::string::npos ||
      prefix.find('\0') != std::string::npos) {
    fail(failure_code::kInvalid, "listRefs", "not the start of a ref name", prefix);
  }
  LooseWalk walk(place.commonDirectory, prefix, cancel);
  walk.walk("refs", 0);
  PackedRefs::read(place.commonDirectory).each([&](std::string_view name, const Oid& oid) {
    if (name.substr(0, prefix.size()) == prefix) walk.refs.emplace(std::string(name), RefValue{oid, std::nullopt});
  });
  std::vector<Ref> refs;
  for (const auto& [name, value] : walk.refs) {
    if (value.oid) refs.push_back({name, *value.oid});
  }
  return refs;
}

RefsReply listRefs(Session& session, const ListRefsRequest& request, const Cancel& cancel) {
  return {listRefs(RefPlace{session.commonDirectory(), session.commonDirectory()}, request.prefix, cancel)};
}

}  // namespace coppice
