#include "tracker.h"

namespace coppice {

namespace {

constexpr size_t kMaxSuspects = 1u << 16;  // looking at everything is cheaper then

bool sameTime(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

std::optional<FileMark> FileMark::of(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  FileMark mark;
  mark.device = status.st_dev;
  mark.inode = status.st_ino;
  mark.size = static_cast<uint64_t>(status.st_size);
#ifdef __APPLE__
  mark.modified = status.st_mtimespec;
  mark.changed = status.st_ctimespec;
#else
  mark.modified = status.st_mtim;
  mark.changed = status.st_ctim;
#endif
  return mark;
}

bool FileMark::operator==(const FileMark& other) const {
  return device == other.device && inode == other.inode && size == other.size && sameTime(modified, other.modified) &&
         sameTime(changed, other.changed);
}

bool Tracker::begin() {
  changing_ = true;
  watches_.reset();  // first: its watches count
  suspects_ = {};
  std::lock_guard<std::mutex> lock(lostMutex_);
  if (lostForGood_) return false;
  std::string why;
  watches_ = DirectoryWatches::open(root_, why);
  lost_.reset();
  if (!watches_) lost_ = why;
  return watches_ != nullptr;
}

void Tracker::watch(int directoryFd, const std::string& path) {
  std::string why;
  if (watches_ && !watches_->watch(directoryFd, path, why)) lose(why);
}

Suspects Tracker::drain() {
  Suspects fresh;
  std::string why;
  if (watches_ && !watches_->read(fresh, why)) lose(why);
  suspects_.add(fresh);
  if (suspects_.size() > kMaxSuspects) lose("too many paths changed");
  return fresh;
}

void Tracker::add(const Suspects& suspects) {
  suspects_.add(suspects);
}

void Tracker::proven(const Oid& treeOid, Suspects stillSuspect, const std::string& indexPath) {
  treeOid_ = treeOid;
  suspects_ = std::move(stillSuspect);
  indexMark_ = FileMark::of(indexPath);
  changing_ = false;
}

std::optional<std::string> Tracker::lost() const {
  std::lock_guard<std::mutex> lock(lostMutex_);
  if (lost_) return lost_;
  if (changing_) return "a reset of it was broken off";
  return std::nullopt;
}

bool Tracker::isBlind() const {
  std::lock_guard<std::mutex> lock(lostMutex_);
  return lost_.has_value();
}

void Tracker::lose(const std::string& why, bool forGood) {
  std::lock_guard<std::mutex> lock(lostMutex_);
  if (!lost_) lost_ = why;
  lostForGood_ = lostForGood_ || forGood;
}

std::shared_ptr<Tracker> Trackers::make(const std::string& name, const std::string& root) {
  auto tracker = std::make_shared<Tracker>(root);
  std::lock_guard<std::mutex> lock(mutex_);
  trackers_[name] = tracker;
  return tracker;
}

std::shared_ptr<Tracker> Trackers::find(const std::string& name) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = trackers_.find(name);
  return found == trackers_.end() ? nullptr : found->second;
}

void Trackers::drop(const std::string& name) {
  std::lock_guard<std::mutex> lock(mutex_);
  trackers_.erase(name);
}

}  // namespace coppice
