// Whether a message is one of gRPC, by its content type. Pure, allocates nothing.
// gRPC-Web is not gRPC: its messages are told apart by what wraps them.

const GRPC = 'application/grpc';
const GRPC_BYTES = Buffer.from(GRPC);
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const SPACE = 0x20;

/** `application/grpc`, `application/grpc+proto`, with or without parameters; not `application/grpc-web`. */
export function isGrpcContentType(value: string | undefined): boolean {
  if (value === undefined || value.length < GRPC.length) return false;
  if (!value.startsWith(GRPC) && value.slice(0, GRPC.length).toLowerCase() !== GRPC) return false;
  return value.length === GRPC.length || mayFollow(value.charCodeAt(GRPC.length));
}

/** The same for a value that lies in received bytes. */
export function isGrpcContentTypeAt(bytes: Uint8Array, start: number, length: number): boolean {
  if (length < GRPC_BYTES.length) return false;
  for (let i = 0; i < GRPC_BYTES.length; i++) {
    let byte = bytes[start + i];
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== GRPC_BYTES[i]) return false;
  }
  return length === GRPC_BYTES.length || mayFollow(bytes[start + GRPC_BYTES.length]);
}

function mayFollow(next: number): boolean {
  return next === PLUS || next === SEMICOLON || next === SPACE;
}
