// Snapshots against `git add -A && git write-tree` over generated edit sequences, each in a worktree at the same base.
// The model: a dozen paths whose names sort awkwardly ("a", "a.c", "a/b"), edits of files, directories and links, rules
// and attributes, and the task's own git (staging, commits, a conflicting merge), under several configurations. Left
// out, because git's own answer depends on the second in which it runs: attributes that change while a file keeps its
// stat (so each change of attributes touches all files), and time stamps that are set back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "test/leased_worktree.h"

using namespace coppice;
using namespace coppice::test;
namespace test = coppice::test;

namespace {

namespace fs = std::filesystem;

class EditSequence {
 public:
  EditSequence(const LeasedWorktree& lease, uint32_t seed) : lease_(lease), random_(seed) {}

  // Applies some edits; returns what was done, for the message of a failed test.
  std::string run() {
    for (size_t left = 2 + below(9); left > 0; left--)
      edit();
    return log_;
  }

 private:
  size_t below(size_t bound) { return random_() % bound; }
  template <class T>
  const T& oneOf(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  std::string name() {
    return oneOf<std::string>({"a", "a.c", "a-b", "b", "d/x", "d/y", "d/e/z", "d/e/w", "d.txt", "ab/c", "new", "sp ace",
                               "\xc3\xbc", "e/f/g/h"});
  }
  std::string directory() { return oneOf<std::string>({"a", "d", "d/e", "ab", "e", "e/f"}); }
  std::string full(const std::string& name) const { return lease_.path() + "/" + name; }
  std::string content() {
    return oneOf<std::string>({"one\n", "two\n", "six\n", "", "longer text\nwith lines\n", "crlf\r\nlines\r\n",
                               "mixed\r\nends\n", "lone\rcr\n", "$Id$ text\n", "$Id: old $\n",
                               std::string("bin\0ary\r\n", 9), "base\n", "no newline"});
  }

  bool exists(const std::string& name) const {
    struct stat status;
    return ::lstat(full(name).c_str(), &status) == 0;
  }
  bool isFile(const std::string& name) const {
    struct stat status;
    return ::lstat(full(name).c_str(), &status) == 0 && S_ISREG(status.st_mode);
  }
  void removeAll(const std::string& name) const {
    if (exists(name)) fs::remove_all(full(name));
  }

  // Makes room for a file or directory of that name, as a task that means it would.
  void clear(const std::string& name) {
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      const std::string above = name.substr(0, slash);
      if (exists(above) && !fs::is_directory(fs::symlink_status(full(above)))) fs::remove(full(above));
    }
    removeAll(name);
  }
  void write(const std::string& name, const std::string& bytes) {
    clear(name);
    lease_.write(name, bytes);
  }
  void git(const std::string& arguments) {
    log_ += "git " + arguments + "\n";
    lease_.gitSucceeds(arguments + " 2>/dev/null");
  }
  void touchAll() { lease_.shell("find . -name .git -prune -o -type f -exec touch {} +"); }

  void edit() {
    const std::string file = name();
    switch (below(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
        log_ += "write " + file + "\n";
        return write(file, content());
      case 4:  // in place: the inode stays
        log_ += "overwrite " + file + "\n";
        if (isFile(file)) lease_.write(file, content());
        return;
      case 5:
        log_ += "touch " + file + "\n";
        if (exists(file)) ::utimensat(AT_FDCWD, full(file).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
        return;
      case 6:
        log_ += "chmod " + file + "\n";
        if (isFile(file)) ::chmod(full(file).c_str(), below(2) ? 0755 : 0644);
        return;
      case 7:
      case 8:
        log_ += "delete " + file + "\n";
        removeAll(file);
        return;
      case 9: {
        const std::string to = below(2) ? name() : directory();
        const std::string from = below(2) ? file : directory();
        log_ += "rename " + from + " " + to + "\n";
        if (!exists(from) || (to + "/").rfind(from + "/", 0) == 0 || (from + "/").rfind(to + "/", 0) == 0) return;
        clear(to);
        fs::create_directories(fs::path(full(to)).parent_path());
        if (exists(from)) fs::rename(full(from), full(to));
        return;
      }
      case 10:
        log_ += "link " + file + "\n";
        clear(file);
        fs::create_directories(fs::path(full(file)).parent_path());
        fs::create_symlink(oneOf<std::string>({"a-b", "d", "nowhere", "../b"}), full(file));
        return;
      case 11: {
        const std::string made = below(2) ? directory() : file;
        log_ += "directory " + made + "\n";
        clear(made);
        fs::create_directories(full(made));
        if (below(2)) lease_.write(made + "/inside", content());
        return;
      }
      case 12:
      case 13: {
        const std::string rules = oneOf<std::string>(
            {"*.c\n", "d/\n", "/a\n", "*\n!a\n!d/\n", "e/**\n!e/f/g\n", "new\nab\n", "d/e/*\n!d/e/z\n", ""});
        const std::string list = below(3) ? ".gitignore" : directory() + "/.gitignore";
        log_ += "rules " + list + ": " + rules;
        return write(list, rules);
      }
      case 14: {
        const std::string list = below(3) ? ".gitattributes" : directory() + "/.gitattributes";
        const std::string rules =
            oneOf<std::string>({"* text=auto\n", "*.c text\n", "a* eol=crlf\n", "* -text\n", "d/** text eol=lf\n",
                                "* ident\n", "* text=auto eol=crlf\n", "b !text\na* text=input\n", ""});
        log_ += "attributes " + list + ": " + rules;
        write(list, rules);
        return touchAll();
      }
      case 15:
        git("add -f -- " + test::quoted(file));
        // Within the same tick, often: the entry just written is racy.
        if (below(2) && isFile(file)) lease_.write(file, oneOf<std::string>({"two\n", "six\n"}));
        return;
      case 16:
        return git("add -A");
      case 17:
        return git("rm -q -r --cached --ignore-unmatch -- " + test::quoted(file));
      case 18:
        git("add -A");
        return git("commit -q -m own");
      case 19:
        return git("add -N -- " + test::quoted(file));
      case 20:
        git("commit -q -a -m 'before the merge'");
        git("merge -q side");
        return touchAll();  // the merge may bring attributes
      case 21:
        return git("mv -f " + test::quoted(file) + " " + test::quoted(name()));
      case 22:
        git("update-index --skip-worktree " + test::quoted(file));
        if (below(2))
          removeAll(file);
        else
          git("update-index --no-skip-worktree " + test::quoted(file));
        return;
      default:
        git("checkout -q -f -B own");
        return git("reset -q" + std::string(below(2) ? " --soft HEAD" : ""));
    }
  }

  const LeasedWorktree& lease_;
  std::mt19937 random_;
  std::string log_;
};

void makeBase(const SessionRepository& repository) {
  for (const char* name : {"a.c", "a-b", "b", "d/x", "d/y", "d/e/z", "ab/c"})
    repository.write(name, "base\n");
  repository.write("d.txt", "crlf\r\nin the blob\r\n");
  repository.write("a/b", "base\n");
  runCommand(repository.path(), "chmod +x b && ln -s b link");
  repository.commit("base");
  repository.git("checkout -q -b side");
  repository.write("b", "theirs\n");
  repository.write("d/x", "theirs\n");
  repository.write("side", "theirs\n");
  runCommand(repository.path(), "rm -r a && echo file > a");
  repository.commit("side");
  repository.git("checkout -q main");
}

void runSequences(uint32_t firstSeed, int count, const std::string& configuration) {
  const SessionRepository repository;
  for (size_t at = 0; at < configuration.size();) {
    const size_t end = std::min(configuration.find(';', at), configuration.size());
    repository.git("config " + configuration.substr(at, end - at));
    at = end + 1;
  }
  makeBase(repository);
  const LeasedWorktree lease(repository);
  for (uint32_t seed = firstSeed; seed < firstSeed + static_cast<uint32_t>(count); seed++) {
    // Without the index, and its marks, everything is untracked; attributes go before files are written again.
    fs::remove(lease.gitDirectory() + "/index");
    lease.git("clean -q -ffdx");
    lease.git("checkout -q -f --detach " + toHex(lease.baseOid()));
    const std::string log = EditSequence(lease, seed).run();
    try {
      lease.checkedSnapshot();
    } catch (const std::exception& failure) {
      throw CheckFailed("seed " + std::to_string(seed) + " (" + configuration + "): " + failure.what() + "\nafter\n" +
                        log + lease.git("status --short --ignored"));
    }
  }
}

int rounds() {
  const char* wanted = getenv("COPPICE_TEST_ROUNDS");
  return wanted != nullptr ? std::stoi(wanted) : 100;
}

}  // namespace

TEST(snapshot_of_generated_edits_is_what_git_would_commit) {
  runSequences(0, rounds(), "");
}

TEST(snapshot_of_generated_edits_follows_autocrlf) {
  runSequences(1000000, rounds() / 3, "core.autocrlf input");
  runSequences(2000000, rounds() / 3, "core.autocrlf true");
}

TEST(snapshot_of_generated_edits_follows_file_mode_and_index_version) {
  runSequences(3000000, rounds() / 3, "core.fileMode false");
  runSequences(4000000, rounds() / 3, "index.version 4;core.untrackedCache true");
}
