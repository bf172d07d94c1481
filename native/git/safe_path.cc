// Which names a repository path may have. The rules are git's verify_path with protectHFS and protectNTFS both on, on
// every platform: a repository that is written here is read elsewhere.
#include "safe_path.h"

#include <cstring>

#include "failure.h"
#include "oid.h"

namespace coppice {
namespace {

constexpr size_t kMaxPathBytes = 4096;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool startsWithFolded(std::string_view text, std::string_view lowerCasePrefix) {
  if (text.size() < lowerCasePrefix.size()) return false;
  for (size_t i = 0; i < lowerCasePrefix.size(); i++) {
    if (lower(text[i]) != lowerCasePrefix[i]) return false;
  }
  return true;
}

// NTFS drops dots and spaces at the end of a name, and what follows a colon names a stream of the file before it.
bool endsAsNtfsName(std::string_view rest) {
  for (const char c : rest) {
    if (c == ':') return true;
    if (c != '.' && c != ' ') return false;
  }
  return true;
}

bool isNtfsDotGit(std::string_view name) {
  for (const std::string_view spelling : {std::string_view(".git"), std::string_view("git~1")}) {
    if (startsWithFolded(name, spelling) && endsAsNtfsName(name.substr(spelling.size()))) return true;
  }
  return false;
}

// ".gitmodules", and the short names NTFS makes for it: "gitmod~1".."gitmod~4", then "gi7eba~1" and fellows.
bool isNtfsDotGitmodules(std::string_view name) {
  if (startsWithFolded(name, ".gitmodules")) return endsAsNtfsName(name.substr(11));
  if (startsWithFolded(name, "gitmod~") && name.size() >= 8 && name[7] >= '1' && name[7] <= '4')
    return endsAsNtfsName(name.substr(8));
  constexpr std::string_view kShortPrefix = "gi7eba";
  const size_t tilde = name.find('~');
  if (tilde == std::string_view::npos || tilde > kShortPrefix.size()) return false;
  if (!startsWithFolded(name, kShortPrefix.substr(0, tilde)) || name.size() < 8) return false;
  for (size_t i = tilde + 1; i < 8; i++) {
    if (name[i] < (i == tilde + 1 ? '1' : '0') || name[i] > '9') return false;
  }
  return endsAsNtfsName(name.substr(8));
}

// HFS+ ignores these code points when it compares names: all of U+200C..200F, 202A..202E, 206A..206F and U+FEFF, which
// are three bytes each in UTF-8.
bool isIgnoredByHfs(std::string_view three) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(three[i]); };
  if (byte(0) == 0xef) return byte(1) == 0xbb && byte(2) == 0xbf;
  if (byte(0) != 0xe2) return false;
  if (byte(1) == 0x80) return (byte(2) >= 0x8c && byte(2) <= 0x8f) || (byte(2) >= 0xaa && byte(2) <= 0xae);
  return byte(1) == 0x81 && byte(2) >= 0xaa && byte(2) <= 0xaf;
}

bool isHfsName(std::string_view name, std::string_view lowerCase) {
  size_t matched = 0;
  for (size_t i = 0; i < name.size();) {
    if (name.size() - i >= 3 && isIgnoredByHfs(name.substr(i, 3))) {
      i += 3;
      continue;
    }
    if (matched == lowerCase.size() || lower(name[i]) != lowerCase[matched]) return false;
    matched++;
    i++;
  }
  return matched == lowerCase.size();
}

bool isSafeComponent(std::string_view name, uint32_t mode) {
  if (name.empty() || name == "." || name == "..") return false;
  if (isHfsName(name, ".git") || isNtfsDotGit(name)) return false;
  return mode != kModeSymlink || !(isHfsName(name, ".gitmodules") || isNtfsDotGitmodules(name));
}

// On Windows a backslash parts components; there "a\.git\config" is a way in.
bool hasSafeParts(std::string_view component, uint32_t mode) {
  for (size_t start = component.find('\\'); start != std::string_view::npos;) {
    const size_t next = component.find('\\', start + 1);
    const std::string_view part = component.substr(start + 1, next == std::string_view::npos ? next : next - start - 1);
    if (isNtfsDotGit(part) || (mode == kModeSymlink && isNtfsDotGitmodules(part))) return false;
    start = next;
  }
  const std::string_view first = component.substr(0, component.find('\\'));
  return first.size() == component.size() || !isNtfsDotGit(first);
}

}  // namespace

bool isSafePath(std::string_view path, uint32_t mode) {
  if (path.empty() || path.size() > kMaxPathBytes || std::memchr(path.data(), '\0', path.size()) != nullptr)
    return false;
  for (size_t start = 0;;) {
    const size_t slash = path.find('/', start);
    const std::string_view component = path.substr(start, slash == std::string_view::npos ? slash : slash - start);
    if (!isSafeComponent(component, mode) || !hasSafeParts(component, mode)) return false;
    if (slash == std::string_view::npos) return true;
    start = slash + 1;
  }
}

void requireSafePath(std::string_view path, const char* operation, uint32_t mode) {
  if (isSafePath(path, mode)) return;
  fail(failure_code::kUnsafePath, operation,
       "this path must not be written: it could reach git's own files or leave the worktree", std::string(path));
}

}  // namespace coppice
