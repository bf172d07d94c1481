// A short random name for files of ours that must not meet another's.
#pragma once

#include <cstdio>
#include <random>
#include <string>

namespace coppice {

inline std::string randomName() {
  // Asking the processor is cheap, but finding out whether one can is not on a virtual machine.
  thread_local std::random_device device;
  char text[17];
  std::snprintf(text, sizeof text, "%08x%08x", device(), device());
  return text;
}

}  // namespace coppice
