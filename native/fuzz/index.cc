// The index: its reader, its TREE extension, and both ways of writing it again.
// Input: an index without the 20 bytes of its checksum; zeros (index.skipHash) take their place, or nothing would get through.
#include "git/index_file.h"

#include "fuzz/target.h"
#include "git/cached_tree.h"
#include "git/index_splice.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

const std::string& indexPath() {
  static const test::TempDirectory folder;
  static const std::string path = folder.file("index");
  return path;
}

void write(const std::string& bytes) {
  FILE* file = fopen(indexPath().c_str(), "wb");
  must(file != nullptr && fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && fclose(file) == 0, "no file");
}

IndexFile readBack(const PageString& bytes) {
  write(std::string(bytes));
  try {
    return IndexFile::read(indexPath()).value();
  } catch (const Failure& failure) {
    throw Violation("what was written is not read: " + failure.message);
  }
}

bool same(const IndexEntry& a, const IndexEntry& b) {
  return a.path == b.path && a.mode == b.mode && a.oid == b.oid && a.stat == b.stat && a.stage == b.stage &&
         a.assumeUnchanged == b.assumeUnchanged && a.skipWorktree == b.skipWorktree && a.intentToAdd == b.intentToAdd;
}

void mustBeSame(const std::vector<IndexEntry>& wanted, const std::vector<IndexEntry>& found, const char* what) {
  must(wanted.size() == found.size(), std::string(what) + ": another number of entries");
  for (size_t i = 0; i < wanted.size(); i++) must(same(wanted[i], found[i]), std::string(what) + ": entry " + wanted[i].path);
}

// Every third path goes, every third is changed, and one comes.
void splice(const IndexFile& index) {
  std::vector<IndexEdit> edits;
  std::vector<IndexEntry> wanted;
  size_t number = 0;
  for (size_t at = 0; at < index.entries.size(); number++) {
    const IndexEntry& first = index.entries[at];
    size_t end = at + 1;
    while (end < index.entries.size() && index.entries[end].path == first.path) end++;
    IndexEntry changed = first;
    changed.stage = 0;
    changed.oid.id[0] ^= 1;
    if (number % 3 == 0) edits.push_back({first.path, std::nullopt});
    if (number % 3 == 1) edits.push_back({first.path, changed});
    if (number % 3 == 1) wanted.push_back(changed);
    if (number % 3 == 2) wanted.insert(wanted.end(), index.entries.begin() + static_cast<std::ptrdiff_t>(at),
                                       index.entries.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
  }
  IndexEntry last;
  last.path = (index.entries.empty() ? std::string() : index.entries.back().path) + "~";
  last.mode = kModeFile;
  edits.push_back({last.path, last});
  wanted.push_back(last);
  mustBeSame(wanted, readBack(splicedIndex(index, std::move(edits), {})).entries, "spliced");
}

}  // namespace

FUZZ_TARGET(index) {
  write(std::string(bytes) + std::string(20, '\0'));
  IndexFile index;
  if (!answers([&] { index = IndexFile::read(indexPath()).value(); })) return;
  for (const IndexEntry& entry : index.entries) must(!entry.path.empty(), "an entry without a path");
  if (index.treeExtension) {
    const bool whole = parseTreeExtension(*index.treeExtension) != nullptr;
    const auto without = invalidateTreeExtension(*index.treeExtension, {"a", "a/b/c", "dir/sub/c"});
    must(whole == without.has_value(), "a TREE extension is read only sometimes");
    if (without) must(invalidateTreeExtension(*without, {"a", "a/b/c", "dir/sub/c"}) == without, "invalidated twice");
  }
  mustBeSame(index.entries, readBack(serializeIndex(index)).entries, "serialized");
  splice(index);
}
