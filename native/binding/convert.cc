#include "convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "text.h"

namespace coppice {

namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

const char* typeName(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  must(env, napi_typeof(env, value, &type), "typeof");
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_bigint: return "a bigint";
    case napi_object: break;
    case napi_external: break;
  }
  bool array = false;
  must(env, napi_is_array(env, value, &array), "typeof");
  return array ? "an array" : "an object";
}

bool isType(napi_env env, napi_value value, napi_valuetype wanted) {
  napi_valuetype type = napi_undefined;
  must(env, napi_typeof(env, value, &type), "typeof");
  return type == wanted;
}

double readInteger(napi_env env, napi_value value, const FieldPath& path, double least, double most) {
  if (!isType(env, value, napi_number)) failType(env, path, "an integer", value);
  double number = 0;
  must(env, napi_get_value_double(env, value, &number), "read");
  if (!std::isfinite(number) || number != std::trunc(number)) {
    failField(path, "expected an integer, got another number");
  }
  if (number < least || number > most) {
    failField(path, "expected an integer from " + std::to_string(static_cast<int64_t>(least)) + " to " +
                        std::to_string(static_cast<int64_t>(most)));
  }
  return number;
}

template <class Integer>
void readFitting(napi_env env, napi_value value, const FieldPath& path, Integer& field) {
  const double least = std::max(static_cast<double>(std::numeric_limits<Integer>::min()), -kMaxSafeInteger);
  const double most = std::min(static_cast<double>(std::numeric_limits<Integer>::max()), kMaxSafeInteger);
  field = static_cast<Integer>(readInteger(env, value, path, least, most));
}

std::u16string utf16Of(napi_env env, napi_value value) {
  size_t length = 0;
  must(env, napi_get_value_string_utf16(env, value, nullptr, 0, &length), "read");
  std::u16string text(length + 1, u'\0');
  must(env, napi_get_value_string_utf16(env, value, text.data(), text.size(), &length), "read");
  text.resize(length);
  return text;
}

std::string utf8Of(napi_env env, napi_value value, size_t length) {
  std::string bytes(length + 1, '\0');
  must(env, napi_get_value_string_utf8(env, value, bytes.data(), bytes.size(), &length), "read");
  bytes.resize(length);
  return bytes;
}

}  // namespace

std::string FieldPath::spell() const {
  const std::string before = parent == nullptr ? "" : parent->spell();
  if (name == nullptr) return before + "[" + std::to_string(index) + "]";
  return before.empty() ? name : before + "." + name;
}

void failField(const FieldPath& path, const std::string& problem) {
  fail(failure_code::kInvalid, "convert", path.spell() + ": " + problem);
}

void failUnreadable(napi_env env, const FieldPath& path) {
  napi_value exception = nullptr;
  napi_get_and_clear_last_exception(env, &exception);
  failField(path, "could not be read");
}

void failType(napi_env env, const FieldPath& path, const char* expected, napi_value value) {
  failField(path, std::string("expected ") + expected + ", got " + typeName(env, value));
}

void read(napi_env env, napi_value value, const FieldPath& path, std::string& field) {
  if (!isType(env, value, napi_string)) failType(env, path, "a string", value);
  size_t length = 0;
  must(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length), "read");
  if (length > kMaxStringBytes) failField(path, "longer than " + std::to_string(kMaxStringBytes) + " bytes");
  field = utf8Of(env, value, length);
  // Node-API writes U+FFFD for a lone surrogate: where there is one, what was meant is in the UTF-16.
  if (field.find("\xEF\xBF\xBD") != std::string::npos) {
    auto bytes = fromUtf16(utf16Of(env, value));
    if (!bytes) failField(path, "holds half of a surrogate pair");
    field = std::move(*bytes);
  }
  if (field.find('\0') != std::string::npos) failField(path, "holds a NUL character");
}

void read(napi_env env, napi_value value, const FieldPath& path, bool& field) {
  if (!isType(env, value, napi_boolean)) failType(env, path, "a boolean", value);
  must(env, napi_get_value_bool(env, value, &field), "read");
}

void read(napi_env env, napi_value value, const FieldPath& path, uint32_t& field) {
  readFitting(env, value, path, field);
}
void read(napi_env env, napi_value value, const FieldPath& path, int32_t& field) {
  readFitting(env, value, path, field);
}
void read(napi_env env, napi_value value, const FieldPath& path, uint64_t& field) {
  readFitting(env, value, path, field);
}
void read(napi_env env, napi_value value, const FieldPath& path, int64_t& field) {
  readFitting(env, value, path, field);
}

void read(napi_env env, napi_value value, const FieldPath& path, Oid& field) {
  if (!isType(env, value, napi_string)) failType(env, path, "an oid of 40 hexadecimal digits", value);
  size_t length = 0;
  must(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length), "read");
  if (length != 40 || !parseOid(utf8Of(env, value, length), field)) {
    failField(path, "expected an oid of 40 hexadecimal digits, got another string");
  }
}

napi_value write(napi_env env, std::string& field) {
  if (field.size() > kMaxStringBytes) fail(failure_code::kLimit, "write", "a reply has a string of more than 64 MiB");
  napi_value value = nullptr;
  if (isUtf8(field)) {
    must(env, napi_create_string_utf8(env, field.data(), field.size(), &value), "write");
  } else {
    const std::u16string text = toUtf16(field);
    must(env, napi_create_string_utf16(env, text.data(), text.size(), &value), "write");
  }
  return value;
}

napi_value write(napi_env env, bool& field) {
  napi_value value = nullptr;
  must(env, napi_get_boolean(env, field, &value), "write");
  return value;
}

napi_value write(napi_env env, uint32_t& field) {
  napi_value value = nullptr;
  must(env, napi_create_uint32(env, field, &value), "write");
  return value;
}

napi_value write(napi_env env, int32_t& field) {
  napi_value value = nullptr;
  must(env, napi_create_int32(env, field, &value), "write");
  return value;
}

napi_value write(napi_env env, uint64_t& field) {
  if (field > static_cast<uint64_t>(kMaxSafeInteger)) fail(failure_code::kLimit, "write", "a number above 2^53 - 1");
  int64_t number = static_cast<int64_t>(field);
  return write(env, number);
}

napi_value write(napi_env env, int64_t& field) {
  if (std::abs(static_cast<double>(field)) > kMaxSafeInteger) {
    fail(failure_code::kLimit, "write", "a number beyond 2^53 - 1");
  }
  napi_value value = nullptr;
  must(env, napi_create_int64(env, field, &value), "write");
  return value;
}

napi_value write(napi_env env, Oid& field) {
  std::string hex = toHex(field);
  return write(env, hex);
}

uint32_t requireArray(napi_env env, napi_value value, const FieldPath& path) {
  bool array = false;
  must(env, napi_is_array(env, value, &array), "read");
  if (!array) failType(env, path, "an array", value);
  uint32_t length = 0;
  must(env, napi_get_array_length(env, value, &length), "read");
  if (length > kMaxElements) failField(path, "more than " + std::to_string(kMaxElements) + " elements");
  return length;
}

void requireObject(napi_env env, napi_value value, const FieldPath& path) {
  bool array = false;
  must(env, napi_is_array(env, value, &array), "read");
  if (array || !isType(env, value, napi_object)) failType(env, path, "an object", value);
}

void refuseUnknownFields(napi_env env, napi_value object, const FieldPath& path,
                         const std::vector<const char*>& known) {
  napi_value names = nullptr;
  must(env,
       napi_get_all_property_names(env, object, napi_key_own_only, napi_key_skip_symbols, napi_key_numbers_to_strings,
                                   &names),
       "read");
  uint32_t length = 0;
  must(env, napi_get_array_length(env, names, &length), "read");
  for (uint32_t index = 0; index < length; index++) {
    napi_value name = nullptr;
    must(env, napi_get_element(env, names, index, &name), "read");
    char text[128];
    size_t size = 0;
    must(env, napi_get_value_string_utf8(env, name, text, sizeof text, &size), "read");
    const auto same = [&](const char* field) { return std::strcmp(field, text) == 0; };
    if (std::none_of(known.begin(), known.end(), same)) failField(path, std::string("unknown field \"") + text + '"');
  }
}

bool isNull(napi_env env, napi_value value, const FieldPath& path) {
  if (isType(env, value, napi_undefined)) failField(path, "expected a value or null, got undefined");
  return isType(env, value, napi_null);
}

napi_value null(napi_env env) {
  napi_value value = nullptr;
  must(env, napi_get_null(env, &value), "write");
  return value;
}

}  // namespace coppice
