// Trees of small text files: how the ledger is written, read and listed.
#include "failure.h"
#include "operations.h"
#include "tree.h"

namespace coppice {

namespace {

// JavaScript strings cannot hold other bytes; replacing them silently would hand out a text that nobody wrote.
bool isUtf8(std::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  for (size_t at = 0; at < text.size();) {
    const unsigned char lead = byte(at);
    const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() - at < length) return false;
    for (size_t i = 1; i < length; i++) {
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    }
    const unsigned char second = length > 1 ? byte(at + 1) : 0;
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
        (lead == 0xf4 && second > 0x8f)) {
      return false;
    }
    at += length;
  }
  return true;
}

// The entry at `path`, or nullopt when a component is missing or not a directory.
std::optional<TreeEntry> entryAt(Handle& handle, const Oid& treeOid, std::string_view path, const Cancel& cancel) {
  Oid oid = treeOid;
  for (;;) {
    cancel.check("entryAt");
    const TreePtr tree = readTree(handle, oid);
    const size_t slash = path.find('/');
    const TreeEntry* entry = tree->find(path.substr(0, slash));
    if (entry == nullptr) return std::nullopt;
    TreeEntry found = *entry;
    found.name = {};  // it would point into a tree that the cache may drop
    if (slash == std::string_view::npos) return found;
    if (!found.isTree()) return std::nullopt;
    oid = found.oid;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

OidReply editTextTree(Session& session, const EditTreeRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  std::vector<TreeEdit> edits;
  edits.reserve(request.edits.size());
  for (const TextEdit& edit : request.edits) {
    cancel.check("editTextTree");
    TreeEdit treeEdit{edit.path, 0, {}};
    if (edit.text) {
      treeEdit.mode = kModeFile;
      treeEdit.oid = handle->write(GIT_OBJECT_BLOB, *edit.text);
    }
    edits.push_back(std::move(treeEdit));
  }
  // Without a tree to start from the result may be the empty tree, which then has to be an object like any other.
  const Oid start = request.treeOid ? *request.treeOid : writeTree(*handle, {});
  return {editTree(*handle, start, std::move(edits), cancel)};
}

TextReply readText(Session& session, const ReadTextRequest& request, const Cancel& cancel) {
  constexpr const char* kOperation = "readText";
  const HandleLease handle = session.handle();
  const Oid treeOid = treeOfTreeish(*handle, request.treeishOid);
  const auto entry = entryAt(*handle, treeOid, request.path, cancel);
  if (!entry || (entry->mode != kModeFile && entry->mode != kModeExecutable)) return {};
  const Handle::Read read = handle->read(entry->oid, GIT_OBJECT_BLOB);
  if (request.maxBytes > 0 && read.data->size() > request.maxBytes) {
    fail(failure_code::kLimit, kOperation, "the file is larger than " + std::to_string(request.maxBytes) + " bytes", request.path);
  }
  if (!isUtf8(*read.data)) fail(failure_code::kInvalid, kOperation, "the file is not UTF-8 text", request.path);
  return {*read.data};
}

PathsReply listTreePaths(Session& session, const ListTreeRequest& request, const Cancel& cancel) {
  const HandleLease handle = session.handle();
  Oid treeOid = treeOfTreeish(*handle, request.treeishOid);
  std::string prefix = request.prefix;
  if (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
  if (!prefix.empty()) {
    const auto entry = entryAt(*handle, treeOid, prefix, cancel);
    if (!entry) return {};
    if (!entry->isTree()) return {{prefix}};
    treeOid = entry->oid;
    prefix += '/';
  }
  PathsReply reply;
  const size_t atMost = request.maxEntries > 0 ? request.maxEntries : SIZE_MAX;
  for (const TreeFile& file : listTree(*handle, treeOid, cancel, atMost)) reply.paths.push_back(prefix + file.path);
  return reply;
}

}  // namespace coppice
