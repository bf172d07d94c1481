// One tracked file of a worktree: whether it is what the tree says, and putting it there whatever stands in its place.
// One restorer a thread. Nothing here follows a link: a task may have put links anywhere.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attributes.h"
#include "cancel.h"
#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "tree.h"
#include "worktree_settings.h"

namespace coppice {

// The modes that new files get here: 0666 and 0777 less the umask, found by trying, because reading the umask changes
// it for other threads.
struct FreshModes {
  mode_t directory = 0777;
  mode_t of(uint32_t mode) const { return directory & (mode == kModeExecutable ? 0777 : 0666); }

  static FreshModes triedIn(const RootDirectory& root);
};

class FileRestorer {
 public:
  FileRestorer(Session& session, const RootDirectory& root, const Attributes& attributes,
               const WorktreeSettings& settings, FreshModes modes, const Cancel& cancel);

  // Whether the file is there with its content and mode; `stat` is taken around the look. A gitlink: a folder is there.
  bool isRight(const TreeFile& file, FileStat& stat);

  // Removes what is in the way (files and links among the parents, a folder in the file's place), writes beside and
  // renames.
  FileStat put(const TreeFile& file);

  // Writes into the file that is there: only for one that nobody has touched, because whoever still has it open could write
  // into it again. nullopt, and nothing is changed: it is not a plain file of this mode with one name.
  std::optional<FileStat> overwrite(const TreeFile& file);

  // Whether a plain file is as `isRight` wants it, in fewer calls: for a file of which the next look at events tells when
  // somebody writes into it from here on.
  bool holds(const TreeFile& file);
  // Whether nothing has this name in a directory that is there.
  bool isAbsent(const std::string& path);

 private:
  bool isPlain(const TreeFile& file, const struct stat& status) const;
  bool hasContent(const TreeFile& file, int fd, const struct stat& status);
  bool linkHasTarget(const TreeFile& file, int directoryFd, const std::string& name);
  int parentOf(const std::string& path);
  OwnedFd makeWay(const std::string& path);
  void placeOver(int directoryFd, const std::string& from, const std::string& name);
  FileStat statOf(int directoryFd, const std::string& name, const std::string& path) const;
  bool isLink(const TreeFile& file) const { return file.mode == kModeSymlink && settings_.symlinks; }

  HandleLease handle_;
  const RootDirectory& root_;
  const Attributes& attributes_;
  const WorktreeSettings& settings_;
  const FreshModes modes_;
  const Cancel& cancel_;
  const std::string temporaryName_;
  std::vector<char> buffer_;
  // The directory of the file before: the next one is often in it too.
  std::string parentPath_;
  OwnedFd parent_;
};

}  // namespace coppice
