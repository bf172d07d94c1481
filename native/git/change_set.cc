// The index says what was staged, the scan what is to be looked at again, the disk what it is now. Three passes: paths
// of which the base has a version are read first, to see whether they changed at all; then the limits are applied in
// path order, so that what is left out does not depend on timing; then new files are read, and everything is stored.
#include "change_set.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "candidate.h"
#include "excluded_paths.h"
#include "failure.h"
#include "index_difference.h"
#include "nested_repository.h"
#include "parallel.h"
#include "settings_cache.h"
#include "wildmatch.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "snapshot.collectChanges";

using State = Candidate::State;

std::string directoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

class Collector {
 public:
  Collector(Session& session, const ChangeSetRequest& request, const Cancel& cancel)
      : session_(session), request_(request), cancel_(cancel), handle_(session.handle()), excluded_(request.exclude) {}

  ChangeSet run() {
    if (request_.staged) takeStaged();
    takeScanned();
    if (!candidates_.empty()) readCandidates();
    clearTheWay();
    ChangeSet changes;
    for (auto& [path, edit] : edits_)
      changes.edits.push_back(std::move(edit));
    for (auto& [path, reason] : unheld_)
      changes.unheld.push_back({path, reason});
    return changes;
  }

 private:
  void takeStaged();
  void takeScanned();
  void takeUntracked(const ScanResult::Untracked& untracked);
  void readCandidates();
  void applyLimits();
  void settle(const Candidate& candidate);
  void clearTheWay();

  MergeEntry fileInBase(const std::string& path) const;
  Candidate& candidateAt(const std::string& path);
  void remove(const std::string& path);
  void holdBack(const std::string& path, const char* reason);
  std::vector<std::string> newRuleFiles(const RootDirectory& root) const;
  template <class Wanted, class Work>
  void forEach(Wanted wanted, Work work);

  Session& session_;
  const ChangeSetRequest& request_;
  const Cancel& cancel_;
  const HandleLease handle_;
  const ExcludedPaths excluded_;
  std::map<std::string, TreeEdit> edits_;
  std::map<std::string, const char*> unheld_;
  std::map<std::string, Candidate> candidates_;
  std::vector<std::string> absentSparse_;  // skip-worktree entries without a file: they keep what the index says
};

MergeEntry Collector::fileInBase(const std::string& path) const {
  const MergeEntry entry = entryAt(*handle_, request_.baseTreeOid, path);
  return entry.mode == kModeTree ? MergeEntry{} : entry;
}

Candidate& Collector::candidateAt(const std::string& path) {
  Candidate& candidate = candidates_[path];
  if (candidate.path.empty()) {
    candidate.path = path;
    candidate.base = fileInBase(path);
  }
  return candidate;
}

void Collector::remove(const std::string& path) {
  if (fileInBase(path))
    edits_[path] = {path, 0, {}};
  else
    edits_.erase(path);
}

void Collector::holdBack(const std::string& path, const char* reason) {
  edits_.erase(path);
  candidates_.erase(path);
  unheld_.emplace(path, reason);
}

// Blobs that a task staged are read and stored anew: only the task's index names them, and that goes with the worktree.
void Collector::takeStaged() {
  for (const TreeEdit& edit : indexDifference(*handle_, request_.baseTreeOid, *request_.index, cancel_)) {
    if (excluded_.cover(edit.path)) continue;
    if (edit.mode == kModeGitlink && !isSafePath(edit.path)) {
      holdBack(edit.path, unheld_reason::kUnsafeName);
    } else if (edit.mode == kModeGitlink || edit.mode == 0) {
      edits_.emplace(edit.path, edit);
    } else {
      Candidate& candidate = candidateAt(edit.path);
      candidate.entry = request_.index->find(edit.path);
      candidate.staged = true;
      candidate.size = candidate.entry->stat.size;
    }
  }
}

void Collector::takeScanned() {
  const ScanResult& scanned = *request_.scanned;
  for (const size_t position : scanned.suspect) {
    const IndexEntry& entry = request_.index->entries[position];
    edits_.erase(entry.path);  // a gitlink that became a file
    Candidate& candidate = candidateAt(entry.path);
    candidate.staged = false;
    candidate.size = entry.stat.size;
    // Of an unmerged path git takes the mode from ours (stage 2), else from the first stage there is.
    if (candidate.entry == nullptr || entry.stage == 2) candidate.entry = &entry;
  }
  for (const size_t position : scanned.missing) {
    const IndexEntry& entry = request_.index->entries[position];
    if (entry.skipWorktree) {
      absentSparse_.push_back(entry.path);
      continue;
    }
    candidates_.erase(entry.path);
    remove(entry.path);
  }
  for (const size_t position : scanned.populatedGitlinks)
    holdBack(request_.index->entries[position].path, unheld_reason::kNestedRepository);
  for (const auto& untracked : scanned.untracked)
    takeUntracked(untracked);
  for (const std::string& path : scanned.unreadable)
    holdBack(path, unheld_reason::kUnreadable);
}

void Collector::takeUntracked(const ScanResult::Untracked& untracked) {
  const std::string& path = untracked.path;
  const mode_t kind = untracked.status.st_mode & S_IFMT;
  if (equalFolded(RootDirectory::baseName(path), ".git", session_.ignoreCase())) {
    const bool repository = isNestedRepository(request_.root + '/' + directoryOf(path));
    holdBack(path, repository ? unheld_reason::kNestedRepository : unheld_reason::kUnsafeName);
  } else if (kind == S_IFDIR) {
    holdBack(path, unheld_reason::kNestedRepository);
  } else if (kind == S_IFREG || kind == S_IFLNK) {
    candidateAt(path).size = static_cast<uint64_t>(untracked.status.st_size);
  } else {
    holdBack(path, unheld_reason::kSpecialFile);
  }
}

// Attributes count as soon as their file is there, tracked or not, ignored or not.
std::vector<std::string> Collector::newRuleFiles(const RootDirectory& root) const {
  std::set<std::string> seen;
  std::vector<std::string> files;
  for (const auto& [path, candidate] : candidates_) {
    for (std::string directory = directoryOf(path); seen.insert(directory).second; directory = directoryOf(directory)) {
      const std::string file = directory.empty() ? ".gitattributes" : directory + "/.gitattributes";
      if (request_.index->find(file) == nullptr && root.openFile(file, O_RDONLY)) files.push_back(file);
    }
  }
  return files;
}

template <class Wanted, class Work>
void Collector::forEach(Wanted wanted, Work work) {
  std::vector<Candidate*> list;
  for (auto& [path, candidate] : candidates_)
    if (wanted(candidate)) list.push_back(&candidate);
  parallelFor(worthThreads(session_.threads(), list.size()), list.size(), [&] {
    return [&, handle = session_.handle()](size_t i) {
      cancel_.check(kOperation);
      work(*list[i], *handle);
    };
  });
}

void Collector::readCandidates() {
  const RootDirectory root(request_.root);
  const WorktreeSettings settings = fileSettings(session_, request_.gitDirectory)->worktree;
  const auto attributes =
      Attributes::ofWorktree(session_, request_.gitDirectory, root, *request_.index, newRuleFiles(root));
  const CandidateReader reader(root, settings, attributes, request_.limits, cancel_);
  const auto isUnread = [](const Candidate& candidate) { return candidate.state == State::kUnread; };
  std::atomic<uint64_t> kept{0};
  forEach([&](const Candidate& candidate) { return static_cast<bool>(candidate.base); },
          [&](Candidate& candidate, Handle& handle) {
            reader.read(candidate, handle);
            // What will hardly stay within the limit is read once more rather than kept in memory.
            if (candidate.state != State::kHeld || request_.limits.bytes == 0) return;
            if (kept.fetch_add(candidate.size) + candidate.size > request_.limits.bytes) candidate.bytes.reset();
          });
  applyLimits();
  forEach([&](const Candidate& candidate) { return isUnread(candidate) || candidate.state == State::kHeld; },
          [&](Candidate& candidate, Handle& handle) {
            if (!candidate.bytes) reader.read(candidate, handle);
            if (candidate.state != State::kHeld) return;
            const Oid* previousOid =
                candidate.base && candidate.base.mode != kModeGitlink ? &candidate.base.oid : nullptr;
            candidate.oid = handle.write(GIT_OBJECT_BLOB, *candidate.bytes, previousOid);
            candidate.bytes.reset();
          });
  for (const auto& [path, candidate] : candidates_)
    settle(candidate);
}

// Deletions count as changed paths but are never held back: they need no bytes, and a file may need their place.
void Collector::applyLimits() {
  uint64_t files = 0, bytes = 0;
  auto edit = edits_.begin();
  for (auto& [path, candidate] : candidates_) {
    for (; edit != edits_.end() && edit->first < path; ++edit)
      files++;
    if (candidate.state == State::kUnchanged || candidate.state == State::kUnheld) continue;
    files++;
    if (candidate.state == State::kGone) continue;
    const bool tooMany = request_.limits.files > 0 && files > request_.limits.files;
    const bool tooBig =
        request_.limits.bytes > 0 && candidate.size > request_.limits.bytes - std::min(bytes, request_.limits.bytes);
    if (tooMany || tooBig)
      candidate.holdBack(unheld_reason::kLimit);
    else
      bytes += candidate.size;
  }
}

void Collector::settle(const Candidate& candidate) {
  switch (candidate.state) {
    case State::kHeld:
      edits_[candidate.path] = {candidate.path, candidate.mode, candidate.oid};
      return;
    case State::kGone:
      remove(candidate.path);
      return;
    case State::kUnheld:
      edits_.erase(candidate.path);
      unheld_.emplace(candidate.path, candidate.reason);
      return;
    case State::kUnchanged:  // whatever was staged
      edits_.erase(candidate.path);
      return;
    case State::kUnread:
      return;
  }
}

// A working file takes the place of whatever would stay where it or its directories are: absent sparse entries, and
// files of the base that are not held.
void Collector::clearTheWay() {
  std::set<std::string> directories;
  for (const auto& [path, edit] : edits_) {
    if (edit.mode == 0) continue;
    for (std::string above = directoryOf(path); !above.empty() && directories.insert(above).second;)
      above = directoryOf(above);
  }
  for (const std::string& path : absentSparse_) {
    bool taken = directories.count(path) > 0;
    for (std::string above = directoryOf(path); !above.empty() && !taken; above = directoryOf(above)) {
      const auto edit = edits_.find(above);
      taken = edit != edits_.end() && edit->second.mode != 0;
    }
    if (taken) remove(path);
  }
  for (const std::string& directory : directories)
    if (edits_.count(directory) == 0 && fileInBase(directory)) edits_[directory] = {directory, 0, {}};
}

}  // namespace

ChangeSet changeSetOf(Session& session, const ChangeSetRequest& request, const Cancel& cancel) {
  return Collector(session, request, cancel).run();
}

}  // namespace coppice
