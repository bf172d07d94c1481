// The names of one directory that the index knows: as a file, as a directory with files below, or (unmerged) as both.
#pragma once

#include <string_view>
#include <vector>

namespace coppice {

class KnownNames {
 public:
  enum class OnDisk { kAbsent, kFile, kDirectory };

  void clear() { names_.clear(); }
  void addFile(std::string_view name, OnDisk there) { names_.push_back({name, true, there}); }
  void addDirectory(std::string_view name) { names_.push_back({name, false, OnDisk::kAbsent}); }
  void sort();

  // What the index has under a name that is there: `settled` when its file is, so that nothing else need be asked.
  struct Found {
    bool settled = false;
    bool file = false;
    bool directory = false;
  };
  Found find(std::string_view name) const;

  // On a filesystem that folds case, a file whose name differs from the index's in case only is that file.
  bool holdInOtherCase(int directoryFd, std::string_view name) const;

 private:
  struct Known {
    std::string_view name;
    bool file;
    OnDisk there;
  };
  std::vector<Known> names_;
};

}  // namespace coppice
