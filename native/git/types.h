// The plain data that crosses the border between TypeScript and C++, and nothing else.
// src/git/native.ts holds the same names in the same order. A struct describes its fields once, in `fields`; the binding
// reads and writes JavaScript objects through that, so a conversion error carries the field's path and no table is
// written by hand. std::optional is `null` on the other side, never `undefined`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oid.h"

namespace coppice {

// ---- session ---------------------------------------------------------------------------------------------------------

struct OpenRequest {
  std::string path;   // anywhere inside the repository, or the repository itself
  uint32_t threads = 0;  // native threads of this session; 0: hardware concurrency
  uint32_t lockTimeoutMs = 2000;  // how long to wait for the lock of a ref, and for the right to make worktrees

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("threads", threads);
    visit("lockTimeoutMs", lockTimeoutMs);
  }
};

struct DescribeRequest {
  template <class Visitor>
  void fields(Visitor&) {}
};

struct RepositoryDescription {
  std::string gitDirectory;     // of the opened worktree, absolute, real path, no final slash
  std::string commonDirectory;  // shared by all worktrees, likewise
  std::optional<std::string> workingDirectory;  // null: bare
  bool bare = false;
  std::optional<std::string> headRef;  // full name; null: detached
  std::optional<Oid> headOid;          // null: unborn
  std::string state;  // "none", "merge", "revert", "cherrypick", "bisect", "rebase", "apply"
  bool ignoreCase = false;
  bool commitSigning = false;
  std::optional<std::string> userName;
  std::optional<std::string> userEmail;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("gitDirectory", gitDirectory);
    visit("commonDirectory", commonDirectory);
    visit("workingDirectory", workingDirectory);
    visit("bare", bare);
    visit("headRef", headRef);
    visit("headOid", headOid);
    visit("state", state);
    visit("ignoreCase", ignoreCase);
    visit("commitSigning", commitSigning);
    visit("userName", userName);
    visit("userEmail", userEmail);
  }
};

// A commit or branch looked up by name. Never a revision expression: "HEAD", a full ref name, a branch name, a tag name
// or 40 digits.
struct ResolveRequest {
  std::string name;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
  }
};

struct ResolveReply {
  std::optional<std::string> refName;  // full name of the branch it stands for; null: an oid, a tag or a detached HEAD
  std::optional<Oid> commitOid;        // null: not there, or unborn
  std::optional<Oid> treeOid;
  std::vector<Oid> parentOids;  // of the commit
  std::optional<std::string> message;  // of the commit
  std::optional<int64_t> timeSeconds;  // of the commit, the committer's

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("refName", refName);
    visit("commitOid", commitOid);
    visit("treeOid", treeOid);
    visit("parentOids", parentOids);
    visit("message", message);
    visit("timeSeconds", timeSeconds);
  }
};

// ---- objects ---------------------------------------------------------------------------------------------------------

struct Person {
  std::string name;
  std::string email;
  int64_t timeSeconds = 0;
  int32_t offsetMinutes = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("email", email);
    visit("timeSeconds", timeSeconds);
    visit("offsetMinutes", offsetMinutes);
  }
};

struct CommitRequest {
  Oid treeOid;
  std::vector<Oid> parentOids;
  Person author;
  Person committer;
  std::string message;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeOid", treeOid);
    visit("parentOids", parentOids);
    visit("author", author);
    visit("committer", committer);
    visit("message", message);
  }
};

struct OidReply {
  Oid oid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("oid", oid);
  }
};

// One path that two trees hold differently. Mode 0 and a null oid: not there.
struct Change {
  std::string path;
  uint32_t oldMode = 0;
  std::optional<Oid> oldOid;
  uint32_t newMode = 0;
  std::optional<Oid> newOid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("oldMode", oldMode);
    visit("oldOid", oldOid);
    visit("newMode", newMode);
    visit("newOid", newOid);
  }
};

// Puts small text files into a tree (the ledger's), on top of `treeOid`. `text` null removes the path.
struct TextEdit {
  std::string path;
  std::optional<std::string> text;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("text", text);
  }
};

struct EditTreeRequest {
  std::optional<Oid> treeOid;
  std::vector<TextEdit> edits;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeOid", treeOid);
    visit("edits", edits);
  }
};

// Reads one file of a tree-ish (commit or tree) as text; null when the path is not there.
struct ReadTextRequest {
  Oid treeishOid;
  std::string path;
  uint32_t maxBytes = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeishOid", treeishOid);
    visit("path", path);
    visit("maxBytes", maxBytes);
  }
};

struct TextReply {
  std::optional<std::string> text;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("text", text);
  }
};

// The bytes of a file or the target of a symbolic link, whatever they are.
struct ReadBlobRequest {
  Oid oid;
  uint64_t maxBytes = 0;  // 0: no limit

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("oid", oid);
    visit("maxBytes", maxBytes);
  }
};

struct BlobReply {
  std::string content;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("content", content);
  }
};

// Every file at or below `prefix` ("": all) of a tree-ish: paths only, sorted, at most `maxEntries`.
struct ListTreeRequest {
  Oid treeishOid;
  std::string prefix;
  uint32_t maxEntries = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeishOid", treeishOid);
    visit("prefix", prefix);
    visit("maxEntries", maxEntries);
  }
};

struct PathsReply {
  std::vector<std::string> paths;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("paths", paths);
  }
};

// What stands at each of some paths of a tree-ish, in their order. A directory counts as what it is: a tree.
struct ReadEntriesRequest {
  Oid treeishOid;
  std::vector<std::string> paths;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeishOid", treeishOid);
    visit("paths", paths);
  }
};

struct EntryReply {
  uint32_t mode = 0;       // 0: nothing is there
  std::optional<Oid> oid;  // null: nothing is there

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("mode", mode);
    visit("oid", oid);
  }
};

struct ReadEntriesReply {
  std::vector<EntryReply> entries;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("entries", entries);
  }
};

// Whether a landing moved its target from `oldOid` to `newOid`, whatever has become of it since.
struct HasMovedRequest {
  std::string targetRef;
  std::optional<std::string> worktree;  // the working directory that "HEAD" is of
  Oid oldOid;
  Oid newOid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("targetRef", targetRef);
    visit("worktree", worktree);
    visit("oldOid", oldOid);
    visit("newOid", newOid);
  }
};

struct HasMovedReply {
  bool moved = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("moved", moved);
  }
};

// Which of some commits a branch no longer has, as far as its history can be looked through.
struct FindInHistoryRequest {
  Oid tipOid;
  std::vector<Oid> oids;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("tipOid", tipOid);
    visit("oids", oids);
  }
};

struct FindInHistoryReply {
  std::vector<Oid> missing;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("missing", missing);
  }
};

// One flush of the session's store (PROTOCOLS P1): pack with .keep, idx, fsync, then the refs in the order given, fsynced,
// then the .keep goes. With nothing in the store only the refs move.
struct RefUpdate {
  std::string refName;
  std::optional<Oid> newOid;       // null: delete
  bool compare = false;            // true: only when the ref is at `expectedOid` now (null: not there)
  std::optional<Oid> expectedOid;
  std::optional<std::string> reflog;  // null: no reflog entry is written

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("refName", refName);
    visit("newOid", newOid);
    visit("compare", compare);
    visit("expectedOid", expectedOid);
    visit("reflog", reflog);
  }
};

struct FlushRequest {
  std::vector<RefUpdate> refs;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("refs", refs);
  }
};

struct FlushReply {
  std::optional<std::string> packName;  // "pack-<hex>", null: the store was empty
  uint32_t objects = 0;
  uint64_t bytes = 0;
  std::optional<std::string> lostRef;  // the first ref whose comparison failed (a lost race); later ones did not move
  uint32_t packs = 0;                  // of this session, this one included

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("packName", packName);
    visit("objects", objects);
    visit("bytes", bytes);
    visit("lostRef", lostRef);
    visit("packs", packs);
  }
};

// Replaces packs of this session by one (PROTOCOLS P7): the smallest, and as many as it takes to leave `atMost`. Readers, ours
// and git's, go on. A pack that is not ours, or has a .keep that is not ours, is never touched.
struct ConsolidateRequest {
  uint32_t atMost = 1;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("atMost", atMost);
  }
};

struct ConsolidateReply {
  std::optional<std::string> packName;  // null: nothing was to be done, or a gc runs
  uint32_t replaced = 0;
  uint64_t bytes = 0;
  uint32_t packs = 0;                   // of this session now
  bool gcRunning = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("packName", packName);
    visit("replaced", replaced);
    visit("bytes", bytes);
    visit("packs", packs);
    visit("gcRunning", gcRunning);
  }
};

struct ListRefsRequest {
  std::string prefix;  // "refs/coppice/"

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("prefix", prefix);
  }
};

struct Ref {
  std::string refName;
  Oid oid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("refName", refName);
    visit("oid", oid);
  }
};

struct RefsReply {
  std::vector<Ref> refs;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("refs", refs);
  }
};

// ---- diff ------------------------------------------------------------------------------------------------------------

struct DiffRequest {
  Oid oldTreeishOid;
  Oid newTreeishOid;
  bool patch = false;
  uint32_t maxPatchBytes = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("oldTreeishOid", oldTreeishOid);
    visit("newTreeishOid", newTreeishOid);
    visit("patch", patch);
    visit("maxPatchBytes", maxPatchBytes);
  }
};

struct DiffReply {
  std::vector<Change> changes;
  std::optional<std::string> patch;  // null when not asked for, or larger than the limit

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("changes", changes);
    visit("patch", patch);
  }
};

// ---- worktree --------------------------------------------------------------------------------------------------------

struct AddWorktreeRequest {
  std::string name;        // admin directory under <common>/worktrees
  std::string path;        // absolute; must not exist; its parent is made when missing
  Oid baseOid;             // a commit on disk
  std::string lockReason;  // git shows it in `git worktree list`
  std::optional<std::string> copyFrom;  // a checked-out worktree whose clean files are copied; null: all are inflated
  bool track = false;  // from here on its changes are tracked, as long as this session is open
  uint64_t reserveBytes = 0;  // must stay free on its filesystem, but never more than a twentieth of that; 0: no look

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("baseOid", baseOid);
    visit("lockReason", lockReason);
    visit("copyFrom", copyFrom);
    visit("track", track);
    visit("reserveBytes", reserveBytes);
  }
};

struct AddWorktreeReply {
  uint32_t files = 0;
  uint32_t copied = 0;
  uint64_t bytes = 0;
  std::optional<std::string> untracked;  // why its changes are not tracked; null: they are, or nobody asked

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("files", files);
    visit("copied", copied);
    visit("bytes", bytes);
    visit("untracked", untracked);
  }
};

struct ListWorktreesRequest {
  template <class Visitor>
  void fields(Visitor&) {}
};

struct WorktreeDescription {
  std::string name;  // "" for the main worktree
  std::string path;
  std::optional<std::string> lockReason;  // null: not locked
  std::optional<std::string> headRef;
  std::optional<Oid> headOid;
  bool present = false;  // its .git file is there and points back

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("lockReason", lockReason);
    visit("headRef", headRef);
    visit("headOid", headOid);
    visit("present", present);
  }
};

struct ListWorktreesReply {
  std::vector<WorktreeDescription> worktrees;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("worktrees", worktrees);
  }
};

struct LockWorktreeRequest {
  std::string name;
  std::optional<std::string> lockReason;  // null: unlock

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("lockReason", lockReason);
  }
};

// Moves the folder into `trashPath` (same filesystem, made when missing) by rename, then drops the admin directory.
struct RemoveWorktreeRequest {
  std::string name;
  std::string path;
  std::string trashPath;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("trashPath", trashPath);
  }
};

// Links a worktree and its admin directory again after the repository, the worktree or both were moved. Only where what is found
// proves that they belong together, and never one that another repository has.
struct RepairWorktreeRequest {
  std::string name;
  std::vector<std::string> places;  // where to look for it, beside where it was last
  bool dryRun = false;              // nothing is written

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("places", places);
    visit("dryRun", dryRun);
  }
};

struct RepairWorktreeReply {
  std::optional<std::string> path;  // where it is; null: not found
  bool repaired = false;
  std::optional<std::string> elsewhere;  // the repository that has the folder of this name now

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("repaired", repaired);
    visit("elsewhere", elsewhere);
  }
};

// Deletes what lies in the trash folder, and the folder when it is empty.
struct EndTrackingRequest {
  std::string name;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
  }
};

struct SweepTrashRequest {
  std::string trashPath;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("trashPath", trashPath);
  }
};

struct Done {
  template <class Visitor>
  void fields(Visitor&) {}
};

// What one snapshot may hold; 0: no limit.
struct SnapshotLimits {
  uint32_t files = 0;      // changed paths
  uint64_t bytes = 0;      // of changed files
  uint32_t depth = 0;      // directories above a file that the base does not have
  uint32_t pathBytes = 0;  // of such a file's path
  bool portablePaths = false;  // true: such a path must be possible on Windows, too

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("files", files);
    visit("bytes", bytes);
    visit("depth", depth);
    visit("pathBytes", pathBytes);
    visit("portablePaths", portablePaths);
  }
};

struct SnapshotRequest {
  std::string name;
  std::string path;
  Oid baseOid;                        // the commit the lease started from; the snapshot's only parent
  std::vector<std::string> exclude;   // provisioned paths (files, links, directories): never part of the snapshot
  SnapshotLimits limits;
  Person author;
  Person committer;
  std::string message;
  bool verify = false;  // the whole worktree is scanned although its changes are tracked, and both are held

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("baseOid", baseOid);
    visit("exclude", exclude);
    visit("limits", limits);
    visit("author", author);
    visit("committer", committer);
    visit("message", message);
    visit("verify", verify);
  }
};

// Something the task left that a commit cannot carry.
struct Unheld {
  std::string path;
  std::string reason;  // "nested-repository", "special-file", "unreadable", "limit", "filter", "encoding", "unsafe-name", "unportable-name"

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("reason", reason);
  }
};

struct TaskCommit {
  Oid commitOid;
  std::string message;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("commitOid", commitOid);
    visit("message", message);
  }
};

struct SnapshotReply {
  Oid treeOid;                      // equal to the base's tree: unchanged
  std::optional<Oid> snapshotOid;   // in the store, not yet on disk; null: unchanged
  std::vector<Change> changes;      // base -> snapshot, sorted by path
  std::vector<Unheld> unheld;
  std::vector<TaskCommit> taskCommits;  // base..HEAD of the worktree, oldest first, at most 1,000
  std::optional<std::string> scanned;   // why the whole worktree was scanned; null: tracking told what to look at
  std::vector<std::string> missed;      // with `verify`: held, and tracking had not told of them; always a defect

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeOid", treeOid);
    visit("snapshotOid", snapshotOid);
    visit("changes", changes);
    visit("unheld", unheld);
    visit("taskCommits", taskCommits);
    visit("scanned", scanned);
    visit("missed", missed);
  }
};

// Brings the worktree to exactly `baseOid`: files, index, HEAD and admin directory (PROTOCOLS P4).
struct ResetRequest {
  std::string name;
  std::string path;
  Oid baseOid;
  bool keepIgnored = false;
  std::vector<std::string> keep;  // provisioned paths that stay, whatever the ignore rules say

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("baseOid", baseOid);
    visit("keepIgnored", keepIgnored);
    visit("keep", keep);
  }
};

struct ResetReply {
  uint32_t written = 0;
  uint32_t removed = 0;
  std::optional<std::string> scanned;  // why the whole worktree was scanned; null: tracking told what to look at

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("written", written);
    visit("removed", removed);
    visit("scanned", scanned);
  }
};

// The ignored files of a checked-out worktree, as files and (with a final slash) whole directories. For .worktreeinclude.
struct ListIgnoredRequest {
  std::string path;
  uint32_t maxEntries = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("maxEntries", maxEntries);
  }
};

// Processes that still hold the worktree after its task ended (working directory, writable descriptor, mapping), and mounts beneath it.
struct ListHoldersRequest {
  std::vector<std::string> paths;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("paths", paths);
  }
};

struct Holder {
  std::string path;  // the one of the request that it holds
  uint32_t pid = 0;
  std::string command;
  std::string kind;  // "cwd", "descriptor", "mapping", "environment"

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("pid", pid);
    visit("command", command);
    visit("kind", kind);
  }
};

// Something is mounted beneath a worktree.
struct Mount {
  std::string path;       // the one of the request that it lies beneath
  std::string mountPath;  // absolute

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("mountPath", mountPath);
  }
};

struct ListHoldersReply {
  std::vector<Holder> holders;
  std::vector<Mount> mounts;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("holders", holders);
    visit("mounts", mounts);
  }
};

// Paths that two worktrees have both changed since their tasks began, as far as tracking tells: nothing is scanned.
struct OverlapWorktree {
  std::string name;
  std::string path;
  bool begins = false;  // its task is about to begin: what changed before is forgotten

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("path", path);
    visit("begins", begins);
  }
};

struct OverlapRequest {
  std::vector<OverlapWorktree> worktrees;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("worktrees", worktrees);
  }
};

struct Overlap {
  std::string path;
  std::string first;  // worktrees, by name
  std::string second;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("first", first);
    visit("second", second);
  }
};

struct OverlapReply {
  std::vector<Overlap> overlaps;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("overlaps", overlaps);
  }
};

// ---- merge -----------------------------------------------------------------------------------------------------------

struct MergeRequest {
  Oid baseOid;    // commits or trees
  Oid oursOid;
  Oid theirsOid;
  std::string oursLabel;    // for the markers
  std::string theirsLabel;
  bool content = false;     // true: conflict records carry the file with markers, and a tree is written with them in place

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("baseOid", baseOid);
    visit("oursOid", oursOid);
    visit("theirsOid", theirsOid);
    visit("oursLabel", oursLabel);
    visit("theirsLabel", theirsLabel);
    visit("content", content);
  }
};

struct ConflictSide {
  std::string path;
  uint32_t mode = 0;
  Oid oid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("mode", mode);
    visit("oid", oid);
  }
};

struct Conflict {
  std::string path;
  // "content", "modify/delete", "add/add", "rename/delete", "rename/rename", "rename/add", "mode", "type", "binary",
  // "submodule", "case", "file/directory"
  std::string kind;
  std::optional<ConflictSide> base;
  std::optional<ConflictSide> ours;
  std::optional<ConflictSide> theirs;
  std::optional<std::string> content;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("kind", kind);
    visit("base", base);
    visit("ours", ours);
    visit("theirs", theirs);
    visit("content", content);
  }
};

struct MergeReply {
  std::optional<Oid> treeOid;  // in the store; null: conflicted
  std::vector<Conflict> conflicts;
  std::vector<Change> changes;  // ours -> merged, sorted by path; empty when conflicted
  bool pruned = true;           // false: the slow path with rename detection ran

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("treeOid", treeOid);
    visit("conflicts", conflicts);
    visit("changes", changes);
    visit("pruned", pruned);
  }
};

// What becomes of one conflict of a step.
struct Resolution {
  std::string path;  // the conflict's
  std::string kind;  // the conflict's, as Conflict.kind
  std::string choice;                // "ours", "theirs", "union", "content", "removed"
  uint32_t mode = 0;                 // with content: a file's or a symbolic link's
  std::vector<std::string> content;  // with content: the file, cut at its NUL bytes, which no string here may hold

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("kind", kind);
    visit("choice", choice);
    visit("mode", mode);
    visit("content", content);
  }
};

// One result of a sequence.
struct MergeStep {
  Oid baseOid;    // commit or tree
  Oid theirsOid;  // commit
  std::string theirsLabel;
  std::string message;           // of the commit that lands it
  bool stopAtConflict = false;   // true: with a conflict it is the last step that is merged, and its conflicts have content
  std::vector<Resolution> resolutions;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("baseOid", baseOid);
    visit("theirsOid", theirsOid);
    visit("theirsLabel", theirsLabel);
    visit("message", message);
    visit("stopAtConflict", stopAtConflict);
    visit("resolutions", resolutions);
  }
};

struct MergeSequenceRequest {
  Oid tipOid;  // commit
  std::string oursLabel;
  std::vector<MergeStep> steps;
  bool keepParents = false;  // true: theirs becomes the second parent
  Person author;
  Person committer;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("tipOid", tipOid);
    visit("oursLabel", oursLabel);
    visit("steps", steps);
    visit("keepParents", keepParents);
    visit("author", author);
    visit("committer", committer);
  }
};

struct MergedStep {
  std::optional<Oid> commitOid;  // in the store; null: conflicted, or nothing is left to change
  std::vector<Conflict> conflicts;
  std::vector<Change> changes;  // the tip before it -> its commit, sorted by path
  uint64_t durationUs = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("commitOid", commitOid);
    visit("conflicts", conflicts);
    visit("changes", changes);
    visit("durationUs", durationUs);
  }
};

struct MergeSequenceReply {
  Oid tipOid;  // the last commit made; the tip itself when none was
  std::vector<MergedStep> steps;  // fewer than asked for when one stopped it

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("tipOid", tipOid);
    visit("steps", steps);
  }
};

// ---- land (PROTOCOLS P2, one call a step) ----------------------------------------------------------------------------

struct BeginLandingRequest {
  std::string targetRef;                 // full name of a branch, or "HEAD" for a detached target worktree
  std::optional<std::string> worktree;   // working directory to keep in step; null: find the one that has the target
  bool commit = true;                    // false: land "working-tree": paths only, neither branch nor index moves
  uint32_t timeoutMs = 0;                // how long to wait for the landing lock and for index.lock

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("targetRef", targetRef);
    visit("worktree", worktree);
    visit("commit", commit);
    visit("timeoutMs", timeoutMs);
  }
};

struct DisplacedPath {
  std::string path;
  std::string reason;                   // as BlockedPath.reason
  std::optional<std::string> keptPath;  // where the user's bytes went when they could not stay in place

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("reason", reason);
    visit("keptPath", keptPath);
  }
};

struct BeginLandingReply {
  uint32_t landingId = 0;
  std::optional<std::string> workingDirectory;  // null: the target is checked out nowhere
  std::optional<Oid> tipOid;                    // of the target now, under the lock; null: deleted meanwhile
  bool indexConflicted = false;
  std::string state;  // of the target's worktree, as RepositoryDescription.state
  std::vector<DisplacedPath> displaced;  // by a dead landing that was finished or taken back first

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landingId", landingId);
    visit("workingDirectory", workingDirectory);
    visit("tipOid", tipOid);
    visit("indexConflicted", indexConflicted);
    visit("state", state);
    visit("displaced", displaced);
  }
};

// Step 3 for a set of paths: which of them did the user change? Compared with the old side of each change.
struct CheckPathsRequest {
  uint32_t landingId = 0;
  std::vector<Change> changes;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landingId", landingId);
    visit("changes", changes);
  }
};

struct BlockedPath {
  std::string path;
  // "modified", "staged", "untracked", "deleted", "directory-in-the-way", "type-changed", "filter", "unwritable"
  std::string reason;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("reason", reason);
  }
};

struct CheckPathsReply {
  std::vector<BlockedPath> blocked;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("blocked", blocked);
  }
};

// Step 6: the commit point. Compare-and-swap of the target, with the reflogs of branch and HEAD.
struct MoveTargetRequest {
  uint32_t landingId = 0;
  Oid oldOid;
  Oid newOid;
  Person committer;
  std::string reflog;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landingId", landingId);
    visit("oldOid", oldOid);
    visit("newOid", newOid);
    visit("committer", committer);
    visit("reflog", reflog);
  }
};

struct MoveTargetReply {
  bool moved = false;  // false: lost race
  std::optional<Oid> tipOid;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("moved", moved);
    visit("tipOid", tipOid);
  }
};

// Step 7: the working tree, path by path. Never overwrites a byte that is not the old side's.
struct UpdatePathsRequest {
  uint32_t landingId = 0;
  std::vector<Change> changes;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landingId", landingId);
    visit("changes", changes);
  }
};

struct UpdatePathsReply {
  uint32_t written = 0;
  uint32_t removed = 0;
  std::vector<DisplacedPath> displaced;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("written", written);
    visit("removed", removed);
    visit("displaced", displaced);
  }
};

// Step 8, and what follows: the new index is renamed into place (land "commit"), or the lock is dropped ("working-tree",
// or nothing moved). Releases the landing lock. Calling it twice is harmless.
struct EndLandingRequest {
  uint32_t landingId = 0;
  bool writeIndex = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landingId", landingId);
    visit("writeIndex", writeIndex);
  }
};

// Finishes or discards what dead landings left (PROTOCOLS P2): half-moved files, index locks. A landing that lives is let be.
struct RecoverLandingsRequest {
  uint32_t timeoutMs = 0;  // how long to wait for the index.lock of a git that is at work
  bool dryRun = false;     // nothing is written

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("timeoutMs", timeoutMs);
    visit("dryRun", dryRun);
  }
};

struct DeadLanding {
  std::string gitDirectory;  // of the worktree that was to follow
  std::string refName;
  Oid oldOid;
  Oid newOid;
  bool forward = false;  // it had moved its ref, and was finished; false: it had not, or its user has gone on since

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("gitDirectory", gitDirectory);
    visit("refName", refName);
    visit("oldOid", oldOid);
    visit("newOid", newOid);
    visit("forward", forward);
  }
};

struct RecoverLandingsReply {
  std::optional<DeadLanding> landing;
  std::vector<DisplacedPath> displaced;  // the user's files that stayed as they are or were put aside
  std::vector<std::string> locks;        // index locks of dead landings, removed
  std::optional<std::string> busy;       // who is landing now: what there is is his

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("landing", landing);
    visit("displaced", displaced);
    visit("locks", locks);
    visit("busy", busy);
  }
};

// ---- runs and claims (PROTOCOLS P3) ----------------------------------------------------------------------------------

struct ClaimRequest {
  std::string name;  // "run/<runId>" or "effect/<runId>/<effectId>": a file below <common>/coppice/claims
  std::string owner;  // text written into the file, for messages only

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("owner", owner);
  }
};

struct ClaimReply {
  bool claimed = false;                // false: somebody who is alive holds it
  uint32_t claimId = 0;
  int32_t descriptor = -1;             // for children to inherit, so that they keep the claim alive
  std::optional<std::string> owner;    // who holds it, when not claimed

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("claimed", claimed);
    visit("claimId", claimId);
    visit("descriptor", descriptor);
    visit("owner", owner);
  }
};

// Every claim that has a file, held or not; a claim without a file is free.
struct ListClaimsRequest {
  template <class Visitor>
  void fields(Visitor&) {}
};

struct ClaimDescription {
  std::string name;
  bool held = false;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("held", held);
  }
};

struct ListClaimsReply {
  std::vector<ClaimDescription> claims;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("claims", claims);
  }
};

// Removes what dead processes left below <common>/coppice and nobody needs: claims that nobody holds, half-made admin directories.
struct SweepNotesRequest {
  bool dryRun = false;  // only says what would go

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("dryRun", dryRun);
  }
};

// What dead processes have left in the way of git and of its repacking.
struct ClearUpRequest {
  bool dryRun = false;  // only says what would go

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("dryRun", dryRun);
  }
};

struct ClearUpReply {
  std::vector<std::string> locks;  // of refs

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("locks", locks);
  }
};

struct ReleaseClaimRequest {
  uint32_t claimId = 0;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("claimId", claimId);
  }
};

// ---- the shared repository -------------------------------------------------------------------------------------------

// Looks at the files of the git directory that all worktrees have in common and that decide what git does.
struct SharedFilesRequest {
  std::string gitDirectory;                     // of the opened worktree
  std::optional<std::string> workingDirectory;  // links into it count by their text alone; null: bare
  std::optional<std::string> knownMarks;        // of an earlier reply: nothing is read when nothing has changed since

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("gitDirectory", gitDirectory);
    visit("workingDirectory", workingDirectory);
    visit("knownMarks", knownMarks);
  }
};

struct ConfigurationEntry {
  std::string name;                  // "core.hookspath": section and key in lower case
  std::optional<std::string> value;  // null: the key alone, which git takes for true

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("name", name);
    visit("value", value);
  }
};

struct SharedFile {
  std::string path;   // absolute
  std::string place;  // "config", "hook", "attributes", "alternates", "info"
  std::string kind;   // "file", "link", "other"
  uint32_t mode = 0;  // permission bits
  std::string digest;  // of the content; without content, of size, times and the like
  std::optional<std::string> content;       // bytes, or the text of a link; null: unreadable, or more than 4 MiB
  bool readable = true;                     // false: a configuration that cannot be read as one
  std::vector<ConfigurationEntry> entries;  // of a configuration, in its order

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("path", path);
    visit("place", place);
    visit("kind", kind);
    visit("mode", mode);
    visit("digest", digest);
    visit("content", content);
    visit("readable", readable);
    visit("entries", entries);
  }
};

struct SharedFilesReply {
  bool changed = false;              // false: as the known marks say, and the files are not given
  std::optional<std::string> marks;  // null: something has changed so lately that it must be read again
  std::vector<SharedFile> files;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("changed", changed);
    visit("marks", marks);
    visit("files", files);
  }
};

}  // namespace coppice
