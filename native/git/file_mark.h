// A file as it was at a moment: another mark, another file or content.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

namespace coppice {

struct FileMark {
  uint64_t device = 0, inode = 0, size = 0;
  timespec modified{}, changed{};

  // nullopt: there is no regular file. `follow`: a link stands for what it leads to.
  static std::optional<FileMark> of(const std::string& path, bool follow = false);
  bool operator==(const FileMark& other) const;
};

}  // namespace coppice
