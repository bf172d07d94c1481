#include "commit.h"

#include <algorithm>
#include <cstdio>
#include <unordered_set>

#include "failure.h"
#include "operations.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "commit";
constexpr int kMaxOffsetMinutes = 99 * 60 + 59;  // what "+hhmm" can say

// Git's own list (ident.c): these are cut off at both ends of a name and of an email address.
bool isCrud(char character) {
  return static_cast<unsigned char>(character) <= 32 || std::string_view(".,:;<>\"\\'").find(character) != std::string_view::npos;
}

std::string sanitized(std::string_view text) {
  while (!text.empty() && isCrud(text.front())) text.remove_prefix(1);
  while (!text.empty() && isCrud(text.back())) text.remove_suffix(1);
  std::string clean;
  std::copy_if(text.begin(), text.end(), std::back_inserter(clean),
               [](char character) { return character != '\n' && character != '<' && character != '>'; });
  return clean;
}

void refuseNul(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) fail(failure_code::kInvalid, kOperation, std::string("a NUL byte in the ") + what);
}

std::string cleaned(const std::string& message) {
  refuseNul(message, "message");
  const size_t end = message.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  size_t start = message.find_first_not_of(" \t\r\n");
  // Blank lines go, the indentation of the first line that says something stays.
  start = message.rfind('\n', start) == std::string::npos ? 0 : message.rfind('\n', start) + 1;
  return message.substr(start, end - start + 1) + "\n";
}

void requireType(Handle& handle, const Oid& oid, git_object_t wanted) {
  size_t size = 0;
  git_object_t found = GIT_OBJECT_INVALID;
  const int result = git_odb_read_header(&size, &found, handle.odb(), &oid);
  if (result == GIT_ENOTFOUND) fail(failure_code::kNotFound, kOperation, "object " + toHex(oid) + " is not in the repository");
  check(result, kOperation, toHex(oid));
  if (found != wanted) {
    fail(failure_code::kInvalid, kOperation, toHex(oid) + " is not a " + git_object_type2string(wanted));
  }
}

}  // namespace

std::string identityLine(const Person& person, const char* role) {
  refuseNul(person.name, "name");
  refuseNul(person.email, "email address");
  const std::string name = sanitized(person.name);
  if (name.empty()) {
    fail(failure_code::kInvalid, kOperation, std::string("the name of the ") + role + " is empty once git's rules are applied",
         person.name);
  }
  const int offset = person.offsetMinutes < 0 ? -person.offsetMinutes : person.offsetMinutes;
  if (person.timeSeconds < 0 || person.offsetMinutes < -kMaxOffsetMinutes || person.offsetMinutes > kMaxOffsetMinutes) {
    fail(failure_code::kInvalid, kOperation, std::string("the date of the ") + role + " is outside of what git can hold");
  }
  char zone[16];
  std::snprintf(zone, sizeof zone, "%c%02d%02d", person.offsetMinutes < 0 ? '-' : '+', offset / 60, offset % 60);
  return name + " <" + sanitized(person.email) + "> " + std::to_string(person.timeSeconds) + " " + zone;
}

std::string commitBytes(const CommitRequest& request) {
  std::string bytes = "tree " + toHex(request.treeOid) + "\n";
  std::unordered_set<Oid, OidHash, OidEqual> parents;
  for (const Oid& parentOid : request.parentOids) {
    if (!parents.insert(parentOid).second) continue;
    bytes += "parent " + toHex(parentOid) + "\n";
  }
  bytes += "author " + identityLine(request.author, "author") + "\n";
  bytes += "committer " + identityLine(request.committer, "committer") + "\n\n";
  return bytes + cleaned(request.message);
}

Oid treeOf(std::string_view commitBytes) {
  Oid oid{};
  if (commitBytes.substr(0, 5) != "tree " || !parseOid(commitBytes.substr(5, 40), oid)) {
    fail(failure_code::kCorrupt, kOperation, "a commit does not name its tree");
  }
  return oid;
}

std::vector<Oid> parentsOf(std::string_view commitBytes) {
  constexpr std::string_view kParent = "parent ";
  constexpr size_t kTreeLine = 46;
  treeOf(commitBytes);
  std::vector<Oid> parents;
  for (size_t at = kTreeLine; at < commitBytes.size() && commitBytes.substr(at, kParent.size()) == kParent; at += 48) {
    Oid oid{};
    if (!parseOid(commitBytes.substr(at + kParent.size(), 40), oid)) {
      fail(failure_code::kCorrupt, kOperation, "a commit does not name its parents");
    }
    parents.push_back(oid);
  }
  return parents;
}

OidReply commit(Session& session, const CommitRequest& request, const Cancel& cancel) {
  std::string bytes = commitBytes(request);
  const HandleLease handle = session.handle();
  if (request.treeOid != kEmptyTreeOid) requireType(*handle, request.treeOid, GIT_OBJECT_TREE);
  for (const Oid& parentOid : request.parentOids) {
    cancel.check(kOperation);
    requireType(*handle, parentOid, GIT_OBJECT_COMMIT);
  }
  return {handle->write(GIT_OBJECT_COMMIT, std::move(bytes))};
}

}  // namespace coppice
