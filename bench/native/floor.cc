// The floor of making a worktree: its files opened, written, closed and hashed, by one thread and with nothing else.
// In C++, because Node's own part of a call would make the floor a fifth higher.
#include "floor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "git/checksum.h"

namespace {

struct File {
  std::string path;
  mode_t mode;
  bool link;
  std::string_view content;
};

class Directory {
 public:
  explicit Directory(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~Directory() {
    if (fd_ >= 0) close(fd_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool writeFile(int root, const File& file) {
  coppice::Checksum hash;
  hash.update("blob " + std::to_string(file.content.size()));
  hash.update(std::string_view("\0", 1));
  hash.update(file.content);
  hash.finish();
  if (file.link) return symlinkat(std::string(file.content).c_str(), root, file.path.c_str()) == 0;
  int fd = openat(root, file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, file.mode);
  if (fd < 0) return false;
  bool whole = write(fd, file.content.data(), file.content.size()) == static_cast<ssize_t>(file.content.size());
  return close(fd) == 0 && whole;
}

}  // namespace

// writeAll(root, folders, files): true when everything was written. The contents stay where Node has them.
Napi::Value writeAll(const Napi::CallbackInfo& info) {
  Directory root(info[0].As<Napi::String>());
  auto folders = info[1].As<Napi::Array>();
  auto listed = info[2].As<Napi::Array>();
  std::vector<File> files;
  for (uint32_t i = 0; i < listed.Length(); i++) {
    auto file = listed.Get(i).As<Napi::Object>();
    auto content = file.Get("content").As<Napi::Buffer<char>>();
    files.push_back({file.Get("path").As<Napi::String>(), file.Get("mode").As<Napi::Number>().Uint32Value(),
                     file.Get("link").As<Napi::Boolean>(), std::string_view(content.Data(), content.Length())});
  }
  bool done = root.fd() >= 0;
  for (uint32_t i = 0; done && i < folders.Length(); i++)
    done = mkdirat(root.fd(), folders.Get(i).As<Napi::String>().Utf8Value().c_str(), 0777) == 0;
  for (const File& file : files) done = done && writeFile(root.fd(), file);
  return Napi::Boolean::New(info.Env(), done);
}
