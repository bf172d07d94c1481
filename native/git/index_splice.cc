#include "index_splice.h"

#include <algorithm>
#include <string_view>

#include "failure.h"

namespace coppice {
namespace {

constexpr size_t kSizeField = 36;  // of an entry: behind ctime, mtime, device, inode, mode, uid and gid

struct PathLess {
  bool operator()(const IndexEntry& entry, const std::string& path) const { return entry.path < path; }
  bool operator()(const std::string& path, const IndexEntry& entry) const { return path < entry.path; }
};

class Splice {
 public:
  Splice(const IndexFile& index, const std::vector<size_t>& distrusted, size_t extraBytes)
      : index_(index), distrusted_(distrusted) {
    bytes_.reserve(index.source->size() + extraBytes);
  }

  void begin(size_t entries) { appendIndexHeader(bytes_, index_.version, entries); }

  // The entries from `from` to before `to` become `entry`.
  void replace(size_t from, size_t to, const IndexEntry* entry) {
    copyUpTo(from);
    if (entry) {
      appendIndexEntry(bytes_, *entry, index_.version, before_);
      before_ = entry->path;
    }
    next_ = to;
    // In version 4 the next one builds on the path before it, which is still there only when it was replaced by itself.
    rebuildNext_ = !(entry && from < to);
  }

  PageString end(const std::vector<std::string>& touched) && {
    copyUpTo(index_.entries.size());
    std::optional<std::string> tree = index_.treeExtension;
    if (tree) tree = invalidateTreeExtension(*tree, touched);
    appendIndexEnd(bytes_, tree, index_.optionalExtensions);
    return std::move(bytes_);
  }

 private:
  size_t offsetOf(size_t i) const { return i < index_.entries.size() ? index_.entries[i].offset : index_.sourceEnd; }

  void copyUpTo(size_t to) {
    if (next_ >= to) return;
    if (index_.version == 4 && rebuildNext_) rebuild();
    const size_t from = offsetOf(next_), start = bytes_.size();
    bytes_.append(*index_.source, from, offsetOf(to) - from);
    for (; distrust_ < distrusted_.size() && distrusted_[distrust_] < to; distrust_++) {
      bytes_.replace(start + offsetOf(distrusted_[distrust_]) - from + kSizeField, 4, 4, '\0');
    }
    before_ = index_.entries[to - 1].path;
    next_ = to;
    rebuildNext_ = false;
  }

  void rebuild() {
    IndexEntry entry = index_.entries[next_];
    if (distrust_ < distrusted_.size() && distrusted_[distrust_] == next_) {
      entry.stat.size = 0;
      distrust_++;
    }
    appendIndexEntry(bytes_, entry, index_.version, before_);
    before_ = index_.entries[next_++].path;
  }

  const IndexFile& index_;
  const std::vector<size_t>& distrusted_;
  PageString bytes_;
  std::string_view before_;  // the path of the entry written last
  size_t next_ = 0;          // the first entry that is not written yet
  size_t distrust_ = 0;
  bool rebuildNext_ = false;
};

bool needsVersion3(const std::vector<IndexEdit>& edits) {
  return std::any_of(edits.begin(), edits.end(), [](const IndexEdit& edit) {
    return edit.entry && (edit.entry->skipWorktree || edit.entry->intentToAdd);
  });
}

// What splicedIndex does, entry by entry.
PageString rebuiltIndex(IndexFile index, const std::vector<IndexEdit>& edits, const std::vector<size_t>& distrusted,
                         const std::vector<std::string>& touched) {
  for (const size_t i : distrusted) index.entries[i].stat.size = 0;
  const auto isEdited = [&](const IndexEntry& entry) { return std::binary_search(touched.begin(), touched.end(), entry.path); };
  index.entries.erase(std::remove_if(index.entries.begin(), index.entries.end(), isEdited), index.entries.end());
  for (const IndexEdit& edit : edits) {
    if (edit.entry) index.entries.push_back(*edit.entry);
  }
  std::stable_sort(index.entries.begin(), index.entries.end(),
                   [](const IndexEntry& a, const IndexEntry& b) { return a.path < b.path; });
  if (index.treeExtension) index.treeExtension = invalidateTreeExtension(*index.treeExtension, touched);
  return serializeIndex(index);
}

}  // namespace

PageString splicedIndex(const IndexFile& index, std::vector<IndexEdit> edits, const std::vector<size_t>& distrusted) {
  std::sort(edits.begin(), edits.end(), [](const IndexEdit& a, const IndexEdit& b) { return a.path < b.path; });
  std::vector<std::string> touched;
  size_t extraBytes = 0;
  for (const IndexEdit& edit : edits) {
    if (!touched.empty() && touched.back() == edit.path) {
      fail(failure_code::kInvalid, "indexFile.splice", "two edits of one path", edit.path);
    }
    touched.push_back(edit.path);
    extraBytes += 96 + edit.path.size();
  }
  // Without bytes to copy, or when every entry may have to change its form.
  if (!index.source || (index.version == 2 && needsVersion3(edits))) return rebuiltIndex(index, edits, distrusted, touched);

  struct Range {
    size_t from, to;
  };
  std::vector<Range> ranges;
  size_t count = index.entries.size();
  for (const IndexEdit& edit : edits) {
    const auto [from, to] = std::equal_range(index.entries.begin(), index.entries.end(), edit.path, PathLess());
    ranges.push_back({static_cast<size_t>(from - index.entries.begin()), static_cast<size_t>(to - index.entries.begin())});
    count = count - (ranges.back().to - ranges.back().from) + (edit.entry ? 1 : 0);
  }
  Splice splice(index, distrusted, extraBytes);
  splice.begin(count);
  for (size_t i = 0; i < edits.size(); i++) {
    splice.replace(ranges[i].from, ranges[i].to, edits[i].entry ? &*edits[i].entry : nullptr);
  }
  return std::move(splice).end(touched);
}

}  // namespace coppice
