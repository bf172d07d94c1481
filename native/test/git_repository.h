// A repository for tests, driven by the git CLI (the oracle) in a hermetic environment: no system or global
// configuration, one identity, one date.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "test/check.h"

namespace coppice::test {

struct CommandResult {
  int code = 0;
  std::string output;  // standard output and standard error, as they came
};

/** Run a shell command line in `directory`. */
CommandResult runCommand(const std::string& directory, const std::string& command);

/** `text` as one word for the shell. */
std::string quoted(const std::string& text);

class GitRepository {
 public:
  /** `git init` in a fresh folder, branch "main". */
  GitRepository();
  const TempDirectory& folder() const { return folder_; }
  const std::string& path() const { return path_; }

  /** Run `git <arguments>` in the repository (or in `directory`); throws with git's words when it fails. */
  std::string git(const std::string& arguments) const { return gitIn(path_, arguments); }
  static std::string gitIn(const std::string& directory, const std::string& arguments);
  CommandResult tryGit(const std::string& arguments) const;

  /** Write a file below the repository's working directory. */
  void write(const std::string& name, const std::string& content) const {
    folder_.write("repository/" + name, content);
  }
  std::string read(const std::string& name) const { return folder_.read("repository/" + name); }

  /** Stage everything and commit; returns the commit's 40 digits. */
  std::string commitAll(const std::string& message) const;

 private:
  TempDirectory folder_;
  std::string path_;
};

/**
 * Everything below `directory` but what is called ".git": one sorted line each with path, mode, and the kind and link
 * target, or of a file the number of its names and the hash of its content.
 */
std::string folderPicture(const std::string& directory);

/** The code of the Failure that `body` throws, or "" when it throws none. */
std::string failureCode(const std::function<void()>& body);

}  // namespace coppice::test
