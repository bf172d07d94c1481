// Who holds a lock, for messages only: nothing is decided by it. A lock of ours is a file that its owner holds with flock, which the
// kernel lists; git keeps the file of a lock open while it writes to it.
// Not found: a git that has closed the file and works on (a commit while its editor is open), a process of another user or in
// another container, and any owner where there is no /proc.
#pragma once

#include <string>

namespace coppice {

// "process 4711 (git)" or "this process"; empty: nobody is seen to hold it.
std::string lockOwner(const std::string& path);

}  // namespace coppice
