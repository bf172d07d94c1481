// The JavaScript class `Session`: an object that holds a SessionHandle until it is collected, or its environment ends.
#pragma once

#include <memory>

#include "engine.h"

namespace coppice {

class SessionHandle;

// Once for each environment.
void defineSessionClass(napi_env env, const napi_property_descriptor* methods, size_t count);
napi_value newSessionObject(napi_env env, std::shared_ptr<SessionHandle> session);
// Throws INVALID when `object` is not one that newSessionObject made.
std::shared_ptr<SessionHandle> sessionOf(napi_env env, napi_value object);

}  // namespace coppice
