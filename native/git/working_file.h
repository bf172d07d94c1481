// One file of a worktree as it is on disk, read so that what is returned was there as a whole.
#pragma once

#include <sys/stat.h>

#include <string>

#include "cancel.h"
#include "safe_path.h"

namespace coppice {

struct WorkingFile {
  enum class Kind { kFile, kSymlink, kDirectory, kSpecial, kTooBig, kGone, kUnreadable };
  Kind kind = Kind::kGone;
  struct stat status;  // lstat, unless gone or unreadable
  std::string bytes;   // a file's content or a link's target
};

// Never opens anything but a regular file, never follows a link. A file that changes while it is read is read again, up
// to four times; of one that never rests the last read counts (each read takes as many bytes as the file had when it
// began). `maxBytes`: a longer file is not read; 0: no limit.
WorkingFile readWorkingFile(const RootDirectory& root, const std::string& path, uint64_t maxBytes,
                            const Cancel& cancel);

}  // namespace coppice
