// Which certificate a connection gets, from its server name (tls-acme.md section 2), and what the names of option sets mean.
// Built once for each TLS material; asked once for each handshake. Allocates one short string for a wildcard.

import { type ClientHello, ECDSA_KINDS, KeyKind, TlsVersion } from '@sluice/protocols';
import { withoutFirstLabel } from './entry-point-tls.ts';
import { NO_CERTIFICATE, type OptionSet, type TlsTables } from './tls-tables.ts';

const TLS13 = 0x0304;

export class TlsSelection {
  readonly #optionSets: ReadonlyMap<string, OptionSet>;
  readonly #tables: TlsTables;
  readonly #exact: ReadonlyMap<string, readonly number[]>;
  readonly #wildcard: ReadonlyMap<string, readonly number[]>;

  constructor(tables: TlsTables) {
    this.#tables = tables;
    this.#optionSets = new Map(tables.optionSets.map((set) => [set.name, set]));
    this.#exact = new Map(Object.entries(tables.exact));
    this.#wildcard = new Map(Object.entries(tables.wildcard));
  }

  /** Undefined when there is no such set that can be used: the connection is closed. */
  optionSet(name: string): OptionSet | undefined {
    return this.#optionSets.get(name);
  }

  /**
   * Position of the certificate to show, or `NO_CERTIFICATE`: the handshake fails with `unrecognized_name`.
   * @param name server name in lower case; when the client names none, the local address of the connection, written as in
   *   RFC 5952 and IPv4 in IPv6 as IPv4
   * @param keyKinds bits of `KeyKind` that the client and the options can use; see `usableKeyKinds`
   */
  certificate(name: string, keyKinds: number, sniStrict: boolean): number {
    const exact = this.#exact.get(name);
    const wildcard = this.#wildcard.get(withoutFirstLabel(name));
    const usable = this.#firstUsable(exact, keyKinds);
    if (usable !== NO_CERTIFICATE) return usable;
    const usableWildcard = this.#firstUsable(wildcard, keyKinds);
    if (usableWildcard !== NO_CERTIFICATE) return usableWildcard;
    // None that the client can verify: it may know more than it says, and if not, the handshake fails for the right reason.
    const any = exact ?? wildcard;
    if (any !== undefined) return any[0];
    return sniStrict ? NO_CERTIFICATE : this.#tables.defaultCertificate;
  }

  #firstUsable(candidates: readonly number[] | undefined, keyKinds: number): number {
    if (candidates === undefined) return NO_CERTIFICATE;
    const { certificates } = this.#tables;
    for (const index of candidates) if ((certificates[index].keyKind & keyKinds) !== 0) return index;
    return NO_CERTIFICATE;
  }
}

/** Bits of `KeyKind` with which a connection of this client under these options can be authenticated. */
export function usableKeyKinds(hello: ClientHello, options: OptionSet): number {
  const isTls13 = options.maxVersion >= TLS13 && hello.offersVersion(TlsVersion.TLS13);
  return isTls13 ? hello.keyKinds(true) : hello.keyKinds(false) & options.cipherKeyKinds;
}

/** Key kinds from the cheapest to sign with; certificates for one name are offered in this order. */
export const KEY_KIND_PREFERENCE: readonly number[] = [
  KeyKind.P256,
  KeyKind.ED25519,
  KeyKind.P384,
  KeyKind.P521,
  KeyKind.RSA,
];

/** Bits of `KeyKind` that suites of this kind can be authenticated by, in TLS 1.2 and below. */
export function suiteKeyKinds(opensslName: string): number {
  return opensslName.startsWith('ECDHE-ECDSA-') ? ECDSA_KINDS | KeyKind.ED25519 : KeyKind.RSA;
}

/**
 * A request may only be answered under the options that its router asks for (421 otherwise). Sets are the same when they have
 * the same name, whatever is in them. Names, because a connection may be older than the revision that its requests meet,
 * and positions are those of one revision.
 * @param ofConnection name of the set that was selected by the server name
 * @param ofRouter name of the set of the matched router on this entry point
 */
export function isMisdirected(ofConnection: string, ofRouter: string): boolean {
  return ofConnection !== ofRouter;
}
