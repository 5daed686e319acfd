// Which TLS options a connection to an entry point gets, by the server name alone (tls-acme.md section 4, tcp-udp.md section 4).
// Part of a snapshot; the sets themselves, which its names mean, come with the TLS material.

export interface EntryPointTls {
  /**
   * Name of the option set by host, whole names and `*.example.com`; null: the connection is closed. Hosts whose options follow
   * from the rest are left out, unless routers of TCP take TLS on the entry point: these have to know what HTTPS takes first.
   */
  readonly hosts: Readonly<Record<string, string | null>>;
  /** For names that are not among them, and clients that name no server. */
  readonly fallback: string | null;
}

/** Built once for each entry point and revision; allocates one short string for a wildcard. */
export class EntryPointHosts {
  readonly #hosts: ReadonlyMap<string, string | null>;
  readonly #fallback: string | null;

  constructor({ hosts, fallback }: EntryPointTls) {
    this.#hosts = new Map(Object.entries(hosts));
    this.#fallback = fallback;
  }

  /**
   * Name of the option set; null: the connection is closed.
   * @param serverName lower case; empty when the client names none
   */
  optionsFor(serverName: string): string | null {
    if (serverName === '') return this.#fallback;
    const exact = this.#hosts.get(serverName);
    if (exact !== undefined) return exact;
    const wildcard = this.#hosts.get(withoutFirstLabel(serverName));
    return wildcard === undefined ? this.#fallback : wildcard;
  }

  /** Is there a router of HTTPS for this very name? Only of use where routers of TCP take TLS: otherwise not all hosts are here. */
  names(serverName: string): boolean {
    return serverName !== '' && (this.#hosts.has(serverName) || this.#hosts.has(withoutFirstLabel(serverName)));
  }
}

/** `a.b.c` → `*.b.c`; one label alone → `*`. */
export function withoutFirstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '*' : `*${name.slice(dot)}`;
}
