// What /proc tells of a process. Linux; any of these may find nothing at any time: the process ends, or is somebody else's.
#pragma once

#include <optional>
#include <string>

#include "owned.h"

namespace coppice {

std::optional<std::string> readProcLink(int directoryFd, const char* name);
// Empty when it cannot be read.
std::string readProcFile(int directoryFd, const char* name);
OwnedFd openProcDirectory(int directoryFd, const char* name);
// The name of its program, as `ps` shows it.
std::string commandOf(int processesFd, const std::string& process);
bool isProcess(const std::string& name);

}  // namespace coppice
