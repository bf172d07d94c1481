// Paths that an operation must not look at, with everything below them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace coppice {

class ExcludedPaths {
 public:
  explicit ExcludedPaths(const std::vector<std::string>& paths) {
    for (std::string path : paths) {
      while (!path.empty() && path.back() == '/')
        path.pop_back();
      if (!path.empty()) paths_.insert(std::move(path));
    }
  }

  bool empty() const { return paths_.empty(); }
  bool names(const std::string& path) const { return !paths_.empty() && paths_.count(path) > 0; }

  // Whether the path or a directory above it is named.
  bool cover(std::string_view path) const {
    if (paths_.empty()) return false;
    for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
      if (paths_.count(std::string(path.substr(0, end)))) return true;
      if (end == std::string_view::npos) return false;
    }
  }

 private:
  std::unordered_set<std::string> paths_;
};

}  // namespace coppice
