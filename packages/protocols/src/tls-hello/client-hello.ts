// What a ClientHello says, as far as routing and the choice of a certificate need it. Reusable: one for each worker, filled
// by `parseClientHello`. Keeps views into the bytes it was parsed from, so everything must be asked for before those change.
// Allocates the strings that are asked for, and once the buffer in which a hello of several records is joined.

import { ECDSA_KINDS, KeyKind, SuiteFamily } from './key-kind.ts';

/** Bits of `versions`. */
export const TlsVersion = { TLS10: 1, TLS11: 2, TLS12: 4, TLS13: 8 } as const;

export class ClientHello {
  /** What offsets point into: the bytes received, or the joined records. */
  body: Buffer = EMPTY;
  /** Where the handshake message with its header lies in `body`. */
  messageStart = 0;
  messageEnd = 0;
  /** Bits of `TlsVersion`; versions that are none of these are left out. */
  versions = 0;
  /** Bits of `SuiteFamily`. */
  suiteFamilies = 0;
  /** Bits of `KeyKind` that the groups allow in TLS 1.2; everything when the client names no groups. */
  groupKinds = 0;
  /** Bits of `KeyKind` by signature schemes, in TLS 1.2 and 1.3. */
  schemeKinds12 = 0;
  schemeKinds13 = 0;
  serverNameOffset = 0;
  /** 0: the client names no server. */
  serverNameLength = 0;
  /** Of the entries, without the length in front of them. */
  alpnOffset = 0;
  alpnLength = 0;
  hasPreSharedKey = false;
  /** A ticket of TLS 1.2 or below that is not empty. */
  hasSessionTicket = false;
  hasEarlyData = false;
  /** Hellos in one record never need it. */
  joined: Buffer | undefined;

  reset(): void {
    this.body = EMPTY;
    this.messageStart = 0;
    this.messageEnd = 0;
    this.versions = 0;
    this.suiteFamilies = 0;
    this.groupKinds = ECDSA_KINDS;
    this.schemeKinds12 = KeyKind.RSA | ECDSA_KINDS;
    this.schemeKinds13 = 0;
    this.serverNameOffset = 0;
    this.serverNameLength = 0;
    this.alpnOffset = 0;
    this.alpnLength = 0;
    this.hasPreSharedKey = false;
    this.hasSessionTicket = false;
    this.hasEarlyData = false;
  }

  /** Lower case, without a dot at its end; empty when the client names no server. A string of ASCII each time. */
  get serverName(): string {
    if (this.serverNameLength === 0) return '';
    const { serverNameOffset: offset } = this;
    return this.body.latin1Slice(offset, offset + this.serverNameLength).toLowerCase();
  }

  /** Application protocols in the client's order, as bytes read as Latin-1; allocates. */
  alpnProtocols(): string[] {
    const names: string[] = [];
    const end = this.alpnOffset + this.alpnLength;
    for (let at = this.alpnOffset; at < end; at += 1 + this.body[at]) {
      names.push(this.body.latin1Slice(at + 1, at + 1 + this.body[at]));
    }
    return names;
  }

  /** Does the client offer this application protocol? Compared byte by byte, case included. */
  offersAlpn(name: Uint8Array): boolean {
    const { body } = this;
    const end = this.alpnOffset + this.alpnLength;
    for (let at = this.alpnOffset; at < end; at += 1 + body[at]) {
      if (body[at] !== name.length) continue;
      let same = 0;
      while (same < name.length && body[at + 1 + same] === name[same]) same++;
      if (same === name.length) return true;
    }
    return false;
  }

  /** @param version one bit of `TlsVersion` */
  offersVersion(version: number): boolean {
    return (this.versions & version) !== 0;
  }

  /**
   * Bits of `KeyKind`: certificates with these keys the client can verify, when the connection will be TLS 1.3 or an older
   * version. Both are asked for because only the server's options say which it will be.
   */
  keyKinds(isTls13: boolean): number {
    if (isTls13) return this.schemeKinds13;
    let kinds = 0;
    if ((this.suiteFamilies & SuiteFamily.ECDSA) !== 0) {
      kinds |= this.schemeKinds12 & ((this.groupKinds & ECDSA_KINDS) | KeyKind.ED25519);
    }
    if ((this.suiteFamilies & SuiteFamily.RSA) !== 0) kinds |= this.schemeKinds12 & KeyKind.RSA;
    return kinds;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
