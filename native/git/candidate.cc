#include "candidate.h"

#include <algorithm>

#include "failure.h"
#include "object_store.h"
#include "portable_path.h"
#include "working_file.h"

namespace coppice {

namespace {

using State = Candidate::State;

std::shared_ptr<const std::string> readBlob(Handle& handle, const Oid& oid) {
  try {
    return handle.read(oid, GIT_OBJECT_BLOB).data;
  } catch (const Failure& failure) {
    if (failure.code == failure_code::kCancelled) throw;
    return nullptr;  // not there, or damaged: the working file is what counts
  }
}

}  // namespace

// Git's rule: where the filesystem cannot show an executable bit or a link, the index's word stays.
uint32_t CandidateReader::modeOf(const struct stat& status, const IndexEntry* entry) const {
  if (S_ISLNK(status.st_mode)) return kModeSymlink;
  if (!settings_.symlinks && entry != nullptr && entry->mode == kModeSymlink) return kModeSymlink;
  if (settings_.fileMode) return status.st_mode & S_IXUSR ? kModeExecutable : kModeFile;
  return entry != nullptr && entry->mode == kModeExecutable ? kModeExecutable : kModeFile;
}

// A file above the limit that was only touched is no change. Its size tells, unless line ends are converted: then it is
// held back although it may be unchanged, which is loud and loses nothing.
bool CandidateReader::mayBeBase(const Candidate& candidate, uint64_t size, Handle& handle) const {
  size_t known = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  return candidate.base && git_odb_read_header(&known, &type, handle.odb(), &candidate.base.oid) == 0 && known == size;
}

bool CandidateReader::readStaged(Candidate& candidate, Handle& handle) const {
  candidate.bytes = readBlob(handle, candidate.entry->oid);
  candidate.mode = candidate.entry->mode;
  return candidate.bytes != nullptr;
}

// False when the candidate is settled: there is nothing to hold.
bool CandidateReader::readFromDisk(Candidate& candidate, Handle& handle) const {
  const auto holdBack = [&](const char* reason) {
    candidate.holdBack(reason);
    return false;
  };
  WorkingFile file = readWorkingFile(root_, candidate.path, limits_.bytes, cancel_);
  if (file.kind == WorkingFile::Kind::kTooBig) {
    if (!mayBeBase(candidate, static_cast<uint64_t>(file.status.st_size), handle))
      return holdBack(unheld_reason::kLimit);
    file = readWorkingFile(root_, candidate.path, 0, cancel_);
  }
  switch (file.kind) {
    case WorkingFile::Kind::kFile:
    case WorkingFile::Kind::kSymlink:
      break;
    case WorkingFile::Kind::kSpecial:
      return holdBack(unheld_reason::kSpecialFile);
    case WorkingFile::Kind::kTooBig:
      return holdBack(unheld_reason::kLimit);
    case WorkingFile::Kind::kUnreadable:
      return holdBack(unheld_reason::kUnreadable);
    case WorkingFile::Kind::kDirectory:
    case WorkingFile::Kind::kGone:
      candidate.state = State::kGone;
      return false;
  }
  candidate.mode = modeOf(file.status, candidate.entry);
  if (file.kind == WorkingFile::Kind::kFile) {
    const auto indexed = [&]() { return candidate.entry ? readBlob(handle, candidate.entry->oid) : nullptr; };
    Attributes::Converted converted = attributes_.toObject(candidate.path, file.bytes, indexed);
    if (converted.unsupported != nullptr) return holdBack(converted.unsupported);
    if (converted.bytes) file.bytes = std::move(*converted.bytes);
  }
  candidate.bytes = std::make_shared<const std::string>(std::move(file.bytes));
  return true;
}

// Why no snapshot may have this name, or null. Names that the base has already are the repository's own affair, as long as they
// are safe.
const char* CandidateReader::refusal(const Candidate& candidate) const {
  const std::string& path = candidate.path;
  if (!isSafePath(path)) return unheld_reason::kUnsafeName;
  if (candidate.base) return nullptr;
  const auto depth = static_cast<uint64_t>(std::count(path.begin(), path.end(), '/'));
  if (limits_.depth > 0 && depth > limits_.depth) return unheld_reason::kLimit;
  if (limits_.pathBytes > 0 && path.size() > limits_.pathBytes) return unheld_reason::kLimit;
  return limits_.portablePaths && !isPortablePath(path) ? unheld_reason::kUnportableName : nullptr;
}

void CandidateReader::read(Candidate& candidate, Handle& handle) const {
  if (const char* reason = refusal(candidate)) return candidate.holdBack(reason);
  const bool read = candidate.staged && readStaged(candidate, handle);
  if (!read && !readFromDisk(candidate, handle)) return;
  if (!isSafePath(candidate.path, candidate.mode))
    return candidate.holdBack(unheld_reason::kUnsafeName);  // ".gitmodules"
  candidate.size = candidate.bytes->size();
  const bool same =
      candidate.base.mode == candidate.mode && hashObject(GIT_OBJECT_BLOB, *candidate.bytes) == candidate.base.oid;
  candidate.state = same ? State::kUnchanged : State::kHeld;
  if (same) candidate.bytes.reset();
}

}  // namespace coppice
