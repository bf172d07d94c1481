#include "thread_pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <system_error>

#include "git/failure.h"

namespace coppice {

namespace {

// Threads inherit the mask. With signals kept away no system call of native work is ever interrupted (EINTR); Node
// handles them on a thread of its own anyway. Faults stay deliverable: blocked, they would skip crash reporters.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
    blocked_ = pthread_sigmask(SIG_BLOCK, &all, &before_) == 0;
  }
  ~SignalsBlocked() {
    if (blocked_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
  bool blocked_ = false;
};

}  // namespace

ThreadPool::ThreadPool(unsigned threads)
    : maxThreads_(threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency())) {}

void ThreadPool::post(Task& task) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopping_) fail(failure_code::kClosed, "ThreadPool.post", "the session is closed");
  if (idle_ <= queue_.size() && threads_.size() < maxThreads_) startThread();
  queue_.push_back(&task);
  wake_.notify_one();
}

bool ThreadPool::withdraw(Task& task) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find(queue_.begin(), queue_.end(), &task);
  if (found == queue_.end()) return false;
  queue_.erase(found);
  return true;
}

void ThreadPool::stop() noexcept {
  std::vector<std::thread> ending;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    queue_.clear();
    ending.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : ending) thread.join();
}

void ThreadPool::startThread() {
  const SignalsBlocked signalsBlocked;
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    // At the process's thread limit: the threads that are there do the work, only slower.
    if (!threads_.empty()) return;
    throw Failure{failure_code::kSystem, error.code().value(), 0, "no thread could be started", "ThreadPool.post", ""};
  }
#ifdef __linux__
  pthread_setname_np(threads_.back().native_handle(), "coppice");  // for debuggers and `top -H`; failing is harmless
#endif
}

void ThreadPool::work() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    idle_++;
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    idle_--;
    if (queue_.empty()) return;
    Task* task = queue_.front();
    queue_.pop_front();
    lock.unlock();
    task->run();
    lock.lock();
  }
}

}  // namespace coppice
