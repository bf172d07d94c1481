#include "suspect_view.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>

#include "entry_at.h"
#include "tree.h"

namespace coppice {

namespace {

using IsDirectory = std::function<bool(const std::string&)>;

std::string directoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

// The paths that are looked at: none below another, and each in a directory that is tracked.
class Points {
 public:
  Points(const RootDirectory& root, const ExcludedPaths& excluded, IsDirectory isDirectory)
      : root_(root), excluded_(excluded), isDirectory_(std::move(isDirectory)) {}

  std::set<std::string> of(const Suspects& suspects) {
    for (const auto& [path, kind] : suspects)
      if (!excluded_.cover(path)) add(path, kind);
    for (auto point = points_.begin(); point != points_.end();)
      point = isBelowAnother(*point) ? points_.erase(point) : std::next(point);
    return std::move(points_);
  }

  bool isTracked(const std::string& directory) {
    const auto known = tracked_.find(directory);
    if (known != tracked_.end()) return known->second;
    return tracked_[directory] = isDirectory_(directory);
  }

 private:
  void add(const std::string& path, Suspects::Kind kind) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      const std::string above = path.substr(0, slash);
      if (isTracked(above)) continue;
      points_.insert(above);
      return;
    }
    // A directory that can still be read is what it was.
    const bool readable = kind == Suspects::Kind::kMode && isTracked(path) &&
                          ::faccessat(root_.get(), path.c_str(), R_OK | X_OK, AT_EACCESS) == 0;
    if (!readable) points_.insert(path);
  }

  bool isBelowAnother(const std::string& point) const {
    for (size_t slash = point.find('/'); slash != std::string::npos; slash = point.find('/', slash + 1))
      if (points_.count(point.substr(0, slash))) return true;
    return false;
  }

  const RootDirectory& root_;
  const ExcludedPaths& excluded_;
  const IsDirectory isDirectory_;
  std::unordered_map<std::string, bool> tracked_;
  std::set<std::string> points_;
};

std::vector<TrackedDirectory> directoriesOf(const IndexFile& index, const std::set<std::string>& points,
                                            const ExcludedPaths& excluded, Points& known) {
  std::map<std::string, TrackedDirectory> holders;
  std::vector<TrackedDirectory> directories;
  for (const std::string& point : points) {
    TrackedDirectory& holder = holders[directoryOf(point)];
    if (!holder.only) holder.only.emplace();
    holder.only->emplace_back(RootDirectory::baseName(point));
    auto entry = std::partition_point(index.entries.begin(), index.entries.end(),
                                      [&](const IndexEntry& entry) { return entry.path < point; });
    for (; entry != index.entries.end() && entry->path == point; ++entry)
      holder.files.push_back(static_cast<uint32_t>(entry - index.entries.begin()));
    if (!known.isTracked(point)) continue;
    for (TrackedDirectory& below : trackedDirectoriesBelow(index, excluded, point))
      directories.push_back(std::move(below));
  }
  for (auto& [path, holder] : holders) {
    holder.path = path;
    for (const std::string& name : *holder.only)
      if (known.isTracked(path.empty() ? name : path + '/' + name)) holder.subdirectories.push_back(name);
    directories.push_back(std::move(holder));
  }
  return directories;
}

void addEntry(IndexFile& index, std::string path, uint32_t mode, const Oid& oid) {
  IndexEntry entry;
  entry.path = std::move(path);
  entry.mode = mode;
  entry.oid = oid;
  index.entries.push_back(std::move(entry));
}

}  // namespace

SuspectView viewOfTree(Handle& handle, const Oid& treeOid, const RootDirectory& root, const Suspects& suspects,
                       const std::vector<std::string>& exclude, const Cancel& cancel) {
  const ExcludedPaths excluded(exclude);
  Points known(root, excluded,
               [&](const std::string& path) { return entryAt(handle, treeOid, path).mode == kModeTree; });
  const std::set<std::string> points = known.of(suspects);
  SuspectView view;
  for (const std::string& point : points) {
    const MergeEntry entry = entryAt(handle, treeOid, point);
    if (entry.mode == kModeTree) {
      for (const TreeFile& file : listTree(handle, entry.oid, cancel))
        addEntry(view.index, point + '/' + file.path, file.mode, file.oid);
    } else if (entry) {
      addEntry(view.index, point, entry.mode, entry.oid);
    }
  }
  std::sort(view.index.entries.begin(), view.index.entries.end(),
            [](const IndexEntry& a, const IndexEntry& b) { return a.path < b.path; });
  view.directories = directoriesOf(view.index, points, excluded, known);
  return view;
}

std::vector<TrackedDirectory> viewOfIndex(const IndexFile& index, const RootDirectory& root, const Suspects& suspects,
                                          const std::vector<std::string>& exclude) {
  const ExcludedPaths excluded(exclude);
  Points known(root, excluded, [&](const std::string& path) {
    const auto [from, to] = entriesBelow(index, path);
    return from != to;
  });
  const std::set<std::string> points = known.of(suspects);
  return directoriesOf(index, points, excluded, known);
}

}  // namespace coppice
