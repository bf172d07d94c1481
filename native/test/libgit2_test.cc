// The libgit2 that is linked in: the right one, and alive.
#include <git2.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "test/check.h"

TEST(libgit2_is_the_pinned_version) {
  int major = 0;
  int minor = 0;
  int revision = 0;
  CHECK_EQ(git_libgit2_version(&major, &minor, &revision), 0);
  CHECK_EQ(std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(revision), "1.9.1");
}

TEST(libgit2_knows_threads_and_nanoseconds_but_no_network) {
  const int features = git_libgit2_features();
  CHECK((features & GIT_FEATURE_THREADS) != 0);
  CHECK((features & GIT_FEATURE_NSEC) != 0);
  CHECK_EQ(features & (GIT_FEATURE_HTTPS | GIT_FEATURE_SSH), 0);
}

TEST(libgit2_says_that_a_missing_repository_is_missing) {
  const coppice::test::TempDirectory folder;
  git_repository* repository = nullptr;
  CHECK_EQ(git_repository_open(&repository, folder.file("nothing").c_str()), static_cast<int>(GIT_ENOTFOUND));
  CHECK(repository == nullptr);
}

TEST(libgit2_writes_and_reads_a_blob) {
  const coppice::test::TempDirectory folder;
  git_repository* repository = nullptr;
  CHECK_EQ(git_repository_init(&repository, folder.file("repository").c_str(), 0), 0);
  git_oid oid;
  const std::string content(100000, 'x');
  CHECK_EQ(git_blob_create_from_buffer(&oid, repository, content.data(), content.size()), 0);
  git_blob* blob = nullptr;
  CHECK_EQ(git_blob_lookup(&blob, repository, &oid), 0);
  CHECK_EQ(static_cast<size_t>(git_blob_rawsize(blob)), content.size());
  git_blob_free(blob);
  git_repository_free(repository);
}

// scripts/libgit2-edits.mjs: without its edit of zstream.c this read does not end.
TEST(libgit2_reads_a_cut_off_stream_to_an_end) {
  const coppice::test::TempDirectory folder;
  git_repository* repository = nullptr;
  CHECK_EQ(git_repository_init(&repository, folder.file("repository").c_str(), 0), 0);
  git_oid oid;
  const std::string content(100000, 'x');
  CHECK_EQ(git_blob_create_from_buffer(&oid, repository, content.data(), content.size()), 0);
  const std::string hex = git_oid_tostr_s(&oid);
  const std::string name = "repository/.git/objects/" + hex.substr(0, 2) + "/" + hex.substr(2);
  std::filesystem::permissions(folder.file(name), std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
  std::filesystem::resize_file(folder.file(name), std::filesystem::file_size(folder.file(name)) / 2);
  git_repository_free(repository);

  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    ::alarm(30);
    git_blob* blob = nullptr;
    const bool refused = git_repository_open(&repository, folder.file("repository").c_str()) == 0 &&
                         git_blob_lookup(&blob, repository, &oid) != 0;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 0);
}
