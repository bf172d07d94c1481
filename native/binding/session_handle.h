// The native half of the JavaScript object `Session`: the opened repository, the threads that work on it, and the calls
// that are under way there. A pool for each session and not for each environment: a session that waits for a lock which
// another one of the same process holds must not occupy the threads that would release it.
#pragma once

#include <memory>
#include <unordered_map>

#include "engine.h"
#include "git/session.h"
#include "thread_pool.h"

namespace coppice {

class Call;
class Environment;

class SessionHandle {
 public:
  using Calls = std::unordered_map<uint32_t, std::unique_ptr<Call>>;

  SessionHandle(std::shared_ptr<Environment> owner, unsigned threads);
  ~SessionHandle();
  SessionHandle(const SessionHandle&) = delete;
  SessionHandle& operator=(const SessionHandle&) = delete;

  // All on the JavaScript thread. `begin` and `beginClosing` throw INVALID, CLOSED, SYSTEM; the call is gone then.
  void begin(napi_env env, std::unique_ptr<Call> call);
  // Cancels all other calls; the closing one starts when the last of them has settled, and no new one begins.
  void beginClosing(napi_env env, std::unique_ptr<Call> closing);
  // False: no such call (any more). One that has not started is rejected at once.
  bool cancel(napi_env env, uint32_t number) noexcept;
  // May delete this session.
  void settle(napi_env env, Call& call) noexcept;

  // For the end of the environment: `release` after the pool has stopped.
  void cancelAll() noexcept;
  Calls release() noexcept;

  const std::shared_ptr<Environment> environment;

  // Set by the call that opens, reset by the call that closes; no other call is under way then.
  std::shared_ptr<Session> session;

 private:
  Call& admit(napi_env env, std::unique_ptr<Call> call);
  std::unique_ptr<Call> dismiss(napi_env env, Call& call) noexcept;
  void cancelCall(napi_env env, Call& call) noexcept;
  void startClosing(napi_env env) noexcept;

  Calls calls_;
  Call* closing_ = nullptr;

 public:
  ThreadPool pool;  // last: its threads end before anything above goes
};

}  // namespace coppice
