#include "loose_object.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <git2/sys/errors.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "checksum.h"
#include "failure.h"
#include "owned.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "readLooseObject";
constexpr uint64_t kMaxBytes = UINT32_MAX;
constexpr uint64_t kMaxRatio = 1032;  // zlib cannot compress better than this: a larger size in the header is a lie
constexpr size_t kMaxHeader = 32;     // "commit 4294967295" and its NUL
constexpr size_t kChunk = 1u << 20;

class Inflater {
 public:
  explicit Inflater(std::string_view input) : input_(input) {
    if (inflateInit(&stream_) != Z_OK) fail(failure_code::kLimit, kOperation, "no memory to decompress an object");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `size` bytes, or fewer when the stream ends or is damaged before. Every turn consumes or produces something.
  size_t read(char* output, size_t size) {
    size_t done = 0;
    while (done < size && !ended_) {
      if (stream_.avail_in == 0) {
        const size_t step = std::min(kChunk, input_.size());
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
        stream_.avail_in = static_cast<uInt>(step);
        input_.remove_prefix(step);
      }
      const size_t room = std::min(kChunk, size - done);
      stream_.next_out = reinterpret_cast<Bytef*>(output + done);
      stream_.avail_out = static_cast<uInt>(room);
      const uInt before = stream_.avail_in;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const size_t produced = room - stream_.avail_out;
      done += produced;
      ended_ = result == Z_STREAM_END;
      if (result != Z_OK && !ended_) break;
      if (produced == 0 && stream_.avail_in == before && !ended_) break;
    }
    return done;
  }

  // The stream has ended, its checksum was right, and nothing follows it.
  bool isAtEnd() {
    char extra;
    return read(&extra, 1) == 0 && ended_ && stream_.avail_in == 0 && input_.empty();
  }

 private:
  z_stream stream_{};
  std::string_view input_;
  bool ended_ = false;
};

std::string readFile(int fd, uint64_t size, const std::string& path) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failSystem(kOperation, path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

// Reads "<type> <size>\0"; false when it is none.
bool readHeader(Inflater& inflater, std::string& header, git_object_t& type, uint64_t& size) {
  header.clear();
  for (char byte = 1; byte != '\0';) {
    if (header.size() >= kMaxHeader || inflater.read(&byte, 1) != 1) return false;
    header.push_back(byte);
  }
  const size_t space = header.find(' ');
  if (space == std::string::npos || space + 2 > header.size() - 1) return false;
  type = git_object_string2type(header.substr(0, space).c_str());
  const std::string digits = header.substr(space + 1, header.size() - space - 2);
  if (digits.empty() || digits.size() > 12 || digits.find_first_not_of("0123456789") != std::string::npos) return false;
  size = std::stoull(digits);
  return git_object_typeisloose(type) != 0;
}

struct LooseBackend {
  git_odb_backend parent;  // first: libgit2 holds a pointer to it
  std::string objectsDirectory;

  static LooseBackend* of(git_odb_backend* backend) { return reinterpret_cast<LooseBackend*>(backend); }

  // Runs `use` on the object; an exception becomes libgit2's error.
  template <class Use>
  static int with(git_odb_backend* backend, const git_oid* oid, Use use) noexcept {
    try {
      const auto object = readLooseObject(of(backend)->objectsDirectory, *oid);
      return object ? use(*object) : GIT_ENOTFOUND;
    } catch (const Failure& failure) {
      git_error_set_str(GIT_ERROR_ODB, (failure.message + " " + failure.path).c_str());
      return failure.code == failure_code::kCorrupt ? GIT_EMISMATCH : GIT_ERROR;
    } catch (...) {
      git_error_set_str(GIT_ERROR_NOMEMORY, "a loose object could not be read");
      return GIT_ERROR;
    }
  }

  static int read(void** data, size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) noexcept {
    return with(backend, oid, [&](const LooseObject& object) {
      void* copy = git_odb_backend_data_alloc(backend, object.data.size() + 1);
      if (copy == nullptr) return static_cast<int>(GIT_ERROR);
      std::memcpy(copy, object.data.c_str(), object.data.size() + 1);
      *data = copy;
      *size = object.data.size();
      *type = object.type;
      return 0;
    });
  }

  // Whole as well: a header alone would promise what the rest may not hold, and loose objects are few and small.
  static int readHeader(size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) noexcept {
    return with(backend, oid, [&](const LooseObject& object) {
      *size = object.data.size();
      *type = object.type;
      return 0;
    });
  }

  static int exists(git_odb_backend* backend, const git_oid* oid) noexcept;
  static void free(git_odb_backend* backend) noexcept { std::unique_ptr<LooseBackend> owner(of(backend)); }
};

std::string pathOf(const std::string& objectsDirectory, const Oid& oid) {
  const std::string hex = toHex(oid);
  return objectsDirectory + "/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

int LooseBackend::exists(git_odb_backend* backend, const git_oid* oid) noexcept {
  try {
    struct stat status;
    return ::stat(pathOf(of(backend)->objectsDirectory, *oid).c_str(), &status) == 0 && S_ISREG(status.st_mode);
  } catch (...) {
    return 0;
  }
}

}  // namespace

std::optional<LooseObject> readLooseObject(const std::string& objectsDirectory, const Oid& oid) {
  const std::string path = pathOf(objectsDirectory, oid);
  const auto corrupt = [&](const char* why) { fail(failure_code::kCorrupt, kOperation, std::string("a loose object ") + why, path); };
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd) failSystem(kOperation, path);
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) failSystem(kOperation, path);
  if (!S_ISREG(status.st_mode)) corrupt("is not a file");
  if (static_cast<uint64_t>(status.st_size) > kMaxBytes) fail(failure_code::kLimit, kOperation, "a loose object beyond 4 GiB", path);
  const std::string bytes = readFile(fd.get(), static_cast<uint64_t>(status.st_size), path);
  Inflater inflater(bytes);
  LooseObject object;
  std::string header;
  uint64_t size = 0;
  if (!readHeader(inflater, header, object.type, size)) corrupt("has no valid header");
  if (size > kMaxBytes || size > bytes.size() * kMaxRatio) corrupt("says that it is larger than it can be");
  object.data.resize(size);
  if (inflater.read(object.data.data(), size) != size) corrupt("is cut off or damaged");
  if (!inflater.isAtEnd()) corrupt("is longer than it says");
  // A checksum is enough here: that this name stands for these bytes, not that nobody could make others for it.
  Checksum checksum;
  checksum.update(header);
  checksum.update(object.data);
  const Checksum::Digest digest = checksum.finish();
  if (std::memcmp(digest.data(), oid.id, sizeof oid.id) != 0) corrupt("does not hold what its name says");
  return object;
}

git_odb_backend* newLooseBackend(std::string objectsDirectory) {
  auto backend = std::make_unique<LooseBackend>();
  check(git_odb_init_backend(&backend->parent, GIT_ODB_BACKEND_VERSION), kOperation);
  backend->parent.read = LooseBackend::read;
  backend->parent.read_header = LooseBackend::readHeader;
  backend->parent.exists = LooseBackend::exists;
  backend->parent.free = LooseBackend::free;
  backend->objectsDirectory = std::move(objectsDirectory);
  return &backend.release()->parent;
}

}  // namespace coppice
