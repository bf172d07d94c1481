#include "session_handle.h"

#include <utility>
#include <vector>

#include "async_call.h"
#include "environment.h"

namespace coppice {

SessionHandle::SessionHandle(std::shared_ptr<Environment> owner, unsigned threads)
    : environment(std::move(owner)), pool(threads) {
  environment->add(*this);
}

SessionHandle::~SessionHandle() { environment->remove(*this); }

void SessionHandle::begin(napi_env env, std::unique_ptr<Call> begun) {
  Call& call = admit(env, std::move(begun));
  try {
    pool.post(call);
  } catch (...) {
    dismiss(env, call);
    throw;
  }
}

void SessionHandle::beginClosing(napi_env env, std::unique_ptr<Call> closing) {
  Call& call = admit(env, std::move(closing));
  closing_ = &call;
  std::vector<Call*> others;
  for (const auto& [number, other] : calls_) {
    if (other.get() != closing_) others.push_back(other.get());
  }
  if (others.empty()) return startClosing(env);
  for (Call* other : others) cancelCall(env, *other);
}

bool SessionHandle::cancel(napi_env env, uint32_t number) noexcept {
  const auto found = calls_.find(number);
  if (found == calls_.end()) return false;
  if (found->second.get() != closing_) cancelCall(env, *found->second);
  return true;
}

void SessionHandle::settle(napi_env env, Call& call) noexcept {
  const std::shared_ptr<SessionHandle> self = call.session();
  const bool wasClosing = &call == closing_;
  const std::unique_ptr<Call> ended = dismiss(env, call);
  try {
    const HandleScope scope(env);
    ended->settle(env);
  } catch (...) {
    // No handle scope: the thread is being terminated, nobody is left to tell.
  }
  if (wasClosing) {
    pool.stop();
  } else if (closing_ != nullptr && calls_.size() == 1) {
    startClosing(env);
  }
}

void SessionHandle::cancelAll() noexcept {
  for (const auto& [number, call] : calls_) call->cancel.set();
}

SessionHandle::Calls SessionHandle::release() noexcept {
  session.reset();
  return std::exchange(calls_, {});
}

Call& SessionHandle::admit(napi_env env, std::unique_ptr<Call> call) {
  if (closing_ != nullptr) fail(failure_code::kClosed, call->operation, "the session is closed");
  const uint32_t number = call->number;
  const auto [place, isNew] = calls_.try_emplace(number, std::move(call));
  if (!isNew) fail(failure_code::kInvalid, "call", "call " + std::to_string(number) + " is already under way");
  try {
    environment->admit(env, *place->second);
  } catch (...) {
    calls_.erase(place);
    throw;
  }
  return *place->second;
}

std::unique_ptr<Call> SessionHandle::dismiss(napi_env env, Call& call) noexcept {
  const auto found = calls_.find(call.number);
  std::unique_ptr<Call> dismissed = std::move(found->second);
  calls_.erase(found);
  environment->dismiss(env);
  return dismissed;
}

void SessionHandle::cancelCall(napi_env env, Call& call) noexcept {
  call.cancel.set();
  if (!pool.withdraw(call)) return;
  call.setCancelled();
  settle(env, call);
}

void SessionHandle::startClosing(napi_env env) noexcept {
  Call& call = *closing_;
  try {
    pool.post(call);
  } catch (...) {
    call.setFailure(currentFailure(call.operation));
    settle(env, call);
  }
}

}  // namespace coppice
