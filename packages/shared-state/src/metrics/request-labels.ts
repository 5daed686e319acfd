// The labels of a counted request in one word: status code, method, protocol. What a client can make up is folded into a
// fixed set here, so that it cannot make rows.

/** Index 0 stands for every other one. */
export const METHOD_LABELS = [
  'EXTENSION_METHOD',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'PRI',
] as const;

export const PROTOCOL_LABELS = ['http', 'websocket', 'sse', 'grpc', 'grpc-web'] as const;

/** Positions in `PROTOCOL_LABELS`. */
export const ProtocolLabel = { HTTP: 0, WEBSOCKET: 1, SSE: 2, GRPC: 3, GRPC_WEB: 4 } as const;

const CODE_BITS = 10;
const METHOD_BITS = 4;
const CODE_MAX = 999;
const METHOD_INDEX: ReadonlyMap<string, number> = new Map(METHOD_LABELS.map((method, index) => [method, index]));

/** Everything but the code, which is known only at the end. @param protocol a `ProtocolLabel`. */
export function requestLabels(method: string, protocol: number): number {
  return ((METHOD_INDEX.get(method) ?? 0) << CODE_BITS) | (protocol << (CODE_BITS + METHOD_BITS));
}

/** @param code out of 0…999 counts as 0. */
export function withCode(labels: number, code: number): number {
  return code >= 0 && code <= CODE_MAX ? labels | code : labels;
}

export function protocolOf(labels: number): number {
  return labels >>> (CODE_BITS + METHOD_BITS);
}

/** The labels as text, as they are shown. */
export function readLabels(labels: number): { code: string; method: string; protocol: string } {
  return {
    code: String(labels & ((1 << CODE_BITS) - 1)),
    method: METHOD_LABELS[(labels >>> CODE_BITS) & ((1 << METHOD_BITS) - 1)] ?? METHOD_LABELS[0],
    protocol: PROTOCOL_LABELS[protocolOf(labels)] ?? PROTOCOL_LABELS[0],
  };
}
