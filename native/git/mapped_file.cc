#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "failure.h"
#include "owned.h"

namespace coppice {

MappedFile::MappedFile(const std::string& path) {
  constexpr const char* kOperation = "mapFile";
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == ENOENT) fail(failure_code::kNotFound, kOperation, "the file is gone", path);
  struct stat status;
  if (!fd || ::fstat(fd.get(), &status) != 0) failSystem(kOperation, path);
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) failSystem(kOperation, path);
  data_ = data;
}

void MappedFile::release(size_t before) {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t end = std::min(before, size_) / page * page;
  if (end <= released_) return;
  // Advice: what is not taken costs memory and nothing else.
  ::madvise(static_cast<char*>(data_) + released_, end - released_, MADV_DONTNEED);
  released_ = end;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace coppice
