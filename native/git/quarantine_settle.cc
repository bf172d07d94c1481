// What a dead landing left in its quarantine: our own files go, the user's go back to their path or are kept and named.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "failpoint.h"
#include "failure.h"
#include "quarantine.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.settleQuarantine";
constexpr size_t kMaxListBytes = 256u << 20;

std::vector<std::string> leftoversIn(const std::string& gitDirectory) {
  std::vector<std::string> tokens;
  const std::string prefix = kQuarantinePrefix;
  const OwnedFd fd(open(gitDirectory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) failSystem(kOperation, gitDirectory);
  for (const std::string& name : namesIn(fd.get(), gitDirectory)) {
    if (name.rfind(prefix, 0) == 0) tokens.push_back(name.substr(prefix.size()));
  }
  return tokens;
}

bool isThere(const Place& place) {
  struct stat status {};
  return fstatat(place.folderFd, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool isSide(SideLook& look, const Place& place, const std::string& path, const Side& side) {
  try {
    return side.isFile() && look.look(place, path, side) == Found::kSame;
  } catch (const Failure&) {
    return false;  // not readable as that side: then it is not ours to remove
  }
}

class Settlement {
 public:
  Settlement(const LandingSite& site, const std::string& token, SideLook& look) : site_(site), token_(token), look_(look) {}

  void settle(const Place& place, const Change& change, int parentFd) {
    unlinkat(place.folderFd, partName(place.name).c_str(), 0);
    for (const Place& each : {Place{place.folderFd, awayName(place.name)}, place}) {
      if (isThere(each)) settleFile(each, change, parentFd);
    }
  }
  std::vector<DisplacedPath> displaced;

 private:
  void settleFile(const Place& file, const Change& change, int parentFd) {
    const bool isOld = isSide(look_, file, change.path, oldSideOf(change));
    if (isSide(look_, file, change.path, newSideOf(change)) || (isOld && change.newMode == 0)) {
      unlinkat(file.folderFd, file.name.c_str(), 0);
      return;
    }
    // Where the exchange is not one step, a death in it leaves the path empty: its file goes back first.
    const Place path{parentFd, std::string(RootDirectory::baseName(change.path))};
    if (parentFd >= 0 && placePath(file, path) == Swap::kDone) {
      if (!isOld) displaced.push_back({change.path, "modified", std::nullopt});
    } else if (isOld) {
      unlinkat(file.folderFd, file.name.c_str(), 0);
    } else {
      displaced.push_back({change.path, "modified", keepFile(site_, token_, file, change.path)});
    }
  }

  const LandingSite& site_;
  const std::string token_;
  SideLook& look_;
};

}  // namespace

std::vector<DisplacedPath> settleQuarantines(Session& session, const LandingSite& site, const IndexFile& index,
                                             const Cancel& cancel) {
  std::vector<DisplacedPath> displaced;
  for (const std::string& token : leftoversIn(site.gitDirectory)) {
    const std::string path = site.gitDirectory + "/" + kQuarantinePrefix + token;
    const OwnedFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) failSystem(kOperation, path);
    const auto text = readSmallFile(path + "/" + kQuarantineList, kMaxListBytes);
    // The list is written first and removed last: without one nothing passed through, or nothing is left.
    const auto changes = text ? parseQuarantineList(*text, site.root.path()) : std::vector<Change>();
    if (!changes) continue;
    const SideRules rules(session, site, index, *changes);
    SideLook look(session, site, rules);
    Settlement settlement(site, token, look);
    for (size_t number = 0; number < changes->size(); number++) {
      cancel.check(kOperation);
      const Change& change = (*changes)[number];
      const OwnedFd parent = site.root.openParent(change.path);
      settlement.settle({folder.get(), std::to_string(number)}, change, parent.get());
      failpoint("quarantine.path-settled");
      if (parent) settlement.settle({parent.get(), neighbourName(token, number)}, change, parent.get());
    }
    displaced.insert(displaced.end(), settlement.displaced.begin(), settlement.displaced.end());
    unlinkat(folder.get(), partName(kQuarantineList).c_str(), 0);
    unlinkat(folder.get(), kQuarantineList, 0);
    failpoint("quarantine.settled");
    rmdir(path.c_str());
  }
  return displaced;
}

}  // namespace coppice
