// The git CLI as the tests' oracle.
#include "test/git_repository.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

#include "git/failure.h"
#include "git/object_store.h"

namespace coppice::test {
namespace {

// env -i: nothing of the caller's environment (GIT_DIR, hooks' variables, locale) may reach the oracle.
constexpr const char* kEnvironment =
    "env -i PATH=\"$PATH\" HOME=/nonexistent LC_ALL=C TZ=UTC GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null"
    " GIT_TERMINAL_PROMPT=0 GIT_OPTIONAL_LOCKS=1 GIT_AUTHOR_NAME=Author GIT_AUTHOR_EMAIL=author@example.com"
    " GIT_COMMITTER_NAME=Committer GIT_COMMITTER_EMAIL=committer@example.com"
    " GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'";

std::string withoutFinalNewline(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

CommandResult runGit(const std::string& directory, const std::string& arguments) {
  return runCommand(directory, std::string(kEnvironment) + " git " + arguments);
}

}  // namespace

CommandResult runCommand(const std::string& directory, const std::string& command) {
  const std::string line = "cd " + quoted(directory) + " && { " + command + "\n} 2>&1";
  FILE* pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed: " + command);
  CommandResult result;
  char buffer[65536];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    result.output.append(buffer, got);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text)
    word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

GitRepository::GitRepository() : path_(folder_.file("repository")) {
  gitIn(folder_.path().string(), "init -q -b main repository");
}

std::string GitRepository::gitIn(const std::string& directory, const std::string& arguments) {
  const CommandResult result = runGit(directory, arguments);
  if (result.code != 0) throw std::runtime_error("git " + arguments + " failed: " + result.output);
  return withoutFinalNewline(result.output);
}

CommandResult GitRepository::tryGit(const std::string& arguments) const {
  return runGit(path_, arguments);
}

std::string GitRepository::commitAll(const std::string& message) const {
  git("add -A");
  git("commit -q --allow-empty -m " + quoted(message));
  return git("rev-parse HEAD");
}

std::string folderPicture(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> lines;
  fs::recursive_directory_iterator entries(directory);
  for (auto entry = fs::begin(entries); entry != fs::end(entries); ++entry) {
    if (entry->path().filename() == ".git") {
      entry.disable_recursion_pending();
      continue;
    }
    struct stat status;
    const std::string path = entry->path().string();
    if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("cannot look at " + path);
    std::ostringstream line;
    line << path.substr(directory.size() + 1) << ' ' << std::oct << status.st_mode << ' ' << std::dec;
    if (S_ISLNK(status.st_mode)) line << fs::read_symlink(path).string();
    if (S_ISREG(status.st_mode)) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      line << status.st_nlink << ' ' << toHex(hashObject(GIT_OBJECT_BLOB, bytes));
    }
    lines.push_back(line.str() + "\n");
  }
  std::sort(lines.begin(), lines.end());
  return std::accumulate(lines.begin(), lines.end(), std::string());
}

std::string failureCode(const std::function<void()>& body) {
  try {
    body();
  } catch (const Failure& failure) {
    return failure.code;
  }
  return "";
}

}  // namespace coppice::test
