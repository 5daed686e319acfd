// The host that rules compare with: authority without port and brackets, lower case (reference/http-routing §1 step 9).

export function canonicalHost(authority: string): string {
  let host = authority.trim();
  if (host.startsWith('[')) {
    const close = host.indexOf(']');
    if (close !== -1) host = host.slice(1, close);
  } else {
    const colon = host.indexOf(':');
    // A second colon means a bare IPv6 address, which has no port.
    if (colon !== -1 && host.indexOf(':', colon + 1) === -1) host = host.slice(0, colon);
  }
  return host.toLowerCase();
}

/** Port of an authority as written, or undefined. */
export function portOf(authority: string): string | undefined {
  const colon = authority.lastIndexOf(':');
  if (colon === -1 || authority.indexOf(']', colon) !== -1) return undefined;
  const port = authority.slice(colon + 1);
  return /^[0-9]+$/.test(port) && (authority.startsWith('[') || authority.indexOf(':') === colon) ? port : undefined;
}
