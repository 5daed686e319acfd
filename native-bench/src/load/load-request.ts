// The requests that scenarios send: values, and their bytes where a load generator wants those. How they are sent, and over
// what, is not said here.

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly host: string;
  /** Besides Host and what frames the body. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: LoadBody;
}

export interface LoadBody {
  readonly bytes: number;
  /** What it begins with, a character a byte; among `bytes`. The rest is filling. */
  readonly prefix?: string;
  /** Sent in chunks of this size; without: with a Content-Length. */
  readonly chunkBytes?: number;
}

export const BARE_HOST = 'bench.example';

export function get(path: string, more: Partial<LoadRequest> = {}): LoadRequest {
  return { method: 'GET', path, host: BARE_HOST, headers: {}, ...more };
}

export function post(path: string, body: LoadBody): LoadRequest {
  return { method: 'POST', path, host: BARE_HOST, headers: { 'Content-Type': 'application/octet-stream' }, body };
}

const GRPC_PREFIX_BYTES = 5;

/** One message of a gRPC call: not compressed, its length in four bytes, then the message (gRPC over HTTP/2). */
export function grpcPrefix(messageBytes: number): string {
  const prefix = Buffer.alloc(GRPC_PREFIX_BYTES);
  prefix.writeUInt32BE(messageBytes, 1);
  return prefix.toString('latin1');
}

/** A unary call with a message of so many bytes. */
export function grpcCall(path: string, messageBytes: number): LoadRequest {
  const headers = { 'Content-Type': 'application/grpc', TE: 'trailers' };
  const body = { bytes: GRPC_PREFIX_BYTES + messageBytes, prefix: grpcPrefix(messageBytes) };
  return { method: 'POST', path, host: BARE_HOST, headers, body };
}

/** What a browser sends when a page is opened: 15 fields with Host, about 900 bytes. */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.7',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'https://bench.example/catalogue/page?category=tools&sort=price',
  'Cache-Control': 'max-age=0',
  'Upgrade-Insecure-Requests': '1',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-User': '?1',
  'Sec-Fetch-Dest': 'document',
  'Sec-Ch-Ua': '"Not/A)Brand";v="8", "Chromium";v="126", "Google Chrome";v="126"',
  'Sec-Ch-Ua-Platform': '"Linux"',
  Cookie: `session=${'0123456789abcdef'.repeat(4)}; theme=dark; consent=2024-06-01; basket=${'7'.repeat(24)}`,
};

/** Body bytes as they go over the wire, framing included. A body in chunks has no prefix. */
export function bodyOf({ bytes, prefix = '', chunkBytes }: LoadBody): string {
  if (chunkBytes === undefined) return prefix + 'x'.repeat(bytes - prefix.length);
  let text = '';
  for (let left = bytes; left > 0; left -= chunkBytes) {
    const size = Math.min(left, chunkBytes);
    text += `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/** The whole request in one string of latin1 characters. */
export function requestText({ method, path, host, headers, body }: LoadRequest): string {
  const framing =
    body === undefined
      ? []
      : [body.chunkBytes === undefined ? `Content-Length: ${body.bytes}` : 'Transfer-Encoding: chunked'];
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...fields, ...framing].join('\r\n');
  return `${head}\r\n\r\n${body === undefined ? '' : bodyOf(body)}`;
}
