// Whether a message is one of gRPC, by its content type. Pure, allocates nothing.
// gRPC-Web is not gRPC: its messages are told apart by what wraps them.

const GRPC = 'application/grpc';
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const SPACE = 0x20;

/** `application/grpc`, `application/grpc+proto`, with or without parameters; not `application/grpc-web`. */
export function isGrpcContentType(value: string | undefined): boolean {
  if (value === undefined || value.length < GRPC.length) return false;
  if (!value.startsWith(GRPC) && value.slice(0, GRPC.length).toLowerCase() !== GRPC) return false;
  if (value.length === GRPC.length) return true;
  const next = value.charCodeAt(GRPC.length);
  return next === PLUS || next === SEMICOLON || next === SPACE;
}
