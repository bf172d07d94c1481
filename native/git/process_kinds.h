// What is known of the machine's processes from earlier looks at them, so that a look need not ask each of them again when it
// began. Linux.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace coppice {

enum class ProcessKind {
  kKernel,  // a thread of the kernel: it holds nothing
  kOlder,   // began before this process
  kNewer,   // began in the same clock tick or after it
};

// Threads may share one.
class ProcessKinds {
 public:
  // `inode`: of the process's directory in /proc. A new process has another one, even where it has the number of one that
  // ended.
  std::optional<ProcessKind> find(uint64_t pid, uint64_t inode) const;
  void keep(uint64_t pid, uint64_t inode, ProcessKind kind);

  // Before a look at so many processes. A child of the process that knew something knows nothing.
  void begin(size_t processes);

 private:
  struct Known {
    uint64_t inode;
    ProcessKind kind;
  };
  mutable std::mutex mutex_;
  std::unordered_map<uint64_t, Known> known_;
  pid_t owner_ = 0;
};

// From the content of /proc/<pid>/stat. `since`: when this process began. nullopt: the process is gone.
std::optional<ProcessKind> processKind(std::string_view stat, uint64_t since);

// The clock tick since the boot at which a process began; 0: it is gone.
uint64_t processStart(std::string_view stat);

}  // namespace coppice
