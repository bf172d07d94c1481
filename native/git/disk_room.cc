#include "disk_room.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "failure.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "diskRoom.take";
constexpr uint64_t kReserveShare = 20;  // at most one part in so many

std::string megabytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

[[noreturn]] void refuse(const std::string& needed, const std::string& free, const std::string& directory) {
  fail(failure_code::kNoSpace, kOperation, "a worktree needs " + needed + ", of " + free, directory);
}

}  // namespace

DiskRoom::Promise::~Promise() {
  const std::lock_guard<std::mutex> lock(room_.mutex_);
  RoomNeeded& promised = room_.promised_[device_];
  promised.bytes -= needed_.bytes;
  promised.files -= needed_.files;
}

std::unique_ptr<DiskRoom::Promise> DiskRoom::take(const std::string& directory, RoomNeeded needed, uint64_t reserveBytes) {
  struct stat status;
  struct statvfs filesystem;
  if (::stat(directory.c_str(), &status) != 0 || ::statvfs(directory.c_str(), &filesystem) != 0)
    failSystem(kOperation, directory);
  const uint64_t block = filesystem.f_frsize;
  const uint64_t reserve = std::min(reserveBytes, filesystem.f_blocks * block / kReserveShare);
  const uint64_t freeBytes = filesystem.f_bavail * block;
  const std::lock_guard<std::mutex> lock(mutex_);
  RoomNeeded& promised = promised_[status.st_dev];
  if (needed.bytes + promised.bytes + reserve > freeBytes) {
    std::string rest = megabytes(freeBytes) + " that are free, " + megabytes(reserve) + " stay in reserve";
    if (promised.bytes > 0) rest += " and " + megabytes(promised.bytes) + " are promised to others";
    refuse(megabytes(needed.bytes), rest, directory);
  }
  // Some filesystems have no fixed number of inodes and say 0.
  if (filesystem.f_files > 0 && needed.files + promised.files > filesystem.f_favail) {
    refuse(std::to_string(needed.files) + " inodes", std::to_string(filesystem.f_favail) + " that are free", directory);
  }
  promised.bytes += needed.bytes;
  promised.files += needed.files;
  return std::make_unique<Promise>(*this, status.st_dev, needed);
}

}  // namespace coppice
