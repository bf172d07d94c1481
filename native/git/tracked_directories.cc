#include "tracked_directories.h"

namespace coppice {

namespace {

bool isBelow(std::string_view path, std::string_view directory) {
  return directory.empty() || (path.size() > directory.size() && path[directory.size()] == '/' &&
                               path.substr(0, directory.size()) == directory);
}

// The entries are sorted by path, so all below one directory stand together and a stack of open directories is enough.
class Sorter {
 public:
  explicit Sorter(const ExcludedPaths& excluded) : excluded_(excluded) {}

  void add(const std::string& path, size_t position) {
    while (!isBelow(path, directories_[open_.back()].path))
      open_.pop_back();
    for (;;) {
      const size_t above = directories_[open_.back()].path.size();
      const size_t start = above == 0 ? 0 : above + 1;
      const size_t slash = path.find('/', start);
      if (slash == std::string::npos) break;
      TrackedDirectory directory;
      directory.path = path.substr(0, slash);
      if (excluded_.names(directory.path)) return;
      directories_[open_.back()].subdirectories.push_back(std::string_view(path).substr(start, slash - start));
      directories_.push_back(std::move(directory));
      open_.push_back(directories_.size() - 1);
    }
    if (!excluded_.names(path)) directories_[open_.back()].files.push_back(static_cast<uint32_t>(position));
  }

  std::vector<TrackedDirectory> take() { return std::move(directories_); }

 private:
  const ExcludedPaths& excluded_;
  std::vector<TrackedDirectory> directories_{1};
  std::vector<size_t> open_{0};
};

}  // namespace

std::vector<TrackedDirectory> trackedDirectories(const IndexFile& index, const ExcludedPaths& excluded) {
  Sorter sorter(excluded);
  for (size_t position = 0; position < index.entries.size(); position++)
    sorter.add(index.entries[position].path, position);
  return sorter.take();
}

}  // namespace coppice
