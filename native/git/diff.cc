// The changed files between two trees, and their patch as `git diff` prints it (no rename detection). Our own comparison comes first
// and bounds what libgit2 is asked for: it goes through every file of both trees, also through the folders that are the same, and a few
// trees that hold each other have more files than anybody can wait for.
#include <git2.h>

#include <algorithm>
#include <new>

#include "failpoint.h"
#include "operations.h"
#include "owned.h"

namespace coppice {
namespace {

struct Printing {
  std::string text;
  size_t maxBytes;
  const Cancel& cancel;
  bool tooLarge = false;
};

// Git ends a name that has a space with a tab, so that patch(1) does not take what follows for a date; libgit2 does not.
void appendHeader(std::string_view header, std::string& text) {
  while (!header.empty()) {
    const size_t length = std::min(header.find('\n'), header.size());
    const std::string_view line = header.substr(0, length);
    header.remove_prefix(std::min(length + 1, header.size()));
    const std::string_view mark = line.substr(0, 4);
    const bool spaced = (mark == "--- " || mark == "+++ ") && line.find(' ', 4) != std::string_view::npos;
    text.append(line).append(spaced ? "\t\n" : "\n");
  }
}

// Called by libgit2 for each piece of the patch; nothing may be thrown through it.
int appendLine(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* payload) noexcept {
  Printing& printing = *static_cast<Printing*>(payload);
  const bool marked = line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
                      line->origin == GIT_DIFF_LINE_DELETION;
  printing.tooLarge = printing.text.size() + line->content_len + marked > printing.maxBytes;
  if (printing.tooLarge || printing.cancel.isSet()) return GIT_EUSER;
  try {
    if (line->origin == GIT_DIFF_LINE_FILE_HDR) {
      appendHeader({line->content, line->content_len}, printing.text);
    } else {
      if (marked) printing.text.push_back(line->origin);
      printing.text.append(line->content, line->content_len);
    }
  } catch (const std::bad_alloc&) {
    printing.tooLarge = true;
    return GIT_EUSER;
  }
  return 0;
}

// What each change of a file's content must take at least, with `diff.noprefix` too: "diff --git <path> <path>\n".
bool mustBeTooLarge(const std::vector<Change>& changes, size_t maxBytes) {
  constexpr size_t kWordsBytes = 13;
  size_t least = 0;
  for (const Change& change : changes) {
    if (change.oldOid && change.newOid && *change.oldOid == *change.newOid) continue;  // a mode of an older git may be no change
    least += kWordsBytes + 2 * change.path.size();
    if (least > maxBytes) return true;
  }
  return false;
}

// The paths for libgit2. None where one is of a gitlink: for those it reads the paths as patterns, whatever it is told.
std::vector<char*> onlyPaths(const std::vector<Change>& changes) {
  std::vector<char*> paths;
  for (const Change& change : changes) {
    if (change.oldMode == kModeGitlink || change.newMode == kModeGitlink) return {};
    paths.push_back(const_cast<char*>(change.path.c_str()));  // git_strarray has no const; nothing is written there
  }
  return paths;
}

// Called by libgit2 for each entry that it comes to.
int cancelled(const git_diff*, const char*, const char*, void* payload) noexcept {
  return static_cast<const Cancel*>(payload)->isSet() ? GIT_EUSER : 0;
}

std::optional<std::string> patchOf(Handle& handle, const Oid& oldTreeOid, const Oid& newTreeOid,
                                   const std::vector<Change>& changes, size_t maxBytes, const Cancel& cancel) {
  if (changes.empty()) return std::string();
  if (mustBeTooLarge(changes, maxBytes)) return std::nullopt;
  OwnedTree oldTree, newTree;
  check(git_tree_lookup(out(oldTree), handle.repository(), &oldTreeOid), "diff.patch");
  check(git_tree_lookup(out(newTree), handle.repository(), &newTreeOid), "diff.patch");
  git_diff_options options;
  check(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION), "diff.patch");
  options.flags |= GIT_DIFF_INDENT_HEURISTIC | GIT_DIFF_DISABLE_PATHSPEC_MATCH;
  std::vector<char*> paths = onlyPaths(changes);
  options.pathspec = {paths.data(), paths.size()};
  options.progress_cb = cancelled;
  options.payload = const_cast<Cancel*>(&cancel);
  OwnedDiff difference;
  int result = git_diff_tree_to_tree(out(difference), handle.repository(), oldTree.get(), newTree.get(), &options);
  if (result < 0) cancel.check("diff.patch");
  check(result, "diff.patch");

  Printing printing{{}, maxBytes, cancel};
  result = git_diff_print(difference.get(), GIT_DIFF_FORMAT_PATCH, appendLine, &printing);
  if (result < 0) {
    cancel.check("diff.patch");
    if (printing.tooLarge) return std::nullopt;
    check(result, "diff.patch");
  }
  return std::move(printing.text);
}

}  // namespace

DiffReply diff(Session& session, const DiffRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  const Oid oldTreeOid = treeOfTreeish(*handle, request.oldTreeishOid);
  const Oid newTreeOid = treeOfTreeish(*handle, request.newTreeishOid);
  DiffReply reply;
  reply.changes = diffTrees(*handle, oldTreeOid, newTreeOid, cancel);
  failpoint("diff.compared");
  if (request.patch) reply.patch = patchOf(*handle, oldTreeOid, newTreeOid, reply.changes, request.maxPatchBytes, cancel);
  return reply;
}

}  // namespace coppice
