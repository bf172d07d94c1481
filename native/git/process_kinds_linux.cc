// Reading /proc/<pid>/stat, and keeping what it said.
#ifdef __linux__

#include <unistd.h>

#include <charconv>

#include "process_kinds.h"

namespace coppice {
namespace {

// Of the kernel's "stat": the command is the second field, stands in parentheses and may hold anything.
constexpr int kCommandField = 2;
constexpr int kFlagsField = 9;
constexpr int kStartField = 22;
constexpr uint64_t kKernelThreadFlag = 0x00200000;
constexpr size_t kMostForEach = 4;  // numbers of processes that ended stay until there are so many for each that runs

uint64_t numberIn(std::string_view stat, int field) {
  size_t at = stat.rfind(')');
  for (int i = kCommandField; i < field && at != std::string_view::npos; i++)
    at = stat.find(' ', at + 1);
  uint64_t number = 0;
  if (at != std::string_view::npos) std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), number);
  return number;
}

}  // namespace

uint64_t processStart(std::string_view stat) {
  return numberIn(stat, kStartField);
}

std::optional<ProcessKind> processKind(std::string_view stat, uint64_t since) {
  if (stat.rfind(')') == std::string_view::npos) return std::nullopt;
  if (numberIn(stat, kFlagsField) & kKernelThreadFlag) return ProcessKind::kKernel;
  return processStart(stat) < since ? ProcessKind::kOlder : ProcessKind::kNewer;
}

std::optional<ProcessKind> ProcessKinds::find(uint64_t pid, uint64_t inode) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = known_.find(pid);
  if (found == known_.end() || found->second.inode != inode) return std::nullopt;
  return found->second.kind;
}

void ProcessKinds::keep(uint64_t pid, uint64_t inode, ProcessKind kind) {
  std::lock_guard<std::mutex> lock(mutex_);
  known_[pid] = {inode, kind};
}

void ProcessKinds::begin(size_t processes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (owner_ != ::getpid() || known_.size() > kMostForEach * processes) known_.clear();
  owner_ = ::getpid();
}

}  // namespace coppice

#endif
