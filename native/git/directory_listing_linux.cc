// getdents64 into a buffer that is kept: readdir allocates 32 KiB and duplicates a descriptor for every directory.
#ifdef __linux__

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "directory_listing.h"

namespace coppice {

bool DirectoryListing::read(int directoryFd) {
  constexpr size_t kBufferBytes = 64u << 10;
  clear();
  buffer_.resize(kBufferBytes);
  for (;;) {
    const long bytes = ::syscall(SYS_getdents64, directoryFd, buffer_.data(), buffer_.size());
    if (bytes <= 0) return bytes == 0;
    for (long at = 0; at < bytes;) {
      // The kernel's record and glibc's dirent64 have the same layout.
      const auto* entry = reinterpret_cast<const dirent64*>(buffer_.data() + at);
      add(entry->d_name, entry->d_type, entry->d_ino);
      at += entry->d_reclen;
    }
  }
}

}  // namespace coppice

#endif
