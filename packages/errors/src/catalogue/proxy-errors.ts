// Errors of the data path itself: nothing matched, nothing is available, or something in this process is at fault.
// Entries are only ever added; numbers are never reused.

import { catalogueOf } from './entry.ts';

export const PROXY_ERRORS = catalogueOf('proxy', {
  NO_ROUTER: {
    number: 1,
    status: 404,
    plain: '404 page not found',
    meaning: 'No router of the entry point matches the request.',
    check:
      'Run “sluice explain” with the host and path of the request: it says which rules were tried and why they did not match. A router with an error in its configuration is not mounted.',
  },
  NO_SERVER_AVAILABLE: {
    number: 2,
    status: 503,
    plain: 'no available server',
    meaning: 'The service has no server, or none of its servers is up.',
    check: 'See the health-check messages of the service’s servers, and that the provider finds any server at all.',
  },
  INTERNAL_FAULT: {
    number: 3,
    status: 500,
    plain: 'Internal Server Error',
    logLevel: 'error',
    meaning: 'The proxy failed while handling the request; this is a defect of the proxy.',
    check: 'Please report it with the stack from the log line. Other requests are not affected.',
  },
  MIDDLEWARE_FAULT: {
    number: 4,
    status: 500,
    plain: 'Internal Server Error',
    logLevel: 'error',
    meaning: 'A middleware threw an error while handling the request.',
    check:
      'The log line names the middleware. For one of your own, see its code; for a built-in one this is a defect of the proxy.',
  },
  LOCAL_RESOURCES_EXHAUSTED: {
    number: 5,
    status: 502,
    retry: 'next-server',
    logLevel: 'error',
    meaning: 'This process has no descriptor, local port or memory left for a connection to a server.',
    check:
      'The errno tells which: raise LimitNOFILE for EMFILE, widen net.ipv4.ip_local_port_range or allow more idle connections (maxIdleConnsPerHost) for EADDRNOTAVAIL.',
  },
  QUEUE_LIMIT_REACHED: {
    number: 6,
    logLevel: 'warn',
    meaning: 'More bytes were waiting for a peer than may be queued; its connection was reset.',
    check:
      'A peer stopped reading while data went on arriving. One case is noise; many point at a defect in flow control.',
  },
  CONNECTION_LIMIT_REACHED: {
    number: 7,
    logLevel: 'warn',
    meaning: 'A worker has as many clients as it can serve and stopped accepting; new ones wait in the kernel’s queue.',
    check:
      'Accepting goes on as soon as connections end. Clients get half of the descriptors, as each may need a connection to a server; the log line says how many that is. If this lasts, raise LimitNOFILE, add workers or nodes, or shorten idleTimeout.',
  },
  DRAIN_DEADLINE_PASSED: {
    number: 8,
    logLevel: 'info',
    meaning: 'A connection was still busy when the drain deadline passed and was cut.',
    check: 'Raise transport.lifeCycle.graceTimeOut if exchanges of this length are normal (uploads, WebSockets).',
  },
  ACCEPTING_FAILED: {
    number: 9,
    logLevel: 'error',
    meaning: 'The kernel refuses a worker further connections; new clients wait in its queue.',
    check:
      'The errno tells why: EMFILE and ENFILE are descriptors of the process and of the machine, ENOBUFS and ENOMEM its memory. It is tried again all the time.',
  },
  BUFFERS_EXHAUSTED: {
    number: 10,
    status: 503,
    logLevel: 'warn',
    meaning:
      'A worker keeps as many bytes for slow or talkative peers as limits.maxBufferedBytesPerWorker allows; who wanted more was turned away.',
    check:
      'Requests whose heads arrive whole are served all the time. Many large or slow heads at a time point at an attack: lower http.maxHeaderBytes and readHeaderTimeout, and limit connections.',
  },
  TLS_CONTEXT_FAILED: {
    number: 11,
    logLevel: 'error',
    meaning: 'The TLS library does not accept a certificate, its key, its OCSP response, or a set of TLS options.',
    check:
      'The log line has the reason. Clients that would get this certificate under these options are closed; OCSP responses are left out. It is tried again with the next change of certificates or options.',
  },
  FLOW_WITHOUT_ROUTER: {
    number: 20,
    logLevel: 'warn',
    meaning: 'No UDP router of the entry point takes a new flow; its datagrams are dropped.',
    check:
      'A router without a rule, or with HostSNI(`*`), takes every flow. Rules with names match the server name in the first packets of QUIC, and nothing else.',
  },
  FLOW_WITHOUT_SERVER: {
    number: 21,
    logLevel: 'warn',
    meaning: 'No server of a UDP service is up, or none could be sent to; the datagrams of a new flow are dropped.',
    check:
      'See the health-check messages of the service’s servers, and that their names resolve and have a route from this node.',
  },
  SESSION_WITHOUT_SERVER: {
    number: 22,
    logLevel: 'warn',
    meaning: 'No server of a TCP service is up, or none could be connected to; the client was reset.',
    check:
      'The line names one such client, the last server that was tried, and under “reason” the code that says why in vain. NO_SERVER_AVAILABLE: none was tried; see the health-check messages of the service’s servers.',
  },
});
