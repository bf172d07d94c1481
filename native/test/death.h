// A child process that dies at a failpoint, as a killed process does: nothing is cleaned up, nothing is closed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "git/failpoint.h"
#include "git/failure.h"

namespace coppice::test {

// The failpoints of this name are counted from 0; without a name all are.
struct Death {
  const char* name;
  int step;
};

constexpr int kDied = 42;

inline Death death{};

inline void dieThere(const char* name) {
  if (*death.name != '\0' && std::strcmp(death.name, name) != 0) return;
  if (death.step-- == 0) _exit(kDied);
}

// Runs `body` in a child that dies there. False: it came to its end before.
template <class Body>
bool diesAt(const Death& where, Body body) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    death = where;
    failpointListener = dieThere;
    try {
      body();
    } catch (const Failure& failure) {
      fprintf(stderr, "%s: %s\n", failure.operation.c_str(), failure.message.c_str());
      _exit(1);
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != kDied))
    throw std::runtime_error("the child failed by itself");
  return WEXITSTATUS(status) == kDied;
}

}  // namespace coppice::test
