// The names in one directory with their kinds, in a buffer that is used again for the next directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

class DirectoryListing {
 public:
  // "." and ".." are left out. The descriptor stays the caller's and must not have been read before. False with errno
  // set when the directory could not be read to its end.
  bool read(int directoryFd);
  // Only those of the names that are there.
  bool readNamed(int directoryFd, const std::vector<std::string>& names);
  bool readPortable(int directoryFd);  // readdir; public so that the test compares both

  size_t size() const { return entries_.size(); }
  std::string_view name(size_t i) const {
    return {names_.data() + entries_[i].offset, entries_[i].length};
  }                                                                // NUL follows
  unsigned char type(size_t i) const { return entries_[i].type; }  // DT_*, DT_UNKNOWN on some filesystems
  uint64_t inode(size_t i) const { return entries_[i].inode; }       // 0: not read

 private:
  struct Entry {
    size_t offset;
    size_t length;
    unsigned char type;
    uint64_t inode;
  };
  void clear();
  void add(const char* name, unsigned char type, uint64_t inode = 0);

  std::string names_;
  std::vector<Entry> entries_;
  std::vector<char> buffer_;
};

}  // namespace coppice
