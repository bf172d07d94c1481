// Listens to failpoints, in the build of the addon that only the fault harness loads. What is to happen comes from the environment:
//   COPPICE_FAILPOINT=landing.moved   its name
//   COPPICE_FAILPOINT_NTH=2           the time at which it acts, from 1
//   COPPICE_FAILPOINT_ACT=kill|stop   die by SIGKILL, or stop until somebody sends SIGCONT
//   COPPICE_FAILPOINT_REPORT=<file>   instead: each name that is reached is appended to it
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "git/failpoint.h"

namespace coppice {
namespace {

struct Wanted {
  std::string name;
  long nth = 1;
  int signal = SIGKILL;
};

Wanted wanted;
std::atomic<long> reached{0};
int report = -1;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The signal goes to the process: every thread of it ends, or stops, as when somebody else had sent it.
void act(const char* name) {
  if (wanted.name != name || ++reached != wanted.nth) return;
  ::kill(::getpid(), wanted.signal);
}

// One write of a short line at the end of a file: threads do not tear each other's.
void note(const char* name) {
  const std::string line = std::string(name) + "\n";
  if (::write(report, line.data(), line.size()) < 0) std::abort();
}

struct Listening {
  Listening() {
    wanted.name = variable("COPPICE_FAILPOINT");
    const std::string nth = variable("COPPICE_FAILPOINT_NTH");
    if (!nth.empty()) wanted.nth = std::strtol(nth.c_str(), nullptr, 10);
    if (std::strcmp(variable("COPPICE_FAILPOINT_ACT"), "stop") == 0) wanted.signal = SIGSTOP;
    const std::string file = variable("COPPICE_FAILPOINT_REPORT");
    if (!file.empty()) report = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (report >= 0) failpointListener = note;
    else if (!wanted.name.empty()) failpointListener = act;
  }
} listening;

}  // namespace
}  // namespace coppice
