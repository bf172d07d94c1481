// A new version of a tree with some files set or removed. Only the directories on the way to an edit are read and written.
#include <algorithm>

#include "failure.h"
#include "session.h"
#include "tree.h"

namespace coppice {

namespace {

constexpr size_t kMaxPathBytes = 4096;

// '/' before every other byte, so that all edits below a directory are neighbours ("a", "a/b", "a-b").
bool pathBefore(const TreeEdit& a, const TreeEdit& b) {
  const auto key = [](char character) -> int { return character == '/' ? 0 : static_cast<unsigned char>(character); };
  return std::lexicographical_compare(a.path.begin(), a.path.end(), b.path.begin(), b.path.end(),
                                      [&](char x, char y) { return key(x) < key(y); });
}

void checkEdit(const TreeEdit& edit) {
  const std::string& path = edit.path;
  if (path.empty() || path.size() > kMaxPathBytes || path.find('\0') != std::string::npos) {
    fail(failure_code::kInvalid, "editTree", "a path is empty, too long or holds a NUL byte", path);
  }
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = std::string_view(path).substr(start, end - start);
    if (name.empty() || name == "." || name == "..") {
      fail(failure_code::kUnsafePath, "editTree", "a path has an empty, \".\" or \"..\" component", path);
    }
    start = end + 1;
  }
  switch (edit.mode) {
    case 0:
    case kModeFile:
    case kModeExecutable:
    case kModeSymlink:
    case kModeGitlink:
      return;
    default:
      fail(failure_code::kInvalid, "editTree", "a mode that no file has", path);
  }
}

class Editing {
 public:
  using Edits = std::vector<TreeEdit>::const_iterator;

  Editing(Handle& handle, const Cancel& cancel) : handle_(handle), cancel_(cancel) {}

  // The new oid of a directory, or null when nothing is left in it. All edits lie below it: their paths from `offset` on are
  // relative to it.
  std::optional<Oid> directory(const Oid* treeOid, Edits from, Edits to, size_t offset) {
    cancel_.check("editTree");
    const TreePtr tree = treeOid ? readTree(handle_, *treeOid) : std::make_shared<const Tree>();
    std::vector<TreeEntry> changed;  // what the edited names become
    std::vector<std::string_view> names;
    while (from != to) {
      const std::string_view rest = std::string_view(from->path).substr(offset);
      const std::string_view name = rest.substr(0, rest.find('/'));
      const Edits end = std::find_if(from, to, [&](const TreeEdit& edit) {
        const std::string_view other = std::string_view(edit.path).substr(offset);
        return other.substr(0, other.find('/')) != name;
      });
      names.push_back(name);
      edited(*tree, name, from, end, offset, changed);
      from = end;
    }
    return finish(*tree, treeOid, names, changed);
  }

 private:
  // Edits of one name: of the file itself (they come first) and of what lies below.
  void edited(const Tree& tree, std::string_view name, Edits from, Edits to, size_t offset, std::vector<TreeEntry>& changed) {
    const TreeEntry* present = tree.find(name);
    const bool wasDirectory = present && present->isTree();
    std::optional<TreeEntry> file;
    if (present && !wasDirectory) file = *present;
    const Edits below = std::find_if(from, to, [&](const TreeEdit& edit) { return edit.path.size() > offset + name.size(); });
    if (below != from) {
      const TreeEdit& last = *(below - 1);  // of several edits of one path the last counts
      file.reset();
      if (last.mode != 0) file = TreeEntry{name, last.mode, last.oid};
    }
    std::optional<Oid> directoryOid;
    if (wasDirectory) directoryOid = present->oid;
    if (below != to) {
      directoryOid = directory(wasDirectory ? &present->oid : nullptr, below, to, offset + name.size() + 1);
    }
    if (file && directoryOid) {
      fail(failure_code::kInvalid, "editTree", "a file and a directory of one name", from->path.substr(0, offset + name.size()));
    }
    if (file) changed.push_back(*file);
    if (directoryOid) changed.push_back({name, kModeTree, *directoryOid});
  }

  std::optional<Oid> finish(const Tree& tree, const Oid* treeOid, std::vector<std::string_view>& names,
                            std::vector<TreeEntry>& changed) {
    std::sort(names.begin(), names.end());
    std::vector<TreeEntry> entries;
    entries.reserve(tree.entries.size() + changed.size());
    for (const TreeEntry& entry : tree.entries) {
      if (!std::binary_search(names.begin(), names.end(), entry.name)) entries.push_back(entry);
    }
    entries.insert(entries.end(), changed.begin(), changed.end());
    std::sort(entries.begin(), entries.end(), [](const TreeEntry& a, const TreeEntry& b) { return compareEntries(a, b) < 0; });
    if (entries.empty()) return std::nullopt;
    const auto same = [](const TreeEntry& a, const TreeEntry& b) { return a.name == b.name && sameObject(a, b); };
    if (treeOid && std::equal(entries.begin(), entries.end(), tree.entries.begin(), tree.entries.end(), same)) return *treeOid;
    return writeTree(handle_, entries, treeOid);
  }

  Handle& handle_;
  const Cancel& cancel_;
};

}  // namespace

Oid editTree(Handle& handle, const Oid& treeOid, std::vector<TreeEdit> edits, const Cancel& cancel) {
  for (const TreeEdit& edit : edits) checkEdit(edit);
  if (edits.empty()) return treeOid;
  std::stable_sort(edits.begin(), edits.end(), pathBefore);
  const auto edited = Editing(handle, cancel).directory(&treeOid, edits.cbegin(), edits.cend(), 0);
  return edited ? *edited : writeTree(handle, {}, &treeOid);
}

}  // namespace coppice
