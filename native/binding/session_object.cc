#include "session_object.h"

#include <utility>

#include "environment.h"
#include "session_handle.h"

namespace coppice {

namespace {

// Marks our objects: napi_unwrap alone would hand out the memory of any other addon's object.
constexpr napi_type_tag kSessionTag = {0x8f3c1d5a7be94260, 0xb1e07c94d2a6435f};

using Held = std::shared_ptr<SessionHandle>;

napi_value construct(napi_env env, napi_callback_info info) noexcept {
  return throwing(env, "Session", [&] {
    napi_value self = nullptr;
    must(env, napi_get_cb_info(env, info, nullptr, nullptr, &self, nullptr), "Session");
    return self;  // without a tag: only openSession makes one that works
  });
}

void release(napi_env, void* data, void*) noexcept { std::unique_ptr<Held>(static_cast<Held*>(data)); }

}  // namespace

void defineSessionClass(napi_env env, const napi_property_descriptor* methods, size_t count) {
  napi_value made = nullptr;
  must(env, napi_define_class(env, "Session", NAPI_AUTO_LENGTH, construct, nullptr, count, methods, &made), "Session");
  must(env, napi_create_reference(env, made, 1, &Environment::of(env)->sessionClass), "Session");
}

napi_value newSessionObject(napi_env env, std::shared_ptr<SessionHandle> session) {
  napi_value sessionClass = nullptr;
  napi_value object = nullptr;
  must(env, napi_get_reference_value(env, Environment::of(env)->sessionClass, &sessionClass), "Session");
  must(env, napi_new_instance(env, sessionClass, 0, nullptr, &object), "Session");
  must(env, napi_type_tag_object(env, object, &kSessionTag), "Session");
  auto held = std::make_unique<Held>(std::move(session));
  must(env, napi_wrap(env, object, held.get(), release, nullptr, nullptr), "Session");
  held.release();  // the engine calls `release` when the object or the environment goes
  return object;
}

std::shared_ptr<SessionHandle> sessionOf(napi_env env, napi_value object) {
  bool tagged = false;
  if (napi_check_object_type_tag(env, object, &kSessionTag, &tagged) != napi_ok || !tagged) {
    fail(failure_code::kInvalid, "Session", "this method was called on something that is no open session");
  }
  void* data = nullptr;
  must(env, napi_unwrap(env, object, &data), "Session");
  return *static_cast<Held*>(data);
}

}  // namespace coppice
