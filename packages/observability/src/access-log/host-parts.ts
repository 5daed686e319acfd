// Where host and port lie in the value of a Host field, without taking it apart into new strings.

const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Positions in the value that was given last. One object is enough for all lines. */
export class HostParts {
  hostStart = 0;
  hostEnd = 0;
  /** The port reaches to the end of the value; -1: there is none. */
  portStart = -1;

  /** `name:port`, `[v6]:port` or a host alone, whose brackets stay then, as in the reference. */
  split(host: string): void {
    this.hostStart = 0;
    this.hostEnd = host.length;
    this.portStart = -1;
    const colon = portColon(host);
    if (colon === -1) return;
    const bracketed = host.charCodeAt(0) === OPEN_BRACKET;
    this.hostStart = bracketed ? 1 : 0;
    this.hostEnd = bracketed ? colon - 1 : colon;
    if (colon + 1 < host.length) this.portStart = colon + 1;
  }
}

/** Position of the colon before a port, or -1. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  if (colon === -1) return -1;
  if (host.charCodeAt(0) === OPEN_BRACKET) return host.charCodeAt(colon - 1) === CLOSE_BRACKET ? colon : -1;
  // More than one colon without brackets is an address and no port.
  for (let i = 0; i < colon; i++) if (host.charCodeAt(i) === COLON) return -1;
  return colon;
}
