// The keys under which TLS material has what servers transports need: those of HTTP have their own names, which contain no line break.

/** @param name qualified name of a servers transport of TCP */
export function tcpTransportKey(name: string): string {
  return `tcp\n${name}`;
}

/** Qualified name of the servers transport of TCP that a key is of; undefined when it is one of HTTP. */
export function tcpTransportName(key: string): string | undefined {
  return key.startsWith('tcp\n') ? key.slice(4) : undefined;
}
