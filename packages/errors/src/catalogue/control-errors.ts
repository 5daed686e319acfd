// Errors around the data path: worker processes, snapshots, sockets, take-over, health checks. No request waits for these.
// Entries are only ever added; numbers are never reused.

import { catalogueOf } from './entry.ts';

export const CONTROL_ERRORS = catalogueOf('control', {
  WORKER_CRASHED: {
    number: 1,
    logLevel: 'error',
    meaning: 'A worker process ended without having been told to; its slot gets a new one.',
    check:
      'The log line has the exit code or signal. SIGKILL is usually the kernel’s out-of-memory killer (see dmesg); anything else is a defect worth a report.',
  },
  WORKER_CRASH_LOOP: {
    number: 2,
    logLevel: 'error',
    meaning: 'The worker of a slot keeps crashing; the next start is delayed.',
    check:
      'The other slots go on serving. Read the first crash, not the last one, and compare with the last configuration change.',
  },
  WORKER_START_TIMEOUT: {
    number: 3,
    logLevel: 'error',
    meaning: 'A new worker did not report that it serves in time and was ended.',
    check: 'Look for CPU starvation or a swapping node; the worker’s own lines before this one show how far it came.',
  },
  WORKER_UNRESPONSIVE: {
    number: 4,
    logLevel: 'error',
    meaning: 'The heartbeat of a worker stands still.',
    check:
      'It is ended and its slot gets a new one. Its event loop was blocked, or the machine gave it no CPU time or memory: see /proc/pressure. If it comes again, “perf top -p” with the pid of a worker shows what it is at.',
  },
  WORKER_PROTOCOL_ERROR: {
    number: 5,
    logLevel: 'error',
    meaning: 'A worker and the supervisor do not understand each other’s messages.',
    check: 'Two versions are mixed on this node. See that only one installation is in use, and start the node anew.',
  },
  WORKER_DRAIN_TIMEOUT: {
    number: 6,
    logLevel: 'warn',
    meaning: 'A draining worker did not leave by its deadline and was ended.',
    check: 'See DRAIN_DEADLINE_PASSED for what was cut, and transport.lifeCycle.graceTimeOut for the deadline.',
  },
  SNAPSHOT_CORRUPT: {
    number: 16,
    logLevel: 'error',
    meaning: 'A snapshot does not match its checksum and was not taken into use.',
    check:
      'The previous revision stays in force. Suspect memory, or a foreign process writing to the runtime directory.',
  },
  SNAPSHOT_LAYOUT_MISMATCH: {
    number: 17,
    logLevel: 'error',
    meaning: 'A snapshot was written with another layout version than this process reads.',
    check: 'Two versions are mixed on this node. See that only one installation is in use, and start the node anew.',
  },
  SNAPSHOT_TOO_LARGE: {
    number: 18,
    logLevel: 'error',
    meaning: 'The compiled configuration does not fit the limits of a snapshot; the previous revision stays in force.',
    check: 'The log line has the size and the limit. Look for a provider that produces objects without end.',
  },
  SNAPSHOT_REFUSED: {
    number: 19,
    logLevel: 'error',
    meaning: 'A worker could not switch to a revision and stays on the one it has.',
    check:
      'The reason is in the log line. The other workers may already serve the new revision; publish again once the cause is gone.',
  },
  SNAPSHOT_COMPILE_FAULT: {
    number: 20,
    logLevel: 'error',
    meaning: 'Compiling the configuration failed; the previous revision stays in force.',
    check: 'This is a defect of the proxy: “sluice validate” on the same files reproduces it. Please report it.',
  },
  STATUS_ROWS_EXHAUSTED: {
    number: 21,
    logLevel: 'error',
    meaning: 'There are more servers than the status memory has rows; the previous revision stays in force.',
    check: 'Restart with more rows, or look for a provider that produces servers without end.',
  },
  TLS_MATERIAL_REFUSED: {
    number: 22,
    logLevel: 'error',
    meaning: 'Certificates and keys for TLS came to a worker in a form that it cannot read; those in force stay.',
    check:
      'They are sent once more. Suspect memory, or two versions on this node; see that one installation is in use.',
  },
  TLS_MATERIAL_NOT_MADE: {
    number: 23,
    logLevel: 'error',
    meaning: 'New keys of TLS session tickets, or OCSP responses, could not be given to workers; those before stay.',
    check: 'ENOMEM and EMFILE say that memory or descriptors have run out. It is tried again with the next change.',
  },
  LISTEN_ADDRESS_IN_USE: {
    number: 32,
    logLevel: 'error',
    meaning: 'The address of an entry point is taken by another process.',
    check: '“ss -ltunp” shows which. To replace a running Sluice see docs/operations/take-over.md.',
  },
  LISTEN_NOT_PERMITTED: {
    number: 33,
    logLevel: 'error',
    meaning: 'The process may not listen on the address of an entry point.',
    check: 'Ports below 1024 need CAP_NET_BIND_SERVICE or sockets passed in by systemd.',
  },
  LISTEN_FAILED: {
    number: 34,
    logLevel: 'error',
    meaning: 'An entry point’s address cannot be listened on.',
    check: 'The errno is in the log line: EADDRNOTAVAIL means that no interface of this node has the address.',
  },
  TAKEOVER_UNREACHABLE: {
    number: 40,
    logLevel: 'warn',
    meaning: 'An earlier worker of this node cannot be reached through its control socket.',
    check:
      'Its sockets cannot be taken over. If it still runs, end it once its connections are done; a stale file in the runtime directory is harmless.',
  },
  TAKEOVER_REFUSED: {
    number: 41,
    logLevel: 'error',
    meaning: 'An earlier worker refused to hand its listening sockets over.',
    check: 'The reason is in the log line: it belongs to another user or another version, or is already handing over.',
  },
  TAKEOVER_INCOMPLETE: {
    number: 42,
    logLevel: 'warn',
    meaning: 'Not every listening socket of the earlier instance was handed over; missing ones are opened anew.',
    check:
      'Connections waiting in the queue of a socket that was not handed over are accepted by the old worker until it has drained.',
  },
  HEALTH_SERVER_DOWN: {
    number: 48,
    logLevel: 'warn',
    meaning: 'A server failed its health checks and gets no new exchanges.',
    check:
      'The log line has the last check’s reason. Ask from this node what it asks: “curl” the same URL with the hostname and headers of the health check, or log in to a database as its user.',
  },
  HEALTH_CHECK_INVALID: {
    number: 49,
    logLevel: 'error',
    meaning: 'A health check cannot be carried out as configured, so every check of it fails.',
    check: 'The path must not name a scheme or host: use scheme, port and hostname of the health check instead.',
  },
  HEALTH_OBSERVER_FAULT: {
    number: 50,
    logLevel: 'error',
    meaning: 'What listens to health changes threw an error; the change itself is in force.',
    check: 'This is a defect of the proxy; please report it with the stack from the log line.',
  },
  PROVIDER_WATCH_FAILED: {
    number: 56,
    logLevel: 'error',
    meaning: 'A provider lost its source; the last configuration it gave stays in force.',
    check: 'Changes are not seen until it works again: check that the file, folder or service exists and may be read.',
  },
  CERTIFICATE_WATCH_FAILED: {
    number: 60,
    logLevel: 'warn',
    meaning: 'A folder with certificates or passwords cannot be watched; its files are looked at every second.',
    check:
      'ENOSPC: raise fs.inotify.max_user_watches. EACCES: the folder must be readable for this user, not only its files.',
  },
  ACCESS_LOG_NOT_OPENED: {
    number: 57,
    logLevel: 'error',
    meaning: 'The access log cannot be opened.',
    check:
      'At the start this ends the program. A worker that meets it later keeps lines in memory and tries again; see that accessLog.filePath can be written by this user.',
  },
  ACCESS_LOG_NOT_WRITTEN: {
    number: 58,
    logLevel: 'warn',
    meaning:
      'The access log takes no lines, or not as fast as they come. Requests are served; lines without room are lost.',
    check:
      'ENOSPC is a full disk, EAGAIN and none at all a reader or disk that is too slow. The line says how many were lost since the last one; sluice_access_log_dropped_lines_total counts them all.',
  },
  ACCESS_LOG_NOT_REOPENED: {
    number: 59,
    logLevel: 'error',
    meaning: 'After SIGUSR1 the access log could not be opened anew; lines go on into the file that was open.',
    check: 'The reason is in the log line. Make its folder writable for this user and send the signal again.',
  },
  OCSP_FAILED: {
    number: 61,
    logLevel: 'warn',
    meaning: 'No OCSP response can be stapled to a certificate, or it says that the certificate is revoked.',
    check:
      'The log line has what each responder said. The certificate is served all the same and asked about again; its chain must have the issuer’s certificate in second place, and this node must reach the responder.',
  },
  HEALTH_PASSWORD_UNREADABLE: {
    number: 62,
    logLevel: 'error',
    meaning:
      'The file with the password of a health check cannot be read; the check goes on with the password that it had last, or with none.',
    check:
      'The log line has the reason. passwordFile must be readable for this user and hold nothing but the password.',
  },
});
