// The binary layout of a snapshot, version 4: 32-bit little-endian words throughout, so that it is read in place.
//
//   header (16 words) · section table (4 words each) · sections, each starting at a multiple of 8 bytes
//
// A section is an array of records of a fixed number of words (bytes for STRING_BYTES). Strings are referred to by their
// number in STRING_INDEX; records by their number in their section.

export const MAGIC_LOW = 0x49554c53; // "SLUI"
export const MAGIC_HIGH = 0x504e5345; // "ESNP"
export const LAYOUT_VERSION = 4;

export const HEADER_WORDS = 16;
/** HEADER_CRC covers header and section table, with its own word as zero. */
export const HeaderWord = {
  MAGIC_LOW: 0,
  MAGIC_HIGH: 1,
  VERSION: 2,
  SECTION_COUNT: 3,
  REVISION_LOW: 4,
  REVISION_HIGH: 5,
  TOTAL_BYTES: 6,
  HEADER_CRC: 7,
} as const;

export const SECTION_ENTRY_WORDS = 4;
export const SectionWord = { OFFSET_BYTES: 0, LENGTH_BYTES: 1, CRC: 2 } as const;

export const Section = {
  /** String: byte offset in STRING_BYTES, length in units × 2 + (1 when its units are 16 bits wide). */
  STRING_INDEX: 0,
  STRING_BYTES: 1,
  /**
   * Name, configuration JSON, match index of requests over TLS + 1 (0: none), first TLS host, TLS hosts, options of other names;
   * match index of plain TCP, of TCP with TLS, of UDP, each + 1; bits of EntryPointFlag.
   */
  ENTRY_POINTS: 2,
  /** Open-addressed hash table: hash, bucket + 1 (0: free). */
  HOST_SLOTS: 3,
  /** Match index, kind, host, first candidate, candidates, first prefix length, prefix lengths, longest exact path + 1. */
  BUCKETS: 4,
  /** Distinct lengths of a bucket's path prefixes, ascending. */
  PREFIX_LENGTHS: 5,
  /** Open-addressed hash table: hash, path entry + 1 (0: free). */
  PATH_SLOTS: 6,
  /** Bucket, kind, path, first candidate, candidates. */
  PATH_ENTRIES: 7,
  /** Router × 2 + (1 when being found here is enough to match), ascending within a list. */
  CANDIDATES: 8,
  /** Operation, operand, operand, next instruction when true, next when false; all jumps go forward. */
  CODE: 9,
  /** Address as four words of big-endian bytes in memory order, bits. */
  NETWORKS: 10,
  /**
   * Those of HTTP, then of TCP, then of UDP; there are as many of the latter two as records in TCP_ROUTERS and UDP_ROUTERS.
   * Name, rule, priority low and high word, first in MIDDLEWARE_LISTS, count, service, denied characters, first instruction,
   * count, signals, TLS options.
   */
  ROUTERS: 11,
  MIDDLEWARE_LISTS: 12,
  /** Name, type, options JSON. */
  MIDDLEWARES: 13,
  /** Name, strategy, passHostHeader, transport, first server, servers, hash, reserved. */
  SERVICES: 14,
  /** URL (taken apart when read), weight (float64, two words), preservePath, status row. */
  SERVERS: 15,
  /**
   * Name, hash, maxIdleConnsPerHost (signed), maxConnsPerServer, maxQueuedPerServer, disableHttp2; dial, response header, idle,
   * queue, read idle and ping timeout (float64 each).
   */
  TRANSPORTS: 16,
  /**
   * Bucket of rules without a host + 1 (0: none). First one for each entry point, in their order: plain requests; the others are
   * those of requests over TLS.
   */
  MATCH_INDICES: 17,
  /** Host, options. Options are the name of a set + 1, or 0: connections are closed. */
  TLS_HOSTS: 18,
  /** What else there is to a router of TCP: place in TCP_ROUTER_TLS, 1 when it is a catch-all. */
  TCP_ROUTERS: 19,
  /** Reserved. */
  UDP_ROUTERS: 20,
  /** As MIDDLEWARES. */
  TCP_MIDDLEWARES: 21,
  /** Name, hash, the rest as JSON, transport + 1 (0: none), first in SERVICE_CHILDREN, count. */
  TCP_SERVICES: 22,
  UDP_SERVICES: 23,
  /** Numbers of services of the same protocol. */
  SERVICE_CHILDREN: 24,
  /** Name, hash, the rest as JSON. */
  TCP_TRANSPORTS: 25,
} as const;

/** Words of one record by section; 0: bytes. */
export const RECORD_WORDS: readonly number[] = [
  2, 0, 10, 2, 8, 1, 2, 5, 1, 5, 5, 12, 1, 3, 8, 5, 18, 1, 2, 2, 1, 3, 6, 6, 1, 3,
];
export const SECTION_COUNT = RECORD_WORDS.length;

export const BucketKind = { EXACT: 0, WILDCARD: 1, HOSTLESS: 2 } as const;
export const PathKind = { EXACT: 0, PREFIX: 1 } as const;

export const Operation = {
  ALWAYS: 0,
  HOST: 1,
  HOST_WILDCARD: 2,
  HOST_REGEXP: 3,
  PATH: 4,
  PATH_PREFIX: 5,
  PATH_REGEXP: 6,
  METHOD: 7,
  HEADER: 8,
  HEADER_REGEXP: 9,
  QUERY: 10,
  QUERY_REGEXP: 11,
  CLIENT: 12,
  SERVER_NAME_REGEXP: 13,
  ALPN: 14,
} as const;

/** Of entry points; as in TcpTables. */
export const EntryPointFlag = { TLS_ROUTES: 1, MATCHES_AT_ONCE: 2, HTTPS_CATCH_ALL: 4 } as const;

/** Jump targets that end a program. */
export const ACCEPT = 0xffffffff;
export const REJECT = 0xfffffffe;

export const STRATEGIES = ['wrr', 'p2c', 'leastconn'] as const;

export const TCP_ROUTER_TLS = ['none', 'terminate', 'passthrough', 'closed'] as const;
