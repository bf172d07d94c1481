// flock with back-off. The text in the file (who holds it) is for messages only and may be stale or missing.
#include "landing_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "lock_file.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "land.takeLandingLock";

std::string ownerText() {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return "process " + std::to_string(getpid()) + (host[0] ? std::string(" on ") + host : "");
}

void writeOwner(int fd) {
  const std::string text = ownerText() + "\n";
  // Without the text the lock holds all the same; only a message says less.
  if (ftruncate(fd, 0) == 0 && pwrite(fd, text.data(), text.size(), 0) < 0) return;
}

[[noreturn]] void failHeld(int fd, const std::string& path) {
  char text[300];
  const ssize_t length = pread(fd, text, sizeof text, 0);
  std::string owner(text, length > 0 ? static_cast<size_t>(length) : 0);
  owner = owner.substr(0, owner.find('\n'));
  struct stat status {};
  const bool known = fstat(fd, &status) == 0;
  fail(failure_code::kLocked, kOperation,
       "another landing holds the repository: " + (owner.empty() ? std::string("an unknown process") : owner) +
           (known ? ", since " + ageText(status.st_mtim) : "") +
           "; it ends with its process, so wait or end that process",
       path);
}

}  // namespace

std::string makeNotesDirectory(const std::string& commonDirectory) {
  const std::string path = commonDirectory + "/coppice";
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) failSystem("land.makeNotesDirectory", path);
  return path;
}

LandingLock LandingLock::take(const std::string& commonDirectory, const Deadline& deadline, const Cancel& cancel) {
  const std::string path = makeNotesDirectory(commonDirectory) + "/landing.lock";
  OwnedFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd) failSystem(kOperation, path);
  BackOff backOff(deadline);
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOLCK || errno == ENOTSUP || errno == ENOSYS) {
      fail(failure_code::kUnsupportedRepository, kOperation,
           "the filesystem of the repository has no working flock, so two landings could not be kept apart", path);
    }
    if (errno != EWOULDBLOCK) failSystem(kOperation, path);
    if (!backOff.wait(cancel, kOperation)) failHeld(fd.get(), path);
  }
  writeOwner(fd.get());
  return LandingLock(std::move(fd));
}

LandingLock::~LandingLock() {
  // Unlocked by hand: a child that was forked this instant still holds a copy of the descriptor until it calls exec.
  if (fd_) flock(fd_.get(), LOCK_UN);
}

}  // namespace coppice
