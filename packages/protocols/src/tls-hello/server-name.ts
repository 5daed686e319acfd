// Is a server name that a client sends a host name? Looks at bytes only; allocates nothing.
// Everything accepted here is plain ASCII that is safe in logs, tables and configuration keys.

/** RFC 1035 §2.3.4; the trailing dot that the wire form does not have would be the 254th. */
const NAME_BYTES_MAX = 253;
const LABEL_BYTES_MAX = 63;

const DOT = 0x2e;

/**
 * Letters, digits, `-`, `_`, and `:` for clients that send an IPv6 address, in labels that are not empty. A dot at the end is
 * not accepted (RFC 6066 §3), nor are wildcards and anything that is not ASCII.
 */
export function isServerName(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length === 0 || length > NAME_BYTES_MAX) return false;
  let label = 0;
  for (let at = offset; at < offset + length; at++) {
    if (bytes[at] === DOT) {
      if (label === 0) return false;
      label = 0;
    } else if (NAME_BYTE[bytes[at]] === 0 || ++label > LABEL_BYTES_MAX) {
      return false;
    }
  }
  return label > 0;
}

const NAME_BYTE = nameBytes();

function nameBytes(): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:') {
    table[character.charCodeAt(0)] = 1;
  }
  return table;
}
