#include "session_packs.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "commit.h"
#include "failure.h"
#include "lock_file.h"
#include "pack_writer.h"
#include "random_name.h"
#include "safe_path.h"
#include "session.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "flush.keep";
constexpr std::string_view kFirstWords = "coppice session ";
constexpr std::string_view kReadyIndexPrefix = "coppice_idx_";
constexpr const char* kOwnerPrefix = "session-";
constexpr size_t kMaxKeepBytes = 4096;

bool endsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The name of the owner's held file, or "" when the .keep is not ours.
std::string ownerOf(const std::string& keepPath) {
  std::optional<std::string> text;
  try {
    text = readSmallFile(keepPath, kMaxKeepBytes);
  } catch (const Failure&) {
    return {};  // too long or unreadable: not one of ours
  }
  if (!text || text->rfind(kFirstWords, 0) != 0 || text->back() != '\n') return {};
  const std::string name = text->substr(kFirstWords.size(), text->size() - kFirstWords.size() - 1);
  const bool valid = name.rfind(kOwnerPrefix, 0) == 0 && name.find('/') == std::string::npos;
  return valid ? name : std::string();
}

std::vector<std::string> namesOf(const std::string& folder) {
  const OwnedFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return {};
  if (!directory) failSystem(kOperation, folder);
  return namesIn(directory.get(), folder);
}

// The index first, as git since 2.42: whoever sees an index may count on its pack. It goes to where it lay before the pack was published,
// so that a death on the way leaves what PackWriter::removeUnpublished knows. True: all are gone.
bool removeFiles(const std::string& packDirectory, const std::string& name) {
  const std::string path = packDirectory + "/" + name, index = PackWriter::readyIndexPath(packDirectory, name);
  bool gone = ::rename((path + ".idx").c_str(), index.c_str()) == 0 || errno == ENOENT;
  for (const std::string& file : {path + ".rev", path + ".pack", index, path + ".keep"}) {
    gone = (::unlink(file.c_str()) == 0 || errno == ENOENT) && gone;
  }
  return gone;
}

}  // namespace

PackInMaking::PackInMaking(SessionPacks& packs) : packs_(packs), name_(SessionPacks::newName()) { packs_.writeKeep(name_); }

PackInMaking::~PackInMaking() {
  if (!accepted_) removeFiles(packs_.directory(), name_);
}

SessionPacks::~SessionPacks() {
  for (SessionPack& pack : packs_) removeKeep(pack);
  for (const std::string& name : retired_) removeFiles(directory(), name);
}

std::unique_lock<std::mutex> SessionPacks::turn(std::mutex& mutex, const Cancel& cancel) {
  // Polled, so that an abort is seen while another flush waits for the disk; a flush takes longer than a pause. Rejected:
  // std::timed_mutex, whose lock the thread sanitizer does not see.
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  for (; !lock.owns_lock(); static_cast<void>(lock.try_lock())) {
    cancel.check("flush");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return lock;
}

std::string SessionPacks::newName() {
  std::string name = "pack-";
  while (name.size() < 5 + 40) name += randomName();
  name.resize(5 + 40);
  return name;
}

void SessionPacks::beginKeeping() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!owner_.path().empty()) return;
  HeldFile owner = HeldFile::make(locksDirectory(commonDirectory_), kOwnerPrefix);
  const std::string text = std::string(kFirstWords) + owner.name() + "\n";
  writeAll(owner.fd(), text.data(), text.size(), owner.path());
  if (::fsync(owner.fd()) != 0) failSystem(kOperation, owner.path());
  owner_ = std::move(owner);
}

void SessionPacks::writeKeep(const std::string& name) {
  beginKeeping();
  // A second name of the held file: nothing to write, and nothing to sync that is not on disk already.
  const std::string keepPath = pathOf(name) + ".keep";
  if (::link(owner_.path().c_str(), keepPath.c_str()) == 0) return;
  if (errno != EPERM && errno != ENOTSUP && errno != EMLINK && errno != EXDEV) failSystem(kOperation, keepPath);
  // Should we die before the rename, its ending has the next session find it and its owner.
  const std::string temporary = directory() + "/coppice_" + randomName() + ".keep";
  writeNewFile(temporary, std::string(kFirstWords) + owner_.name() + "\n", 0444, true);
  if (::rename(temporary.c_str(), keepPath.c_str()) == 0) return;
  const int number = errno;
  ::unlink(temporary.c_str());
  errno = number;
  failSystem(kOperation, keepPath);
}

void SessionPacks::removeDead(const std::string& commonDirectory) {
  const std::string locks = locksDirectory(commonDirectory);
  const std::string packDirectory = commonDirectory + "/objects/pack";
  for (const std::string& name : namesOf(packDirectory)) {
    if (!endsWith(name, ".keep")) continue;
    const std::string keepPath = packDirectory + "/" + name;
    const std::string owner = ownerOf(keepPath);
    if (owner.empty()) continue;
    const auto dead = HeldFile::ofDead(locks, owner);
    const bool gone = ::access((locks + "/" + owner).c_str(), F_OK) != 0 && errno == ENOENT;
    if (!dead && !gone) continue;
    PackWriter::removeUnpublished(packDirectory, name.substr(0, name.size() - std::string_view(".keep").size()));
    ::unlink(keepPath.c_str());
  }
  // Of a pack that was to go, a death has left this. One in the making has its .keep, and one that is there its index.
  for (const std::string& name : namesOf(packDirectory)) {
    if (name.rfind(kReadyIndexPrefix, 0) != 0) continue;
    const std::string pack = name.substr(kReadyIndexPrefix.size());
    if (::access((packDirectory + "/" + pack + ".keep").c_str(), F_OK) != 0 && errno == ENOENT) PackWriter::removeUnpublished(packDirectory, pack);
  }
  for (const std::string& name : namesOf(locks)) {
    if (name.rfind(kOwnerPrefix, 0) == 0) HeldFile::ofDead(locks, name);  // taken and removed
  }
}

void SessionPacks::add(SessionPack pack) {
  std::lock_guard<std::mutex> lock(mutex_);
  packs_.push_back(std::move(pack));
}

void SessionPacks::replace(const std::vector<std::string>& names, const std::string& name, uint64_t bytes) {
  SessionPack fresh{name, bytes, true, {}, false};
  std::lock_guard<std::mutex> lock(mutex_);
  const auto isReplaced = [&](const SessionPack& pack) { return std::find(names.begin(), names.end(), pack.name) != names.end(); };
  for (SessionPack& pack : packs_) {
    if (!isReplaced(pack)) continue;
    fresh.unreached.merge(pack.unreached);
    fresh.untilClose = fresh.untilClose || pack.untilClose;
  }
  packs_.erase(std::remove_if(packs_.begin(), packs_.end(), isReplaced), packs_.end());
  packs_.insert(packs_.begin(), std::move(fresh));
  retired_.insert(retired_.end(), names.begin(), names.end());
}

std::vector<std::string> SessionPacks::retired() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return retired_;
}

void SessionPacks::removeRetired() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (; !retired_.empty(); retired_.pop_back()) {
    if (!removeFiles(directory(), retired_.back())) failSystem(kOperation, pathOf(retired_.back()));
  }
}

void SessionPacks::forget(const std::vector<std::string>& names) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto isGone = [&](const SessionPack& pack) { return std::find(names.begin(), names.end(), pack.name) != names.end(); };
  for (SessionPack& pack : packs_) {
    if (isGone(pack)) removeKeep(pack);
  }
  packs_.erase(std::remove_if(packs_.begin(), packs_.end(), isGone), packs_.end());
}

std::vector<SessionPack> SessionPacks::list() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return packs_;
}

uint32_t SessionPacks::count() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<uint32_t>(packs_.size() + retired_.size());
}

void SessionPacks::removeKeep(SessionPack& pack) noexcept {
  if (std::exchange(pack.guarded, false)) ::unlink((pathOf(pack.name) + ".keep").c_str());
}

bool SessionPacks::eraseUnreached(const Oid& commitOid) {
  std::lock_guard<std::mutex> lock(mutex_);
  bool known = false;
  for (SessionPack& pack : packs_) known = pack.unreached.erase(commitOid) > 0 || known;
  return known;
}

void SessionPacks::reached(Handle& handle, const Oid& commitOid) {
  // Only through commits that are waiting themselves: what was reached before does not change it for anything behind it.
  std::vector<Oid> next{commitOid};
  while (!next.empty()) {
    const Oid oid = next.back();
    next.pop_back();
    if (!eraseUnreached(oid)) continue;
    const Handle::Read read = handle.read(oid);
    if (read.type != GIT_OBJECT_COMMIT) continue;
    for (const Oid& parentOid : parentsOf(*read.data)) next.push_back(parentOid);
  }
  releaseReached();
}

void SessionPacks::releaseReached() noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  for (SessionPack& pack : packs_) {
    if (!pack.untilClose && pack.unreached.empty()) removeKeep(pack);
  }
}

}  // namespace coppice
