// Looks up a commit or branch by name. Never a revision expression: user text in libgit2's revparse can walk history, search
// messages and accept abbreviations that become ambiguous later.
#include "failure.h"
#include "operations.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "resolve";
constexpr size_t kMaxNameBytes = 4096;

bool startsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

bool isValidRefName(const std::string& name) {
  int valid = 0;
  check(git_reference_name_is_valid(&valid, name.c_str()), kOperation, name);
  return valid != 0;
}

// Fills in what `oid` is, through tags; a file leaves all of it empty. False: it names nothing here.
bool describeObject(Handle& handle, const Oid& oid, ResolveReply& reply) {
  OwnedObject object;
  int result = git_object_lookup(out(object), handle.repository(), &oid, GIT_OBJECT_ANY);
  if (result == GIT_ENOTFOUND) return false;
  check(result, kOperation, toHex(oid));
  OwnedObject tree;
  result = git_object_peel(out(tree), object.get(), GIT_OBJECT_TREE);
  if (result == GIT_EPEEL || result == GIT_EINVALIDSPEC) return true;
  check(result, kOperation, toHex(oid));
  reply.treeOid = *git_object_id(tree.get());
  OwnedObject peeled;
  result = git_object_peel(out(peeled), object.get(), GIT_OBJECT_COMMIT);
  if (result == GIT_EPEEL || result == GIT_EINVALIDSPEC) return true;
  check(result, kOperation, toHex(oid));
  reply.commitOid = *git_object_id(peeled.get());
  OwnedCommit commit;
  check(git_commit_lookup(out(commit), handle.repository(), &*reply.commitOid), kOperation, toHex(oid));
  for (unsigned i = 0; i < git_commit_parentcount(commit.get()); i++) {
    reply.parentOids.push_back(*git_commit_parent_id(commit.get(), i));
  }
  reply.message = git_commit_message(commit.get());
  reply.timeSeconds = git_commit_time(commit.get());
  return true;
}

// False: there is no such ref. An unborn HEAD is there, and names its branch.
bool describeRef(Handle& handle, const std::string& name, ResolveReply& reply) {
  OwnedReference ref;
  int result = git_reference_lookup(out(ref), handle.repository(), name.c_str());
  if (result == GIT_ENOTFOUND) return false;
  check(result, kOperation, name);
  std::string fullName = name;
  if (git_reference_type(ref.get()) == GIT_REFERENCE_SYMBOLIC) {
    fullName = git_reference_symbolic_target(ref.get());
    OwnedReference resolved;
    result = git_reference_resolve(out(resolved), ref.get());
    if (result != GIT_ENOTFOUND) {
      check(result, kOperation, name);
      fullName = git_reference_name(resolved.get());
      ref = std::move(resolved);
    }
  }
  if (startsWith(fullName, "refs/heads/")) reply.refName = fullName;
  if (git_reference_type(ref.get()) != GIT_REFERENCE_DIRECT) return true;
  // A ref is not "not there" because its object cannot be found: whoever took it for unborn would begin anew in its place.
  if (!describeObject(handle, *git_reference_target(ref.get()), reply))
    fail(failure_code::kCorrupt, kOperation, "the ref names an object that the repository does not have", fullName);
  return true;
}

}  // namespace

ResolveReply resolve(Session& session, const ResolveRequest& request, const Cancel& cancel) {
  cancel.check(kOperation);
  const std::string& name = request.name;
  const HandleLease handle = session.handle();
  ResolveReply reply;
  Oid oid{};
  if (parseOid(name, oid)) {
    describeObject(*handle, oid, reply);
    return reply;
  }
  const bool full = name == "HEAD" || startsWith(name, "refs/");
  if (name.empty() || name.size() > kMaxNameBytes || name.find('\0') != std::string::npos ||
      !isValidRefName(full ? name : "refs/heads/" + name)) {
    fail(failure_code::kInvalid, kOperation,
         "not a name that can be looked up: give \"HEAD\", a branch, a tag, a full ref name or 40 hexadecimal digits", name);
  }
  if (full) {
    describeRef(*handle, name, reply);
  } else if (!describeRef(*handle, "refs/heads/" + name, reply)) {
    describeRef(*handle, "refs/tags/" + name, reply);
  }
  return reply;
}

}  // namespace coppice
