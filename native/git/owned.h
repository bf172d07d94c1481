// Owners of libgit2 and OS resources. Everything that libgit2 hands out goes into one of these in the same statement.
#pragma once

#include <git2.h>
#include <unistd.h>

#include <memory>
#include <utility>

namespace coppice {

template <class T, void (*Free)(T*)>
struct Git2Free {
  void operator()(T* value) const noexcept { Free(value); }
};
template <class T, void (*Free)(T*)>
using Git2Owned = std::unique_ptr<T, Git2Free<T, Free>>;

using OwnedRepository = Git2Owned<git_repository, git_repository_free>;
using OwnedOdb = Git2Owned<git_odb, git_odb_free>;
using OwnedOdbObject = Git2Owned<git_odb_object, git_odb_object_free>;
using OwnedObject = Git2Owned<git_object, git_object_free>;
using OwnedCommit = Git2Owned<git_commit, git_commit_free>;
using OwnedTree = Git2Owned<git_tree, git_tree_free>;
using OwnedBlob = Git2Owned<git_blob, git_blob_free>;
using OwnedIndex = Git2Owned<git_index, git_index_free>;
using OwnedReference = Git2Owned<git_reference, git_reference_free>;
using OwnedReferenceIterator = Git2Owned<git_reference_iterator, git_reference_iterator_free>;
using OwnedConfig = Git2Owned<git_config, git_config_free>;
using OwnedDiff = Git2Owned<git_diff, git_diff_free>;
using OwnedFilterList = Git2Owned<git_filter_list, git_filter_list_free>;
using OwnedSignature = Git2Owned<git_signature, git_signature_free>;
using OwnedRevwalk = Git2Owned<git_revwalk, git_revwalk_free>;

// Lets a libgit2 out-parameter be written into an owner: check(git_x_new(out(owner), ...), ...).
template <class Owner>
class Out {
 public:
  explicit Out(Owner& owner) noexcept : owner_(owner) {}
  ~Out() { owner_.reset(value_); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;
  operator typename Owner::pointer*() noexcept { return &value_; }

 private:
  Owner& owner_;
  typename Owner::pointer value_ = nullptr;
};
template <class Owner>
Out<Owner> out(Owner& owner) noexcept {
  return Out<Owner>(owner);
}

class OwnedBuffer {
 public:
  OwnedBuffer() noexcept = default;
  ~OwnedBuffer() { git_buf_dispose(&buffer_); }
  OwnedBuffer(const OwnedBuffer&) = delete;
  OwnedBuffer& operator=(const OwnedBuffer&) = delete;
  git_buf* get() noexcept { return &buffer_; }
  const char* data() const noexcept { return buffer_.ptr; }
  size_t size() const noexcept { return buffer_.size; }

 private:
  git_buf buffer_ = GIT_BUF_INIT;
};

class OwnedFd {
 public:
  OwnedFd() noexcept = default;
  explicit OwnedFd(int fd) noexcept : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~OwnedFd() { reset(); }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  // A failed close of a file that was fsynced changes nothing, and one that was not is not yet trusted by anybody.
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace coppice
