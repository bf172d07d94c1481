// The threads on which native work runs: a bounded set, started one by one as work arrives. Not libuv's four threads:
// they are shared with every file and DNS call of the process, and one slow checkout would stall them all.
// Limit: no priorities; what is posted first starts first.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace coppice {

class ThreadPool {
 public:
  class Task {
   public:
    // On one of the pool's threads. The pool does not touch the task afterwards.
    virtual void run() noexcept = 0;

   protected:
    ~Task() = default;
  };

  // At most `threads` of them; 0: as many as the hardware has.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Throws CLOSED after `stop`, SYSTEM when not even one thread can be started.
  void post(Task& task);
  // True when the task had not started: it never will.
  bool withdraw(Task& task) noexcept;
  // Drops what has not started, waits for what has. Not to be called on a thread of the pool.
  void stop() noexcept;

 private:
  void startThread();
  void work() noexcept;

  const unsigned maxThreads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task*> queue_;
  std::vector<std::thread> threads_;
  unsigned idle_ = 0;
  bool stopping_ = false;
};

}  // namespace coppice
