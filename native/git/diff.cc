// The changed files between two trees, and their patch as `git diff` prints it (no rename detection).
#include <git2.h>

#include <algorithm>
#include <new>

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

std::optional<std::string> patchOf(Handle& handle, const Oid& oldTreeOid, const Oid& newTreeOid, size_t maxBytes,
                                   const Cancel& cancel) {
  OwnedTree oldTree, newTree;
  check(git_tree_lookup(out(oldTree), handle.repository(), &oldTreeOid), "diff.patch");
  check(git_tree_lookup(out(newTree), handle.repository(), &newTreeOid), "diff.patch");
  git_diff_options options;
  check(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION), "diff.patch");
  options.flags |= GIT_DIFF_INDENT_HEURISTIC;
  OwnedDiff difference;
  check(git_diff_tree_to_tree(out(difference), handle.repository(), oldTree.get(), newTree.get(), &options), "diff.patch");

  Printing printing{{}, maxBytes, cancel};
  const int result = git_diff_print(difference.get(), GIT_DIFF_FORMAT_PATCH, appendLine, &printing);
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
  if (request.patch) reply.patch = patchOf(*handle, oldTreeOid, newTreeOid, request.maxPatchBytes, cancel);
  return reply;
}

}  // namespace coppice
