// Words for OpenSSL's error codes. An alert of the peer is told apart from an error of our own.

#include "tls-reason.h"

#include <stdio.h>

#include "openssl.h"

namespace sluice {

void TakeReason(char* out, size_t capacity, const char* otherwise) {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  const int number = ERR_GET_REASON(code);
  const bool alert = code != 0 && ERR_GET_LIB(code) == ERR_LIB_SSL && number > SSL_AD_REASON_OFFSET &&
                     number < SSL_AD_REASON_OFFSET + 256;
  if (alert) {
    snprintf(out, capacity, "the peer sent the alert '%s'", SSL_alert_desc_string_long(number - SSL_AD_REASON_OFFSET));
  } else {
    snprintf(out, capacity, "%s", reason != nullptr ? reason : otherwise);
  }
}

}  // namespace sluice
