// A file's bytes as memory, read-only. For files that nobody ever shortens (packs): a shorter one would end the process.
#pragma once

#include <string>
#include <string_view>

namespace coppice {

class MappedFile {
 public:
  // Throws NOT_FOUND, SYSTEM.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

  // The pages that lie wholly before this position need not stay in memory. They can still be read.
  void release(size_t before);

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
  size_t released_ = 0;
};

}  // namespace coppice
