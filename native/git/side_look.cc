#include "side_look.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "failure.h"
#include "object_store.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.look";

// .gitattributes files that the index does not name but that git would read, on the way to the changed paths.
std::vector<std::string> unindexedRuleFiles(const IndexFile& index, const std::vector<Change>& changes) {
  std::set<std::string> files;
  for (const Change& change : changes) {
    for (size_t end = change.path.rfind('/');; end = change.path.rfind('/', end - 1)) {
      const std::string directory = end == std::string::npos ? "" : change.path.substr(0, end + 1);
      if (!files.insert(directory + ".gitattributes").second || end == std::string::npos || end == 0) break;
    }
  }
  std::vector<std::string> unindexed;
  for (const std::string& file : files) {
    if (!index.find(file)) unindexed.push_back(file);
  }
  return unindexed;
}

bool changesRules(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (Attributes::isRuleFile(change.path)) return true;
  }
  return false;
}

Attributes rulesBefore(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes) {
  return Attributes::ofWorktree(session, site.gitDirectory, site.root, index, unindexedRuleFiles(index, changes));
}

// As git's own checkout: the rules of what is being written.
Attributes rulesAfter(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes,
                      const Attributes& before) {
  if (!changesRules(changes)) return before;
  std::map<std::string, TreeFile> files;
  for (const IndexEntry& entry : index.entries) {
    if (entry.stage == 0 && Attributes::isRuleFile(entry.path)) files[entry.path] = {entry.path, entry.mode, entry.oid};
  }
  for (const Change& change : changes) {
    if (!Attributes::isRuleFile(change.path)) continue;
    if (change.newMode == 0) {
      files.erase(change.path);
    } else {
      files[change.path] = {change.path, change.newMode, *change.newOid};
    }
  }
  std::vector<TreeFile> list;
  for (auto& [path, file] : files) list.push_back(file);
  return Attributes::ofTree(session, site.gitDirectory, list);
}

// nullopt: gone, or no regular file any more.
std::optional<std::string> readFile(const Place& place) {
  const OwnedFd fd(openat(place.folderFd, place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return std::nullopt;
  if (!fd) failSystem(kOperation, place.name);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) failSystem(kOperation, place.name);
  if (!S_ISREG(status.st_mode)) return std::nullopt;
  // One byte more than the file has, so that a file that grows meanwhile is seen to differ.
  std::string bytes(static_cast<size_t>(status.st_size) + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failSystem(kOperation, place.name);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

std::optional<std::string> readLink(const Place& place) {
  std::string target(4097, '\0');
  const ssize_t size = readlinkat(place.folderFd, place.name.c_str(), target.data(), target.size());
  if (size < 0) return std::nullopt;
  target.resize(static_cast<size_t>(size));
  return target;
}

}  // namespace

Side oldSideOf(const Change& change) { return {change.oldMode, change.oldMode ? change.oldOid.value() : Oid{}}; }
Side newSideOf(const Change& change) { return {change.newMode, change.newMode ? change.newOid.value() : Oid{}}; }

const char* reasonOf(Found found) {
  switch (found) {
    case Found::kNothing:
      return "deleted";
    case Found::kOtherKind:
    case Found::kDirectory:
      return "type-changed";
    default:
      return "modified";
  }
}

SideRules::SideRules(Session& session, const LandingSite& site, const IndexFile& indexFile, const std::vector<Change>& changes)
    : index(indexFile),
      before(rulesBefore(session, site, indexFile, changes)),
      after(rulesAfter(session, site, indexFile, changes, before)) {}

bool SideRules::needsFilter(const Change& change) const {
  const auto isRegular = [](uint32_t mode) { return mode == kModeFile || mode == kModeExecutable; };
  if (!isRegular(change.oldMode) && !isRegular(change.newMode)) return false;
  for (const Attributes* attributes : {&before, &after}) {
    const Conversion conversion = attributes->of(change.path);
    if (conversion.unsupportedToWorktree() || conversion.unsupportedToObject()) return true;
  }
  return false;
}

SideLook::SideLook(Session& session, const LandingSite& site, const SideRules& rules)
    : site_(site), rules_(rules), handle_(session.handle()) {}

std::string SideLook::converted(const Attributes& attributes, const std::string& path, const Oid& oid) {
  const auto blob = handle_->read(oid, GIT_OBJECT_BLOB).data;
  Attributes::Converted result = attributes.toWorktree(path, oid, *blob);
  if (result.unsupported) {
    fail(failure_code::kUnsupportedFilter, kOperation, std::string("needs an external ") + result.unsupported, path);
  }
  return result.bytes ? std::move(*result.bytes) : *blob;
}

std::string SideLook::bytesFor(const std::string& path, const Side& side) {
  if (side.mode == kModeSymlink) return *handle_->read(side.oid, GIT_OBJECT_BLOB).data;
  return converted(rules_.after, path, side.oid);
}

bool SideLook::sameContent(const std::string& path, const Side& side, const std::string& bytes) {
  if (hashObject(GIT_OBJECT_BLOB, bytes) == side.oid) return true;
  if (side.mode == kModeSymlink || (!rules_.before.any() && !rules_.after.any())) return false;
  const auto indexed = [&]() -> std::shared_ptr<const std::string> {
    const IndexEntry* entry = rules_.index.find(path);
    if (!entry || entry->mode == kModeGitlink) return nullptr;
    return handle_->read(entry->oid, GIT_OBJECT_BLOB).data;
  };
  const Attributes::Converted clean = rules_.before.toObject(path, bytes, indexed);
  if (clean.unsupported) {
    fail(failure_code::kUnsupportedFilter, kOperation, std::string("needs an external ") + clean.unsupported, path);
  }
  if (clean.bytes && hashObject(GIT_OBJECT_BLOB, *clean.bytes) == side.oid) return true;
  return bytes == converted(rules_.before, path, side.oid) || bytes == converted(rules_.after, path, side.oid);
}

Found SideLook::look(const Place& place, const std::string& path, const Side& side, struct stat* given) {
  struct stat own {};
  struct stat& status = given ? *given : own;
  if (fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Found::kNothing;
    failSystem(kOperation, path);
  }
  if (side.isGitlink()) return S_ISDIR(status.st_mode) ? Found::kSame : Found::kOtherKind;
  if (S_ISDIR(status.st_mode)) return Found::kDirectory;
  const bool link = side.mode == kModeSymlink && site_.settings.symlinks;
  if (side.isNothing() || (link ? !S_ISLNK(status.st_mode) : !S_ISREG(status.st_mode))) return Found::kOtherKind;
  const bool plainLink = side.mode == kModeSymlink && !link;
  if (!link && !plainLink && site_.settings.fileMode && ((status.st_mode & S_IXUSR) != 0) != (side.mode == kModeExecutable))
    return Found::kOtherContent;
  const auto bytes = link ? readLink(place) : readFile(place);
  if (!bytes) return Found::kOtherKind;
  return sameContent(path, side, *bytes) ? Found::kSame : Found::kOtherContent;
}

}  // namespace coppice
