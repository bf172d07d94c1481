// What a landing notes durably just before its commit point, and takes back once the index follows: which worktree was to
// follow which ref, from where to where. <common>/coppice/moving, one at a time, written only under the landing lock.
// The ledger says the same in the words of effects; this note is what a landing in another process can act on at once,
// without knowing runs, when the first thing it meets is a dead neighbour's half-updated worktree.
#pragma once

#include <optional>
#include <string>

#include "oid.h"

namespace coppice {

// How the refs of runs begin (src/effect/effect-id.ts).
inline constexpr const char* kRunRefs = "refs/coppice/";

struct MoveNote {
  std::string gitDirectory;  // of the worktree
  std::string refName;
  Oid oldOid{};
  Oid newOid{};

  // False: a landing of kind "working-tree", whose ref is the run's own; branch and index stay.
  bool indexFollows() const { return refName.rfind(kRunRefs, 0) != 0; }

  static bool exists(const std::string& commonDirectory);
  // nullopt: there is none. Throws CORRUPT.
  static std::optional<MoveNote> read(const std::string& commonDirectory);
  void write(const std::string& commonDirectory) const;
  static void remove(const std::string& commonDirectory) noexcept;
};

}  // namespace coppice
