#include "test/leased_worktree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "git/index_file.h"
#include "git/tree.h"

namespace coppice::test {

namespace fs = std::filesystem;

namespace {

const Cancel kNever;

// Bytes and times: whether an entry is racy depends on the times of the index file.
void copyWithTimes(const std::string& from, const std::string& to) {
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  struct stat status;
  if (::stat(from.c_str(), &status) != 0) throw std::runtime_error("stat " + from);
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (::utimensat(AT_FDCWD, to.c_str(), times, 0) != 0) throw std::runtime_error("utimensat " + to);
}

}  // namespace

LeasedWorktree::LeasedWorktree(const SessionRepository& repository, const std::string& name)
    : path_(repository.folder().file(name)), gitDirectory_(repository.path() + "/.git/worktrees/" + name) {
  repository.git("worktree add -q --detach " + test::quoted(path_));
  session_ = repository.open();
  request.name = name;
  request.path = path_;
  request.baseOid = repository.oid("HEAD");
  request.author = request.committer = {"Author", "author@example.com", 1700000000, 0};
  request.message = "snapshot";
}

bool LeasedWorktree::gitSucceeds(const std::string& arguments) const {
  try {
    git(arguments);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

void LeasedWorktree::write(const std::string& name, const std::string& content) const {
  const fs::path target = fs::path(path_) / name;
  fs::create_directories(target.parent_path());
  std::ofstream stream(target, std::ios::binary | std::ios::trunc);
  stream << content;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + target.string());
}

void LeasedWorktree::shell(const std::string& command) const {
  const CommandResult result = runCommand(path_, command);
  if (result.code != 0) throw std::runtime_error(command + ": " + result.output);
}

SnapshotReply LeasedWorktree::snapshot() const {
  return said([&] { return coppice::snapshot(*session_, request, kNever); });
}

// A snapshot looks at marked files that are there, git add does not: the marks go before git is asked.
void LeasedWorktree::lookAtFlaggedFiles() const {
  const auto index = IndexFile::read(gitDirectory_ + "/index");
  for (const IndexEntry& entry : index->entries) {
    if (entry.assumeUnchanged) git("update-index --no-assume-unchanged " + test::quoted(entry.path));
    const fs::file_type there = fs::symlink_status(path_ + "/" + entry.path).type();
    if (entry.skipWorktree && there != fs::file_type::not_found && there != fs::file_type::directory)
      git("update-index --no-skip-worktree " + test::quoted(entry.path));
  }
}

std::string LeasedWorktree::treeByGit() const {
  const std::string index = gitDirectory_ + "/index";
  const std::string aside = gitDirectory_ + "/index-aside";
  copyWithTimes(index, aside);
  lookAtFlaggedFiles();
  git("add -A 2>/dev/null");
  const std::string tree = git("write-tree 2>/dev/null");
  copyWithTimes(aside, index);
  fs::remove(aside);
  return tree;
}

std::string LeasedWorktree::listing(const Oid& treeOid) const {
  const HandleLease handle = session_->handle();
  std::string text;
  for (const TreeFile& file : listTree(*handle, treeOid, kNever)) {
    if (file.mode != kModeGitlink) handle->read(file.oid, GIT_OBJECT_BLOB);
    char mode[16];
    std::snprintf(mode, sizeof mode, "%06o ", file.mode);
    text += mode + toHex(file.oid) + " " + file.path + "\n";
  }
  return text;
}

std::string LeasedWorktree::content(const Oid& treeOid, const std::string& path) const {
  const HandleLease handle = session_->handle();
  for (const TreeFile& file : listTree(*handle, treeOid, kNever))
    if (file.path == path) return *handle->read(file.oid, GIT_OBJECT_BLOB).data;
  throw std::runtime_error("not in the tree: " + path);
}

SnapshotReply LeasedWorktree::checkedSnapshot() const {
  SnapshotReply reply = snapshot();
  const std::string expected = treeByGit();
  Oid expectedOid;
  CHECK(parseOid(expected, expectedOid));
  if (reply.treeOid != expectedOid) CHECK_EQ(listing(reply.treeOid), listing(expectedOid));
  CHECK_EQ(toHex(reply.treeOid), expected);
  said([&] { return listing(reply.treeOid); });
  return reply;
}

std::string listed(const std::vector<Unheld>& unheld) {
  std::string text;
  for (const Unheld& one : unheld)
    text += one.path + " " + one.reason + "\n";
  return text;
}

std::string pathsOf(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes)
    text += change.path + "\n";
  return text;
}

}  // namespace coppice::test
