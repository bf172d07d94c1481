// Paths of a worktree about which nothing is known: they, or what is below them, may differ from the tree that the
// worktree was brought to. Every path that is not here is as in that tree.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace coppice {

class Suspects {
 public:
  enum class Kind {
    kMode,  // the mode of a directory, and nothing else
    kAll,   // the path itself and everything below it
  };

  void add(std::string path, Kind kind = Kind::kAll);
  void add(const Suspects& others);

  // Whether a path, or a directory above it, is here as a whole.
  bool cover(std::string_view path) const;

  // Whether anything below a path is here.
  bool reach(std::string_view path) const;

  bool empty() const { return paths_.empty(); }
  size_t size() const { return paths_.size(); }
  auto begin() const { return paths_.begin(); }
  auto end() const { return paths_.end(); }

 private:
  std::map<std::string, Kind, std::less<>> paths_;
};

}  // namespace coppice
