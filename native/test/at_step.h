// Somebody acts in the middle of an operation, at a failpoint.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "git/failpoint.h"

namespace coppice::test {

// Runs `act` when something reaches the failpoint `step`, the first time. One at a time.
class AtStep {
 public:
  AtStep(std::string step, std::function<void()> act) {
    wanted() = std::move(step);
    action() = std::move(act);
    failpointListener = [](const char* reached) {
      if (wanted() != reached || !action()) return;
      const auto now = std::move(action());
      action() = nullptr;
      now();
    };
  }
  ~AtStep() {
    failpointListener = nullptr;
    action() = nullptr;
  }
  AtStep(const AtStep&) = delete;
  AtStep& operator=(const AtStep&) = delete;

 private:
  static std::string& wanted() {
    static std::string step;
    return step;
  }
  static std::function<void()>& action() {
    static std::function<void()> act;
    return act;
  }
};

}  // namespace coppice::test
