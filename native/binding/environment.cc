#include "environment.h"

#include <cstdlib>
#include <utility>
#include <vector>

namespace coppice {

namespace {

// process.exit() on the main thread runs no cleanup hooks: it goes straight to exit(), which destroys what native
// threads still use. So whatever environment is left then is stopped from there.
class Environments {
 public:
  void add(Environment& environment) {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.insert(&environment);
  }
  void remove(Environment& environment) noexcept {
    std::lock_guard<std::mutex> lock(mutex_);
    all_.erase(&environment);
  }
  void stop() noexcept {
    std::unordered_set<Environment*> left;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      left.swap(all_);
    }
    for (Environment* environment : left) environment->stop();
  }

 private:
  std::mutex mutex_;
  std::unordered_set<Environment*> all_;
};

Environments& environments() {
  static Environments all;
  // After the static above, so that it runs before its destructor.
  static const bool registered = std::atexit([] { environments().stop(); }) == 0;
  if (!registered) fail(failure_code::kSystem, "load", "no room for one more exit handler");
  return all;
}

using Held = std::shared_ptr<Environment>;

void release(napi_env, void* data, void*) noexcept { std::unique_ptr<Held>(static_cast<Held*>(data)); }

}  // namespace

Environment::~Environment() { environments().remove(*this); }

void Environment::create(napi_env env) {
  auto held = std::make_unique<Held>(std::make_shared<Environment>());
  Environment& environment = **held;
  environments().add(environment);
  environment.openDoorbell(env);
  // After the doorbell: Node runs the hooks in reverse order, so `stop` comes before the doorbell is closed.
  const auto stop = [](void* data) { static_cast<Environment*>(data)->stop(); };
  must(env, napi_set_instance_data(env, held.get(), release, nullptr), "load");
  held.release();  // the engine calls `release`, after all hooks
  must(env, napi_add_env_cleanup_hook(env, stop, &environment), "load");
}

std::shared_ptr<Environment> Environment::of(napi_env env) {
  void* data = nullptr;
  must(env, napi_get_instance_data(env, &data), "environment");
  return *static_cast<Held*>(data);
}

void Environment::openDoorbell(napi_env env) {
  napi_value name = nullptr;
  must(env, napi_create_string_utf8(env, "coppice", NAPI_AUTO_LENGTH, &name), "load");
  must(env,
       napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, answer, &doorbell_),
       "load");
  // An idle session never keeps the process alive; a call under way does (see `admit`).
  must(env, napi_unref_threadsafe_function(env, doorbell_), "load");
}

void Environment::admit(napi_env env, const Call& call) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_) fail(failure_code::kClosed, call.operation, "the process is ending");
  }
  if (calls_ == 0) must(env, napi_ref_threadsafe_function(env, doorbell_), call.operation);
  calls_++;
}

void Environment::dismiss(napi_env env) noexcept {
  // Refused only while the environment is going, where a reference keeps nothing alive.
  if (--calls_ == 0) napi_unref_threadsafe_function(env, doorbell_);
}

void Environment::finish(Call& call) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  const bool first = firstFinished_ == nullptr;
  (first ? firstFinished_ : lastFinished_->nextFinished) = &call;
  lastFinished_ = &call;
  // Rung under the mutex, so that `stop` cannot come between the look and the call. It can only be refused when the
  // environment is going, and then `stop` deletes the call.
  if (first && !stopped_) napi_call_threadsafe_function(doorbell_, nullptr, napi_tsfn_nonblocking);
}

void Environment::answer(napi_env env, napi_value, void* context, void*) noexcept {
  if (env == nullptr) return;  // Node empties the queue of an environment that is gone, and `context` with it
  auto& environment = *static_cast<Environment*>(context);
  Call* call = nullptr;
  {
    std::lock_guard<std::mutex> lock(environment.mutex_);
    call = std::exchange(environment.firstFinished_, nullptr);
  }
  while (call != nullptr) {
    Call& finished = *std::exchange(call, call->nextFinished);
    finished.session()->settle(env, finished);
  }
}

void Environment::stop() noexcept {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  for (SessionHandle* session : sessions_) session->cancelAll();
  for (SessionHandle* session : sessions_) session->pool.stop();
  // A call may hold the last reference to its session: so calls go when the walk over the sessions is over.
  std::vector<SessionHandle::Calls> ended;
  for (SessionHandle* session : sessions_) ended.push_back(session->release());
}

}  // namespace coppice
