// Runs one function over 0..count-1 on several threads and rethrows the first failure. Work is handed out one number at a
// time, so uneven directories do not leave a thread idle.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace coppice {

// How many threads a number of small items (a few system calls each) is worth: starting one costs as much as a dozen.
inline unsigned worthThreads(unsigned threads, size_t count) {
  const size_t worth = 1 + count / 24;
  return worth < threads ? static_cast<unsigned>(worth) : threads;
}

// `makeWorker()` runs once on each thread and gives a callable for one item, so that each thread can own a handle.
template <class MakeWorker>
void parallelFor(unsigned threads, size_t count, MakeWorker makeWorker) {
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::exception_ptr first;
  auto run = [&]() noexcept {
    try {
      auto worker = makeWorker();
      for (size_t item = next++; item < count && !stop; item = next++) worker(item);
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex);
      if (!first) first = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> others;
  const size_t wanted = count < threads ? count : threads;
  try {
    for (size_t i = 1; i < wanted; i++) others.emplace_back(run);
  } catch (const std::system_error&) {
    // The process is at its thread limit: the threads that did start, and this one, do all the work.
  }
  run();
  for (auto& thread : others) thread.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace coppice
