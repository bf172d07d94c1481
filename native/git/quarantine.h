// The folder through which every file of a landing passes: new files are prepared in it, and what they displace ends in it and
// is looked at before it goes. <gitDirectory>/coppice-quarantine-<token>, because a folder in the worktree would be seen by
// watchers; a path on another filesystem gets a neighbour ".coppice-<token>-<n>" instead, because rename cannot reach further.
//
// A list in the folder says which number is which path, so that after a death nothing in it is a riddle. A file that is still
// being written ends with ".part"; one without has either all the bytes of a new side, or was displaced.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "landing_site.h"
#include "path_swap.h"
#include "quarantine_list.h"
#include "side_look.h"

namespace coppice {

class Quarantine {
 public:
  // Makes the folder and writes the list, durably.
  Quarantine(const LandingSite& site, const std::vector<Change>& changes);
  // Removes the folder if it is empty but for the list. What is left in it is somebody's.
  ~Quarantine();
  Quarantine(const Quarantine&) = delete;
  Quarantine& operator=(const Quarantine&) = delete;

  Place slot(size_t number) const { return {folder_.get(), std::to_string(number)}; }
  Place neighbour(size_t number, int parentFd) const { return {parentFd, neighbourName(token_, number)}; }
  // Moves a file of the user's to where it stays, and says where that is.
  std::string keep(const Place& place, const std::string& path) const;
  // Makes the names in the folder durable.
  void sync() const;

 private:
  const LandingSite& site_;
  std::string token_;
  std::string path_;
  OwnedFd folder_;
};

// As Quarantine::keep, for the folder of a dead landing.
std::string keepFile(const LandingSite& site, const std::string& token, const Place& place, const std::string& path);

// Empties the folders that dead landings left: files of ours are removed, files of the user's go back to their path or are
// kept, and named. Only under the landing lock.
std::vector<DisplacedPath> settleQuarantines(Session& session, const LandingSite& site, const IndexFile& index,
                                             const Cancel& cancel);

// Writes a side's bytes to `place`, umask respected, and makes them durable. The name appears last.
void writeSide(const Place& place, const Side& side, const std::string& bytes, const LandingSite& site, gid_t group);

}  // namespace coppice
