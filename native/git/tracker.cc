#include "tracker.h"

namespace coppice {

namespace {

constexpr size_t kMaxSuspects = 1u << 16;  // looking at everything is cheaper then

}  // namespace

bool Tracker::begin() {
  changing_ = true;
  watches_.reset();  // first: its watches count
  suspects_ = {};
  touched_ = {};
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
  touched_.add(fresh);
  if (suspects_.size() > kMaxSuspects) lose("too many paths changed");
  return fresh;
}

void Tracker::add(const Suspects& suspects) {
  suspects_.add(suspects);
}

void Tracker::proven(const Oid& treeOid, Suspects stillSuspect, const std::string& indexPath) {
  treeOid_ = treeOid;
  suspects_ = std::move(stillSuspect);
  touched_ = {};
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
