#include "fuzz/crafted_trees.h"

#include <algorithm>
#include <array>
#include <string>

#include "git/tree.h"

namespace coppice::fuzz {

namespace {

constexpr size_t kMaxObjects = 64, kMaxEntries = 64, kMaxFolders = 3000;

// Names that meet each other, and names that have been a way out somewhere. scripts/fuzz-seeds.mjs counts on the first eight.
constexpr std::array<std::string_view, 40> kNames = {
    "a", "b", "c", "dir", "file", "link", "a.txt", "b.txt", "A", "a-b", "a.", "DIR", ".git", ".GIT", ".git ", ".git.", "git~1",
    ".git::$INDEX_ALLOCATION", ".gitmodules", ".gitattributes", ".gitignore", "..", ".", "", "../a", "a/b", "/a", "a\\b",
    "..\\canary", ".g\xe2\x80\x8cit", "\xef\xbb\xbf.git", "con", "config", "hooks", "canary", "secret", "\xff\xfe", "\xc3\xa9",
    "e\xcc\x81", "a\nb"};
constexpr std::array<uint32_t, 8> kModes = {kModeFile, kModeFile, kModeExecutable, kModeSymlink, kModeTree, kModeTree, kModeGitlink, 0100664};
// What a link may lead to: out, to the canary, to itself, to git's files.
constexpr std::array<std::string_view, 8> kTexts = {"../canary", "../canary/secret", "..", ".", "/", ".git", "a", "dir/../../canary"};

}  // namespace

Crafted::Crafted(Handle& handle, std::string_view bytes) : handle_(handle), source_(bytes) {
  const unsigned options = source_.byte();
  portable = options & 1;
  content = options & 2;
  objects_.push_back(handle.write(GIT_OBJECT_BLOB, ""));
  for (const std::string_view text : kTexts) objects_.push_back(handle.write(GIT_OBJECT_BLOB, std::string(text)));
  while (!source_.empty() && objects_.size() < kMaxObjects) {
    const unsigned kind = source_.byte() % 6;
    if (kind == 5) break;
    addObject(kind);
  }
  base = tree(source_.byte());
  ours = tree(source_.byte());
  theirs = tree(source_.byte());
}

void Crafted::addObject(unsigned kind) {
  if (kind == 0) objects_.push_back(handle_.write(GIT_OBJECT_BLOB, std::string(source_.shortText())));
  if (kind == 1) addLines();
  if (kind == 2) addTree();
  if (kind == 3) {
    trees_.push_back(handle_.write(GIT_OBJECT_TREE, std::string(source_.longText())));
    objects_.push_back(trees_.back());
  }
  if (kind == 4) addFolders();
}

void Crafted::addLines() {
  std::vector<std::string> lines(source_.byte());
  for (size_t i = 0; i < lines.size(); i++) lines[i] = "line " + std::to_string(i) + "\n";
  for (size_t changes = source_.byte() % 16; changes > 0; changes--) {
    const size_t which = source_.byte();
    const char c = static_cast<char>(source_.byte());
    if (which < lines.size()) lines[which] = std::string(1, c) + "\n";
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  objects_.push_back(handle_.write(GIT_OBJECT_BLOB, text));
}

void Crafted::addTree() {
  std::vector<TreeEntry> entries(source_.byte() % kMaxEntries);
  for (TreeEntry& entry : entries) {
    entry.mode = kModes[source_.byte() % kModes.size()];
    entry.name = name();
    entry.oid = object(source_.byte());
  }
  const auto before = [](const TreeEntry& a, const TreeEntry& b) { return compareEntries(a, b) < 0; };
  const auto equal = [](const TreeEntry& a, const TreeEntry& b) { return a.name == b.name; };
  std::sort(entries.begin(), entries.end(), before);
  entries.erase(std::unique(entries.begin(), entries.end(), equal), entries.end());
  trees_.push_back(handle_.write(GIT_OBJECT_TREE, serializeTree(entries)));
  objects_.push_back(trees_.back());
}

void Crafted::addFolders() {
  Oid oid = tree(0);
  const std::string_view folder = name();
  for (size_t depth = source_.number() % kMaxFolders; depth > 0; depth--) {
    TreeEntry entry;
    entry.mode = kModeTree;
    entry.name = folder;
    entry.oid = oid;
    oid = handle_.write(GIT_OBJECT_TREE, serializeTree({entry}));
  }
  trees_.push_back(oid);
  objects_.push_back(oid);
}

std::string_view Crafted::name() {
  const size_t which = source_.byte();
  return which >= 200 ? source_.shortText() : kNames[which % kNames.size()];
}

Oid Crafted::object(size_t back) const {
  return back < objects_.size() ? objects_[objects_.size() - 1 - back] : Oid{};
}

Oid Crafted::tree(size_t number) const {
  return trees_.empty() ? kEmptyTreeOid : trees_[trees_.size() - 1 - number % trees_.size()];
}

}  // namespace coppice::fuzz
