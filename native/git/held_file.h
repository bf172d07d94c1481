// A small file that a living process holds with flock, so that others can ask whether its owner lives. It goes with its owner;
// what a dead owner left is taken by whoever finds it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "owned.h"

namespace coppice {

class HeldFile {
 public:
  // A new, empty file `directory`/`prefix`<random>. The directory is made when missing. Throws UNSUPPORTED_REPOSITORY where
  // flock does not work.
  static HeldFile make(const std::string& directory, const std::string& prefix);

  // The file of a dead owner, to clear up after him; nullopt when he lives, or there is no such file.
  static std::optional<HeldFile> ofDead(const std::string& directory, const std::string& name);

  HeldFile() noexcept = default;
  HeldFile(HeldFile&& other) noexcept : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
  HeldFile& operator=(HeldFile&& other) noexcept;
  ~HeldFile() { remove(); }

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }  // empty: none
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }
  bool isSameFileAs(const std::string& path) const;
  // Whether link(2) gave it a second name that is still there.
  bool hasOtherName() const;
  void remove() noexcept;
  // Lets go without removing it: it is somebody else's business.
  void leave() noexcept;

 private:
  std::string path_;
  OwnedFd fd_;
};

}  // namespace coppice
