{
  "variables": {
    "cxx_warnings": ["-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-Wno-missing-field-initializers"]
  },
  "targets": [
    {
      "target_name": "sluice",
      "sources": [
        "src/cc/addon.cc",
        "src/cc/shared-memory.cc",
        "src/cc/listening-socket.cc",
        "src/cc/connection-mailbox.cc",
        "src/cc/descriptor-mailbox.cc",
        "src/cc/thread-clock.cc",
        "src/cc/loop/loop-binding.cc",
        "src/cc/loop/loop-driver.cc",
        "src/cc/stream-transport/accept.cc",
        "src/cc/stream-transport/native-class.cc",
        "src/cc/stream-transport/native-tls.cc",
        "src/cc/stream-transport/commands.cc",
        "src/cc/stream-transport/connect.cc",
        "src/cc/stream-transport/connection-table.cc",
        "src/cc/stream-transport/hand-over.cc",
        "src/cc/stream-transport/input-output.cc",
        "src/cc/stream-transport/lifecycle.cc",
        "src/cc/stream-transport/relay.cc",
        "src/cc/stream-transport/send-queue.cc",
        "src/cc/stream-transport/splice-pipe.cc",
        "src/cc/stream-transport/timer-wheel.cc",
        "src/cc/stream-transport/tls-handshake.cc",
        "src/cc/stream-transport/tls-input-output.cc",
        "src/cc/stream-transport/transport.cc",
        "src/cc/tls/native-tls-context.cc",
        "src/cc/tls/tls-context.cc",
        "src/cc/tls/tls-credentials.cc",
        "src/cc/tls/tls-reason.cc",
        "src/cc/tls/tls-session.cc",
        "src/cc/tls/tls-session-cache.cc",
        "src/cc/tls/tls-staples.cc",
        "src/cc/tls/tls-tickets.cc",
        "src/cc/tls/tls-wire.cc"
      ],
      "defines": ["NAPI_VERSION=9", "_GNU_SOURCE"],
      "cflags": ["<@(cxx_warnings)", "-O2", "-fvisibility=hidden"],
      "ldflags": ["-Wl,-z,now"],
      "cflags!": ["-O3", "-Wno-unused-parameter"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-fno-rtti"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fexceptions"]
    }
  ]
}
