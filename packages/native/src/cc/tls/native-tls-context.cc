// The JavaScript class `NativeTlsContext`: reads its options, makes the context, replaces ticket keys. The face in tls-context.ts
// fills in defaults and names; here everything is checked once more for its type. Cold calls only.

#include "native-tls-context.h"

#include <errno.h>

#include <utility>

#include "../addon.h"
#include "../arguments.h"

namespace sluice {

namespace {

constexpr napi_type_tag kTag = {0x1c7de4a05f6b4c93, 0x8a30b5c2d94e77f1};
constexpr size_t kTextMax = 16 * 1024 * 1024;
constexpr uint32_t kListMax = 4096;
constexpr size_t kResponseMax = 65535;

/** Reads properties of one options object; after the first that is wrong it knows its name and reads nothing more. */
class OptionsReader {
 public:
  OptionsReader(napi_env env, napi_value object) : env_(env), object_(object) {}

  const char* Wrong() const { return wrong_; }

  bool Boolean(const char* name) {
    bool value = false;
    napi_value property;
    if (!Property(name, &property) || !ReadBoolean(env_, property, &value)) Refuse(name);
    return value;
  }

  int64_t Integer(const char* name, int64_t minimum, int64_t maximum) {
    int64_t value = minimum;
    napi_value property;
    if (!Property(name, &property) || !ReadInteger(env_, property, minimum, maximum, &value)) Refuse(name);
    return value;
  }

  std::string Text(const char* name) {
    napi_value property;
    std::string text;
    if (!Property(name, &property) || !TextOf(property, &text)) Refuse(name);
    return text;
  }

  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> list;
    napi_value array;
    uint32_t length = 0;
    if (!Property(name, &array) || !Length(array, &length)) Refuse(name);
    for (uint32_t i = 0; i < length; i++) {
      napi_value element;
      list.emplace_back();
      if (napi_get_element(env_, array, i, &element) != napi_ok || !TextOf(element, &list.back())) Refuse(name);
    }
    return list;
  }

  std::vector<CertificateText> Certificates(const char* name) {
    std::vector<CertificateText> list;
    napi_value array;
    uint32_t length = 0;
    if (!Property(name, &array) || !Length(array, &length)) Refuse(name);
    for (uint32_t i = 0; i < length; i++) {
      napi_value element;
      list.emplace_back();
      if (napi_get_element(env_, array, i, &element) != napi_ok) Refuse(name);
      OptionsReader reader(env_, element);
      list.back().chain = reader.Text("chain");
      list.back().key.text = reader.Text("key");
      if (reader.Wrong() != nullptr) Refuse(name);
    }
    return list;
  }

 private:
  void Refuse(const char* name) {
    if (wrong_ == nullptr) wrong_ = name;
  }

  bool Property(const char* name, napi_value* value) {
    return wrong_ == nullptr && napi_get_named_property(env_, object_, name, value) == napi_ok;
  }

  bool Length(napi_value array, uint32_t* length) {
    bool is_array = false;
    if (napi_is_array(env_, array, &is_array) != napi_ok || !is_array) return false;
    if (napi_get_array_length(env_, array, length) == napi_ok && *length <= kListMax) return true;
    *length = 0;
    return false;
  }

  /** Of a Buffer, so that no text of a key is interned or converted on the way. */
  bool TextOf(napi_value value, std::string* text) {
    void* data = nullptr;
    size_t length = 0;
    bool is_buffer = false;
    if (napi_is_buffer(env_, value, &is_buffer) != napi_ok || !is_buffer) return false;
    if (napi_get_buffer_info(env_, value, &data, &length) != napi_ok || length > kTextMax) return false;
    if (length > 0) text->assign(static_cast<const char*>(data), length);
    return true;
  }

  napi_env env_;
  napi_value object_;
  const char* wrong_ = nullptr;
};

TlsContextOptions ReadOptions(OptionsReader* reader) {
  TlsContextOptions options;
  options.server = reader->Boolean("server");
  options.certificates = reader->Certificates("certificates");
  options.authorities = reader->Texts("authorities");
  options.minVersion = static_cast<int>(reader->Integer("minVersion", 0, 0xffff));
  options.maxVersion = static_cast<int>(reader->Integer("maxVersion", 0, 0xffff));
  options.ciphers = reader->Text("ciphers");
  options.suites = reader->Text("suites");
  options.groups = reader->Text("groups");
  options.securityLevel = static_cast<int>(reader->Integer("securityLevel", -1, 5));
  options.protocols = reader->Texts("protocols");
  options.toleratedProtocols = reader->Texts("toleratedProtocols");
  options.anyProtocol = reader->Boolean("anyProtocol");
  options.clientCertificates = static_cast<ClientCertificates>(reader->Integer("clientCertificates", 0, 4));
  options.insecure = reader->Boolean("insecure");
  options.anyName = reader->Boolean("anyName");
  options.tickets = reader->Boolean("tickets");
  options.sessionScope = reader->Text("sessionScope");
  options.sessionsMax = static_cast<uint32_t>(reader->Integer("sessionsMax", 0, 65536));
  return options;
}

void Finalize(napi_env, void* data, void*) { static_cast<TlsContext*>(data)->Release(); }

/** new NativeTlsContext(options) */
napi_value Construct(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, self;
  if (napi_get_cb_info(env, info, &count, &argument, &self, nullptr) != napi_ok || count < 1) {
    return Refuse(env, EINVAL, "TLS context: options are needed");
  }
  OptionsReader reader(env, argument);
  const TlsContextOptions options = ReadOptions(&reader);
  if (reader.Wrong() != nullptr) return Refuse(env, EINVAL, "TLS context: option %s is out of range", reader.Wrong());
  std::string problem;
  TlsContext* context = TlsContext::Make(options, &problem);
  if (context == nullptr) return Refuse(env, EINVAL, "TLS context: %s", problem.c_str());
  if (napi_wrap(env, self, context, Finalize, nullptr, nullptr) != napi_ok) {
    context->Release();
    return Refuse(env, ENOMEM, "TLS context: out of memory");
  }
  napi_type_tag_object(env, self, &kTag);
  return self;
}

/** (keys: one Buffer) */
napi_value SetTicketKeys(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, self;
  if (napi_get_cb_info(env, info, &count, &argument, &self, nullptr) != napi_ok) return nullptr;
  TlsContext* context = TlsContextOf(env, self);
  if (context == nullptr) return Refuse(env, EINVAL, "setTicketKeys: not a TLS context");
  void* data = nullptr;
  size_t length = 0;
  const bool fine = count == 1 && napi_get_buffer_info(env, argument, &data, &length) == napi_ok &&
                    length % kTicketKeyBytes == 0 && length > 0 && length / kTicketKeyBytes <= kTicketKeysMax;
  if (!fine) {
    return Refuse(env, EINVAL, "setTicketKeys: 1 to %zu keys of %zu bytes are accepted", kTicketKeysMax, kTicketKeyBytes);
  }
  context->Tickets().Replace(static_cast<const uint8_t*>(data), length / kTicketKeyBytes);
  return nullptr;
}

/** (certificate: position in the options, response: Buffer) */
napi_value SetOcspResponse(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value arguments[2], self;
  if (napi_get_cb_info(env, info, &count, arguments, &self, nullptr) != napi_ok) return nullptr;
  TlsContext* context = TlsContextOf(env, self);
  if (context == nullptr) return Refuse(env, EINVAL, "setOcspResponse: not a TLS context");
  int64_t index;
  void* data = nullptr;
  size_t length = 0;
  if (count < 2 || !ReadInteger(env, arguments[0], 0, kListMax, &index) ||
      napi_get_buffer_info(env, arguments[1], &data, &length) != napi_ok || length > kResponseMax) {
    return Refuse(env, EINVAL, "setOcspResponse: a position and at most %zu bytes are accepted", kResponseMax);
  }
  std::string response;
  if (length > 0) response.assign(static_cast<const char*>(data), length);
  if (!context->Staples().Set(static_cast<size_t>(index), std::move(response))) {
    return Refuse(env, EINVAL, "setOcspResponse: the context has no certificate %lld", static_cast<long long>(index));
  }
  return nullptr;
}

/** () → number of sessions kept */
napi_value SessionCount(napi_env env, napi_callback_info info) {
  napi_value self, number;
  size_t count = 0;
  if (napi_get_cb_info(env, info, &count, nullptr, &self, nullptr) != napi_ok) return nullptr;
  TlsContext* context = TlsContextOf(env, self);
  if (context == nullptr) return Refuse(env, EINVAL, "sessionCount: not a TLS context");
  return napi_create_uint32(env, static_cast<uint32_t>(context->Sessions().Size()), &number) == napi_ok ? number : nullptr;
}

}  // namespace

TlsContext* TlsContextOf(napi_env env, napi_value value) {
  bool ours = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, value, &kTag, &ours) != napi_ok || !ours) return nullptr;
  return napi_unwrap(env, value, &data) == napi_ok ? static_cast<TlsContext*>(data) : nullptr;
}

void InitTlsContext(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      {"setTicketKeys", nullptr, SetTicketKeys, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"setOcspResponse", nullptr, SetOcspResponse, nullptr, nullptr, nullptr, napi_default_method, nullptr},
      {"sessionCount", nullptr, SessionCount, nullptr, nullptr, nullptr, napi_default_method, nullptr},
  };
  napi_value constructor;
  if (napi_define_class(env, "NativeTlsContext", NAPI_AUTO_LENGTH, Construct, nullptr, 3, methods, &constructor) == napi_ok) {
    napi_set_named_property(env, exports, "NativeTlsContext", constructor);
  }
}

}  // namespace sluice
