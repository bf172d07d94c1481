// A peer of the bench: libgit2 as its manual shows it, off the JavaScript thread, with nothing of ours. One handle of a
// repository for each worktree, because a handle belongs to one thread at a time.
#include <git2.h>
#include <napi.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "floor.h"

namespace {

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* value) const { Free(value); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

using Repository = Owned<git_repository, git_repository_free>;
using Commit = Owned<git_commit, git_commit_free>;
using Tree = Owned<git_tree, git_tree_free>;
using Index = Owned<git_index, git_index_free>;
using Signature = Owned<git_signature, git_signature_free>;
using Worktree = Owned<git_worktree, git_worktree_free>;
using Reference = Owned<git_reference, git_reference_free>;

void must(int error, const char* what) {
  if (error >= 0) return;
  const git_error* last = git_error_last();
  throw std::runtime_error(std::string(what) + ": " + (last != nullptr ? last->message : "failed"));
}

git_oid oidOf(const std::string& text) {
  git_oid oid;
  must(git_oid_fromstr(&oid, text.c_str()), "oid");
  return oid;
}

std::string textOf(const git_oid& oid) {
  char text[GIT_OID_SHA1_HEXSIZE + 1];
  return git_oid_tostr(text, sizeof text, &oid);
}

Commit commitAt(git_repository* repository, const std::string& text) {
  git_oid oid = oidOf(text);
  git_commit* commit = nullptr;
  must(git_commit_lookup(&commit, repository, &oid), "commit");
  return Commit(commit);
}

std::string writeCommit(git_repository* repository, const char* ref, const git_oid& treeOid, const git_commit* parent,
                        const std::string& message) {
  git_tree* found = nullptr;
  must(git_tree_lookup(&found, repository, &treeOid), "tree");
  Tree tree(found);
  git_signature* made = nullptr;
  must(git_signature_now(&made, "A U Thor", "author@example.com"), "signature");
  Signature person(made);
  git_oid oid;
  const git_commit* parents[] = {parent};
  must(git_commit_create(&oid, repository, ref, person.get(), person.get(), nullptr, message.c_str(), tree.get(), 1,
                         parents),
       "commit");
  return textOf(oid);
}

// On a branch of its own, which libgit2 makes: it knows no other way.
std::string addWorktree(git_repository* repository, const std::string& name, const std::string& path) {
  git_worktree_add_options options = GIT_WORKTREE_ADD_OPTIONS_INIT;
  git_worktree* added = nullptr;
  must(git_worktree_add(&added, repository, name.c_str(), path.c_str(), &options), "worktree");
  Worktree worktree(added);
  return path;
}

// add --all and commit.
std::string snapshot(git_repository* repository, const std::string& message, const std::string&) {
  git_index* opened = nullptr;
  must(git_repository_index(&opened, repository), "index");
  Index index(opened);
  must(git_index_add_all(index.get(), nullptr, GIT_INDEX_ADD_DEFAULT, nullptr, nullptr), "add");
  must(git_index_write(index.get()), "index");
  git_oid treeOid;
  must(git_index_write_tree(&treeOid, index.get()), "tree");
  git_reference* found = nullptr;
  must(git_repository_head(&found, repository), "head");
  Reference head(found);
  Commit parent = commitAt(repository, textOf(*git_reference_target(head.get())));
  return writeCommit(repository, "HEAD", treeOid, parent.get(), message);
}

// reset --hard and clean.
std::string reset(git_repository* repository, const std::string& base, const std::string&) {
  Commit commit = commitAt(repository, base);
  git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
  options.checkout_strategy = GIT_CHECKOUT_FORCE | GIT_CHECKOUT_REMOVE_UNTRACKED;
  const auto* object = reinterpret_cast<const git_object*>(commit.get());
  must(git_reset(repository, object, GIT_RESET_HARD, &options), "reset");
  return base;
}

// The merged tree of two commits.
git_oid mergedTree(git_repository* repository, const git_commit* ours, const git_commit* theirs) {
  git_merge_options options = GIT_MERGE_OPTIONS_INIT;
  git_index* merged = nullptr;
  must(git_merge_commits(&merged, repository, ours, theirs, &options), "merge");
  Index index(merged);
  git_oid treeOid;
  must(git_index_write_tree_to(&treeOid, index.get(), repository), "tree");
  return treeOid;
}

std::string merge(git_repository* repository, const std::string& ours, const std::string& theirs) {
  return textOf(mergedTree(repository, commitAt(repository, ours).get(), commitAt(repository, theirs).get()));
}

std::string mergeAndCommit(git_repository* repository, const std::string& ours, const std::string& theirs) {
  Commit tip = commitAt(repository, ours);
  git_oid treeOid = mergedTree(repository, tip.get(), commitAt(repository, theirs).get());
  return writeCommit(repository, nullptr, treeOid, tip.get(), "Effect");
}

std::string updateRef(git_repository* repository, const std::string& name, const std::string& newOid) {
  git_oid oid = oidOf(newOid);
  git_reference* made = nullptr;
  must(git_reference_create(&made, repository, name.c_str(), &oid, 1, nullptr), "ref");
  Reference reference(made);
  return newOid;
}

using Operation = std::string (*)(git_repository*, const std::string&, const std::string&);

class Work final : public Napi::AsyncWorker {
 public:
  Work(Napi::Env env, std::function<std::string()> work)
      : Napi::AsyncWorker(env), work_(std::move(work)), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() { return deferred_.Promise(); }

 private:
  void Execute() override {
    try {
      reply_ = work_();
    } catch (const std::exception& error) {
      SetError(error.what());
    }
  }
  void OnOK() override { deferred_.Resolve(Napi::String::New(Env(), reply_)); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

  std::function<std::string()> work_;
  Napi::Promise::Deferred deferred_;
  std::string reply_;
};

using Handle = std::shared_ptr<Repository>;

// open(path): synchronous, once for each worktree.
Napi::Value open(const Napi::CallbackInfo& info) {
  git_repository* opened = nullptr;
  const std::string path = info[0].As<Napi::String>();
  if (git_repository_open(&opened, path.c_str()) < 0) {
    Napi::Error::New(info.Env(), git_error_last()->message).ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  auto* handle = new Handle(std::make_shared<Repository>(opened));
  return Napi::External<Handle>::New(info.Env(), handle, [](Napi::Env, Handle* held) { delete held; });
}

// operation(handle, text, text): a promise.
template <Operation operation>
Napi::Value start(const Napi::CallbackInfo& info) {
  Handle handle = *info[0].As<Napi::External<Handle>>().Data();
  std::string first = info[1].As<Napi::String>();
  std::string second = info.Length() > 2 ? info[2].As<Napi::String>().Utf8Value() : "";
  auto* work = new Work(info.Env(), [=] { return operation(handle->get(), first, second); });
  work->Queue();
  return work->promise();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  git_libgit2_init();
  exports.Set("open", Napi::Function::New(env, open));
  exports.Set("addWorktree", Napi::Function::New(env, start<addWorktree>));
  exports.Set("snapshot", Napi::Function::New(env, start<snapshot>));
  exports.Set("reset", Napi::Function::New(env, start<reset>));
  exports.Set("merge", Napi::Function::New(env, start<merge>));
  exports.Set("mergeAndCommit", Napi::Function::New(env, start<mergeAndCommit>));
  exports.Set("updateRef", Napi::Function::New(env, start<updateRef>));
  exports.Set("writeAll", Napi::Function::New(env, writeAll));
  return exports;
}

}  // namespace

NODE_API_MODULE(plain_libgit2, init)
