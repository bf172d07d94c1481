// What the addon holds for one JavaScript environment: the main thread, or one worker. It brings finished calls back to
// the JavaScript thread, and ends everything when the environment ends.
//
// What makes worker.terminate() safe: Node runs our cleanup hook before it closes the doorbell, and `stop` joins every
// thread of ours in it. No native thread ever outlives what it would call into.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_set>

#include "async_call.h"
#include "engine.h"

namespace coppice {

class Environment {
 public:
  Environment() = default;
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // Makes the state of this environment, its doorbell and its cleanup hook.
  static void create(napi_env env);
  static std::shared_ptr<Environment> of(napi_env env);

  // On the JavaScript thread. Between `admit` and `dismiss` of a call the event loop stays alive. `admit` throws CLOSED
  // and SYSTEM.
  void admit(napi_env env, const Call& call);
  void dismiss(napi_env env) noexcept;
  void add(SessionHandle& session) { sessions_.insert(&session); }
  void remove(SessionHandle& session) noexcept { sessions_.erase(&session); }

  // From any thread: the call has its reply or its failure.
  void finish(Call& call) noexcept;

  // Cancels every call, waits for it, releases every session. No promise settles any more.
  void stop() noexcept;

  napi_ref sessionClass = nullptr;

 private:
  void openDoorbell(napi_env env);
  static void answer(napi_env env, napi_value, void* context, void*) noexcept;

  // The JavaScript thread's.
  napi_threadsafe_function doorbell_ = nullptr;
  std::unordered_set<SessionHandle*> sessions_;
  size_t calls_ = 0;

  std::mutex mutex_;  // guards what follows
  Call* firstFinished_ = nullptr;
  Call* lastFinished_ = nullptr;
  bool stopped_ = false;
};

}  // namespace coppice
