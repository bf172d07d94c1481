#include "tracked_directories.h"

#include <algorithm>

namespace coppice {

namespace {

bool isBelow(std::string_view path, std::string_view directory) {
  return directory.empty() || (path.size() > directory.size() && path[directory.size()] == '/' &&
                               path.substr(0, directory.size()) == directory);
}

// The entries are sorted by path, so all below one directory stand together and a stack of open directories is enough.
class Sorter {
 public:
  Sorter(const ExcludedPaths& excluded, const std::string& top) : excluded_(excluded) { directories_[0].path = top; }

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
  return trackedDirectoriesBelow(index, excluded, "");
}

std::vector<TrackedDirectory> trackedDirectoriesBelow(const IndexFile& index, const ExcludedPaths& excluded,
                                                      const std::string& path) {
  Sorter sorter(excluded, path);
  const auto [from, to] = entriesBelow(index, path);
  for (size_t position = from; position < to; position++)
    sorter.add(index.entries[position].path, position);
  return sorter.take();
}

std::pair<size_t, size_t> entriesBelow(const IndexFile& index, const std::string& directory) {
  if (directory.empty()) return {0, index.entries.size()};
  const std::string prefix = directory + '/';
  const auto before = [&](const IndexEntry& entry) { return entry.path < prefix; };
  const auto upTo = [&](const IndexEntry& entry) { return entry.path.compare(0, prefix.size(), prefix) <= 0; };
  const auto first = std::partition_point(index.entries.begin(), index.entries.end(), before);
  const auto last = std::partition_point(first, index.entries.end(), upTo);
  return {static_cast<size_t>(first - index.entries.begin()), static_cast<size_t>(last - index.entries.begin())};
}

}  // namespace coppice
