// The scan: each kind of difference between a worktree and its index, once by hand; ignore rules are in ignore_test.cc
// and whole edit sequences in snapshot_test.cc.
#include "git/scan.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <set>

#include "git/directory_listing.h"
#include "git/safe_path.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

// One line a finding, sorted by kind, so that a difference reads well in a failed test.
std::string described(const ScanResult& result, const IndexFile& index) {
  std::string text;
  const auto positions = [&](const char* kind, const std::vector<size_t>& list) {
    for (const size_t position : list)
      text += std::string(kind) + " " + index.entries[position].path + "\n";
  };
  positions("suspect", result.suspect);
  positions("missing", result.missing);
  positions("gitlink", result.populatedGitlinks);
  for (const auto& untracked : result.untracked)
    text += std::string(untracked.ignored ? "ignored " : "untracked ") + untracked.path +
            (S_ISDIR(untracked.status.st_mode) ? " (directory)\n" : "\n");
  for (const auto& path : result.untrackedDirectories)
    text += "directory " + path + "\n";
  for (const auto& path : result.unreadable)
    text += "unreadable " + path + "\n";
  return text;
}

struct Scanned {
  SessionRepository repository;
  std::vector<std::string> exclude;

  std::string operator()() const {
    const auto session = repository.open();
    const auto index = said([&] { return IndexFile::read(repository.path() + "/.git/index"); });
    ScanRequest request;
    request.root = repository.path();
    request.index = &*index;
    request.exclude = exclude;
    return described(said([&] { return scan(*session, request, kNever); }), *index);
  }
  void shell(const std::string& command) const {
    const CommandResult result = runCommand(repository.path(), command);
    if (result.code != 0) throw std::runtime_error(command + ": " + result.output);
  }
  // Commits what is there and lets the index become older than nothing: no entry is racy any more.
  void settle() const {
    repository.commit("base");
    shell("touch -d '2020-01-01 00:00:00' $(git ls-files) && git add -u");
  }
};

}  // namespace

TEST(scan_finds_nothing_in_a_clean_worktree) {
  Scanned scanned;
  scanned.repository.write("a", "1");
  scanned.repository.write("sub/deep/b", "2");
  scanned.shell("ln -s a link");
  scanned.settle();
  CHECK_EQ(scanned(), "");
}

TEST(scan_finds_each_kind_of_change) {
  Scanned scanned;
  for (const char* path :
       {"modified", "touched", "mode", "gone", "sub/gone", "becomes-directory", "directory/becomes-file", "link-me"})
    scanned.repository.write(path, "1");
  scanned.settle();
  scanned.repository.write("modified", "2");
  scanned.shell(
      "touch touched && chmod +x mode && rm gone && rm -r sub && rm becomes-directory && mkdir becomes-directory && : "
      "> becomes-directory/new"
      " && rm -r directory && : > directory && ln -sf modified link-me && mkdir -p empty/nested && mkfifo pipe");
  CHECK_EQ(scanned(),
           "suspect link-me\nsuspect mode\nsuspect modified\nsuspect touched\n"
           "missing becomes-directory\nmissing directory/becomes-file\nmissing gone\nmissing sub/gone\n"
           "untracked becomes-directory/new\nuntracked directory\nuntracked pipe\n"
           "directory becomes-directory\ndirectory empty\ndirectory empty/nested\n");
}

TEST(scan_does_not_follow_a_directory_swapped_for_a_link) {
  Scanned scanned;
  scanned.repository.write("sub/a", "1");
  scanned.repository.write("other/a", "1");
  scanned.settle();
  scanned.shell("mv sub /tmp/coppice-moved-$$ && mv /tmp/coppice-moved-$$ moved && ln -s moved sub");
  CHECK_EQ(scanned(), "missing sub/a\nuntracked moved/a\nuntracked sub\ndirectory moved\n");
}

TEST(scan_suspects_racy_and_flagged_entries) {
  Scanned scanned;
  for (const char* path : {"racy", "assumed", "sparse", "settled"})
    scanned.repository.write(path, "1");
  scanned.settle();
  scanned.repository.git("update-index --assume-unchanged assumed");
  scanned.repository.git("update-index --skip-worktree sparse");
  scanned.repository.write("added", "1");
  scanned.repository.git("add -N added");
  scanned.shell("touch -r racy .git/index");
  scanned.shell("touch -d '2020-01-02' settled && git add settled && touch -d '2020-01-01' .git/index");
  const std::string found = scanned();
  CHECK(found.find("suspect added\n") != std::string::npos);
  CHECK(found.find("suspect assumed\n") != std::string::npos);
  CHECK(found.find("suspect racy\n") != std::string::npos);
  CHECK(found.find("suspect sparse\n") != std::string::npos);
  CHECK(found.find("suspect settled\n") != std::string::npos);
}

TEST(scan_reports_every_stage_of_an_unmerged_path) {
  Scanned scanned;
  scanned.repository.write("f", "base\n");
  scanned.repository.commit("base");
  scanned.repository.git("branch other");
  scanned.repository.write("f", "ours\n");
  scanned.repository.commit("ours");
  scanned.repository.git("checkout -q other");
  scanned.repository.write("f", "theirs\n");
  scanned.repository.commit("theirs");
  CHECK(!scanned.repository.gitSucceeds("merge main"));
  CHECK_EQ(scanned(), "suspect f\nsuspect f\nsuspect f\n");
  scanned.shell("rm f");
  CHECK_EQ(scanned(), "missing f\nmissing f\nmissing f\n");
}

TEST(scan_treats_nested_repositories_as_git_does) {
  Scanned scanned;
  scanned.repository.write("tracked/a", "1");
  scanned.settle();
  scanned.repository.git("init -q nested");
  scanned.repository.git("init -q tracked");
  scanned.repository.write("nested/x", "1");
  scanned.repository.write("tracked/b", "1");
  scanned.repository.write("broken/.git/not-a-repository", "1");
  scanned.repository.write("broken/y", "1");
  scanned.repository.write("file/.git", "gitdir: ../nested/.git\n");
  scanned.repository.write("file/z", "1");
  scanned.repository.write("dangling/.git", "gitdir: ../nowhere\n");
  scanned.repository.write("dangling/z", "1");
  CHECK_EQ(scanned(),
           "untracked broken/.git (directory)\nuntracked broken/y\nuntracked dangling/.git\nuntracked dangling/z\n"
           "untracked file (directory)\nuntracked nested (directory)\n"
           "untracked tracked/.git (directory)\nuntracked tracked/b\ndirectory broken\ndirectory dangling\n");
  // Each of the two has no commit, so git cannot add it; what it would walk is the same.
  CHECK_EQ(scanned.repository.git("ls-files -o"), "broken/y\ndangling/z\nfile/\nnested/\ntracked/b");
}

TEST(scan_leaves_gitlinks_alone) {
  Scanned scanned;
  const Oid commit = scanned.repository.commit("first");
  for (const char* name : {"empty", "full", "gone", "replaced"})
    scanned.repository.git("update-index --add --cacheinfo 160000," + toHex(commit) + "," + name);
  scanned.shell("mkdir empty full && : > full/file && : > replaced");
  CHECK_EQ(scanned(), "suspect replaced\nmissing gone\ngitlink full\n");
}

TEST(scan_skips_what_is_excluded) {
  Scanned scanned;
  scanned.repository.write("kept/a", "1");
  scanned.repository.write("provided/a", "1");
  scanned.repository.write("sub/file", "1");
  scanned.settle();
  scanned.exclude = {"provided", "sub/file", "new/", "deep/inside"};
  scanned.shell(
      "rm -r provided && echo 2 > sub/file && mkdir new && : > new/x && mkdir deep && ln -s / deep/inside && : > "
      "deep/y");
  CHECK_EQ(scanned(), "untracked deep/y\ndirectory deep\n");
}

TEST(scan_names_what_it_cannot_read) {
  Scanned scanned;
  scanned.repository.write("locked/a", "1");
  scanned.repository.write("open", "1");
  scanned.settle();
  scanned.shell("mkdir new && : > new/x && chmod 000 locked new && chmod 755 .");
  std::string found;
  const bool root = ::geteuid() == 0;
  if (root) {
    scanned.shell("chmod a+x .. \"$HOME\" && chown -R 65534 .");
    CHECK_EQ(::seteuid(65534), 0);
  }
  try {
    found = scanned();
  } catch (...) {
    if (root) CHECK_EQ(::seteuid(0), 0);
    throw;
  }
  if (root) CHECK_EQ(::seteuid(0), 0);
  scanned.shell("chmod 755 locked new");
  CHECK_EQ(found, "suspect open\nunreadable locked\nunreadable new\n");  // chown changes what stat shows
}

TEST(scan_meets_a_file_in_another_case_once) {
  Scanned scanned;
  scanned.repository.write("README", "1");
  scanned.settle();
  scanned.repository.git("config core.ignoreCase true");
  scanned.shell("ln README readme");  // one file under two names: what a folding filesystem shows, made without one
  const std::string found = scanned();
  CHECK(found.find("untracked") == std::string::npos);
}

TEST(scan_stops_when_cancelled) {
  Scanned scanned;
  scanned.repository.write("a", "1");
  scanned.settle();
  const auto session = scanned.repository.open();
  const auto index = IndexFile::read(scanned.repository.path() + "/.git/index");
  ScanRequest request;
  request.root = scanned.repository.path();
  request.index = &*index;
  Cancel cancel;
  cancel.set();
  CHECK_EQ(failureCode([&] { scan(*session, request, cancel); }), failure_code::kCancelled);
}

TEST(directory_listing_is_the_same_both_ways) {
  const TempDirectory folder;
  for (int i = 0; i < 3000; i++)
    folder.write("name-" + std::to_string(i) + std::string(i % 90, 'x'), "");
  std::filesystem::create_directory(folder.file("directory"));
  std::filesystem::create_symlink("nowhere", folder.file("link"));
  const RootDirectory root(folder.path().string());
  std::set<std::string> names[2];
  for (const bool portable : {false, true}) {
    DirectoryListing listing;
    const OwnedFd fd = root.openDirectory("");
    CHECK(portable ? listing.readPortable(fd.get()) : listing.read(fd.get()));
    for (size_t i = 0; i < listing.size(); i++)
      names[portable].insert(std::string(listing.name(i)) + "/" + std::to_string(listing.type(i)));
  }
  CHECK_EQ(names[0].size(), size_t{3002});
  CHECK(names[0] == names[1]);
}
