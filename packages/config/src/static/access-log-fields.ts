// Names of the fields of an access log line (observability.md section 3.2): what `accessLog.fields.names` may name.
// What each one holds is decided where lines are written.

/** Fields that lines have, spelled as in a JSON line. */
export const ACCESS_LOG_FIELDS = [
  'ClientAddr',
  'ClientHost',
  'ClientPort',
  'ClientUsername',
  'ConnectionEnd',
  'DownstreamContentSize',
  'DownstreamStatus',
  'Duration',
  'GzipRatio',
  'OriginContentSize',
  'OriginDuration',
  'OriginStatus',
  'Overhead',
  'RequestAddr',
  'RequestContentSize',
  'RequestCount',
  'RequestHost',
  'RequestMethod',
  'RequestPath',
  'RequestPort',
  'RequestProtocol',
  'RequestScheme',
  'RetryAttempts',
  'RouterName',
  'ServiceAddr',
  'ServiceName',
  'ServiceURL',
  'StartLocal',
  'StartUTC',
  'TLSCipher',
  'TLSClientSubject',
  'TLSVersion',
  'entryPointName',
] as const;

export type AccessLogField = (typeof ACCESS_LOG_FIELDS)[number];

/** Fields of the reference that no line of this version has: naming them changes nothing. */
const ABSENT_FIELDS = [
  'DownstreamStatusLine',
  'KubernetesIngressName',
  'KubernetesIngressNamespace',
  'KubernetesServiceName',
  'KubernetesServicePort',
  'OriginStatusLine',
  'RequestLine',
  'SpanId',
  'TraceId',
  'span_id',
  'trace_id',
];

const KNOWN: ReadonlySet<string> = new Set([...ACCESS_LOG_FIELDS, ...ABSENT_FIELDS].map((name) => name.toLowerCase()));

/** In any case. */
export function isAccessLogField(name: string): boolean {
  return KNOWN.has(name.toLowerCase());
}
