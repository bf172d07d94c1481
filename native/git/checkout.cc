#include "checkout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "failure.h"
#include "file_content.h"
#include "parallel.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "checkout";
constexpr size_t kFilesAtOnce = 64;  // of one directory, for one thread: large directories are shared
constexpr size_t kBufferBytes = 256u << 10;
constexpr size_t kBlockBytes = 4096;      // of a common filesystem: a file takes whole ones
constexpr size_t kIndexEntryBytes = 72;

std::string_view directoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Some files of one directory.
struct Portion {
  std::string_view directory;
  std::vector<size_t> files;
};

// In the order of the tree, so that a directory's parents have usually been made when its turn comes.
std::vector<Portion> portionsOf(const std::vector<TreeFile>& files) {
  std::vector<Portion> portions;
  std::unordered_map<std::string_view, size_t> open;  // the portion of a directory that has room
  for (size_t i = 0; i < files.size(); i++) {
    const std::string_view directory = directoryOf(files[i].path);
    const auto found = open.emplace(directory, portions.size());
    if (found.second || portions[found.first->second].files.size() >= kFilesAtOnce) {
      found.first->second = portions.size();
      portions.push_back({directory, {}});
    }
    portions[found.first->second].files.push_back(i);
  }
  return portions;
}

// What all threads share.
struct Job {
  Job(Session& session, const CheckoutRequest& request, const Cancel& cancel)
      : session(session), request(request), cancel(cancel), portions(portionsOf(request.files)) {
    if (request.source != nullptr) entries = request.source->entriesFor(request.files);
    result.stats.resize(request.files.size());
  }

  // Asked only for files that no hash can verify, so it is read when the first one comes.
  const Attributes& sourceAttributes() {
    std::call_once(sourceAttributesOnce, [&] { source.emplace(request.source->attributes(session)); });
    return *source;
  }

  Session& session;
  const CheckoutRequest& request;
  const Cancel& cancel;
  const std::vector<Portion> portions;
  std::vector<const IndexEntry*> entries;
  CheckoutResult result;
  std::atomic<uint32_t> copied{0};
  std::atomic<uint64_t> bytes{0};

 private:
  std::once_flag sourceAttributesOnce;
  std::optional<Attributes> source;
};

// One thread's part.
class Worker {
 public:
  explicit Worker(Job& job) : job_(job), handle_(job.session.handle()), buffer_(kBufferBytes) {}

  void operator()(size_t number) {
    const Portion& portion = job_.portions[number];
    const std::string anyPath = job_.request.files[portion.files.front()].path;
    const OwnedFd directory = job_.request.root.makeParent(anyPath);
    OwnedFd sourceDirectory;
    if (job_.request.source != nullptr) sourceDirectory = job_.request.source->root().openDirectory(portion.directory);
    for (const size_t file : portion.files) {
      job_.cancel.check(kOperation);
      write(file, directory.get(), sourceDirectory.get());
    }
  }

 private:
  void write(size_t number, int directoryFd, int sourceFd) {
    const TreeFile& file = job_.request.files[number];
    const std::string name(RootDirectory::baseName(file.path));
    if (file.mode == kModeGitlink) {
      if (::mkdirat(directoryFd, name.c_str(), 0777) != 0) failMaking(file.path);
      keepStat(number, directoryFd, name);
    } else if (file.mode == kModeSymlink && job_.request.settings.symlinks) {
      const auto target = handle_->read(file.oid, GIT_OBJECT_BLOB).data;
      if (::symlinkat(target->c_str(), directoryFd, name.c_str()) != 0) failMaking(file.path);
      keepStat(number, directoryFd, name);
    } else {
      writeFile(number, directoryFd, sourceFd, name);
    }
  }

  void writeFile(size_t number, int directoryFd, int sourceFd, const std::string& name) {
    const TreeFile& file = job_.request.files[number];
    const mode_t mode = file.mode == kModeExecutable ? 0777 : 0666;  // less the umask, as git does
    const OwnedFd target(
        ::openat(directoryFd, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!target) failMaking(file.path);
    if (!copy(number, sourceFd, name, target.get())) {
      const auto content = contentOf(*handle_, file, job_.request.attributes);
      writeAll(target.get(), content->data(), content->size(), file.path);
    }
    struct stat status;
    if (::fstat(target.get(), &status) != 0) failSystem(kOperation, file.path);
    job_.result.stats[number] = FileStat::of(status);
    job_.bytes += static_cast<uint64_t>(status.st_size);
  }

  // False: the target is empty, and the content must come from the object.
  bool copy(size_t number, int sourceFd, const std::string& name, int targetFd) {
    const IndexEntry* entry = sourceFd < 0 ? nullptr : job_.entries[number];
    if (entry == nullptr) return false;
    bool verify = true;
    if (job_.request.attributes.any()) {
      const Conversion conversion = job_.request.attributes.of(entry->path);
      verify = conversion.unsupportedToWorktree() == nullptr;
      // What we can convert ourselves is converted: the worktree's file may be older than its attributes. What we
      // cannot is taken from a file that went through the same filter.
      if (verify ? !conversion.keepsBlob() : !(job_.sourceAttributes().of(entry->path) == conversion)) return false;
    }
    if (job_.request.source->copy(*entry, sourceFd, name.c_str(), verify, targetFd, buffer_, job_.cancel)) {
      job_.copied++;
      return true;
    }
    if (::ftruncate(targetFd, 0) != 0 || ::lseek(targetFd, 0, SEEK_SET) != 0) failSystem(kOperation, entry->path);
    return false;
  }

  void keepStat(size_t number, int directoryFd, const std::string& name) {
    struct stat status;
    if (::fstatat(directoryFd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      failSystem(kOperation, job_.request.files[number].path);
    job_.result.stats[number] = FileStat::of(status);
  }

  [[noreturn]] static void failMaking(const std::string& path) {
    if (errno != EEXIST) failSystem(kOperation, path);
    fail(failure_code::kExists, kOperation,
         "something is in the way; two names of the tree may be one on a filesystem that ignores case", path);
  }

  Job& job_;
  HandleLease handle_;
  std::vector<char> buffer_;
};

}  // namespace

void requireSafeTree(const std::vector<TreeFile>& files, const Cancel& cancel) {
  std::unordered_set<std::string_view> directories;
  for (const TreeFile& file : files) {
    cancel.check(kOperation);
    requireSafePath(file.path, kOperation, file.mode);
    for (std::string_view path = directoryOf(file.path); !path.empty() && directories.insert(path).second;)
      path = directoryOf(path);
  }
  for (const TreeFile& file : files) {
    if (directories.count(file.path) > 0)
      fail(failure_code::kUnsafePath, kOperation, "the tree names one path as a file and as a directory", file.path);
  }
}

RoomNeeded roomFor(Handle& handle, const std::vector<TreeFile>& files, const CopySource* source, const Cancel& cancel) {
  std::vector<const IndexEntry*> entries(files.size(), nullptr);
  if (source != nullptr) entries = source->entriesFor(files);
  RoomNeeded room;
  std::string_view directory;
  for (size_t i = 0; i < files.size(); i++) {
    cancel.check(kOperation);
    size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    // A blob that cannot be found fails the checkout, which says more about it.
    if (entries[i] != nullptr)
      size = entries[i]->stat.size;
    else if (files[i].mode != kModeGitlink && git_odb_read_header(&size, &type, handle.odb(), &files[i].oid) != 0)
      size = 0;
    room.bytes += (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes + kIndexEntryBytes + files[i].path.size();
    room.files++;
    if (directoryOf(files[i].path) == directory) continue;
    directory = directoryOf(files[i].path);
    room.files++;
    room.bytes += kBlockBytes;
  }
  return room;
}

CheckoutResult checkOut(Session& session, const CheckoutRequest& request, const Cancel& cancel) {
  Job job(session, request, cancel);
  parallelFor(session.threads(), job.portions.size(), [&] { return Worker(job); });
  job.result.copied = job.copied;
  job.result.bytes = job.bytes;
  return std::move(job.result);
}

}  // namespace coppice
