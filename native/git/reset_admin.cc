#include "reset_admin.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "admin_directory.h"
#include "failure.h"
#include "new_file.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "reset.admin";

bool isRegularFile(int directoryFd, const std::string& name) {
  struct stat status;
  return ::fstatat(directoryFd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

AdminMarks marksOf(const std::string& adminDirectory, const Oid& headOid) {
  return {headOid, FileMark::of(adminDirectory + "/HEAD"), FileMark::of(adminDirectory + "/logs/HEAD")};
}

bool holdsOnlyTheLog(const RootDirectory& admin) {
  const OwnedFd logs = admin.openDirectory("logs");
  return logs && namesIn(logs.get(), admin.path() + "/logs") == std::vector<std::string>{"HEAD"};
}

}  // namespace

void sweepAdminDirectory(Session& session, const std::string& adminDirectory, const Oid& headOid,
                         std::optional<AdminMarks>* marks, const Cancel& cancel) {
  const RootDirectory admin(adminDirectory);
  const AdminMarks now = marksOf(adminDirectory, headOid);
  const bool untouched = marks != nullptr && *marks && (*marks)->headOid == headOid && (*marks)->head == now.head &&
                         (*marks)->log == now.log && now.head && now.log && holdsOnlyTheLog(admin);
  // A list of what stays, not of what goes: git learns new names with every version.
  constexpr std::string_view kStays[] = {"HEAD", "index", "commondir", "gitdir", "locked"};
  for (const std::string& name : namesIn(admin.get(), adminDirectory)) {
    const bool stays = std::find(std::begin(kStays), std::end(kStays), name) != std::end(kStays);
    if (untouched && name == "logs") continue;
    if (!stays || !isRegularFile(admin.get(), name)) removeTree(admin.get(), name, &cancel);
  }
  const Deadline deadline(session.lockTimeoutMs());
  if (readSmallFile(adminDirectory + "/commondir", 1u << 16) != "../..\n")
    replaceFile(adminDirectory + "/commondir", "../..\n", deadline, cancel);
  if (untouched) return;
  replaceFile(adminDirectory + "/HEAD", toHex(headOid) + "\n", deadline, cancel);
  if (::mkdirat(admin.get(), "logs", 0777) != 0) failSystem(kOperation, adminDirectory + "/logs");
  writeNewFile(adminDirectory + "/logs/HEAD", headLog(session, headOid), 0666, false);
  if (marks != nullptr) *marks = marksOf(adminDirectory, headOid);
}

void restoreGitFile(const RootDirectory& root, const std::string& adminDirectory, const Cancel& cancel) {
  const std::string path = root.path() + "/.git";
  const std::string content = gitFileContent(adminDirectory);
  struct stat status;
  const bool fits = isRegularFile(root.get(), ".git") &&
                    ::fstatat(root.get(), ".git", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                    status.st_size == static_cast<off_t>(content.size()) && status.st_nlink == 1;
  if (fits && readSmallFile(path, content.size()) == content) return;
  removeTree(root.get(), ".git", &cancel);
  writeNewFile(root, ".git", content, 0666);
}

}  // namespace coppice
