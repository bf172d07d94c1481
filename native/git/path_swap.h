// The three ways in which a path changes hands without a byte being overwritten: exchange, place, take. Each leaves what was
// there before in a folder of ours, to be looked at. Linux does all three in one step (renameat2); elsewhere, and on
// filesystems that refuse it, the portable way has windows, named at its functions.
#pragma once

#include <string>

namespace coppice {

enum class Swap {
  kDone,
  kMissing,      // nothing was at the path
  kOccupied,     // something is at the path that was not expected there
  kCrossDevice,  // the path lies on another filesystem than our folder
};

// A file of ours, by its folder and name; and a path of the worktree, by its parent and name.
struct Place {
  int folderFd = -1;
  std::string name;
};

// Our file takes the path, what was at the path takes our file's name. kMissing: nothing changed.
// kOccupied (portable way only): the path was emptied and then taken by somebody else before our file could get there; what
// was at the path first lies in our folder as awayName(ours.name), our file is where it was.
Swap exchangePath(const Place& ours, const Place& path);
// Our file takes a path where nothing is. kOccupied: something is, nothing changed.
Swap placePath(const Place& ours, const Place& path);
// What is at the path takes a name in our folder. kMissing: nothing changed.
Swap takePath(const Place& path, const Place& ours);

std::string awayName(const std::string& name);

// For the tests of both ways: turns renameat2 off in this process.
void usePortablePathSwap(bool on);

namespace portable {
Swap exchangePath(const Place& ours, const Place& path);
Swap placePath(const Place& ours, const Place& path);
Swap takePath(const Place& path, const Place& ours);
}  // namespace portable

}  // namespace coppice
