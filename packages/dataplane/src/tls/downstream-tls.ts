// What is known of the TLS of one client's connection, from the end of its handshake on. Made once per connection; certificates
// stay where the TLS library has them and are read when somebody asks.

import { X509Certificate } from 'node:crypto';
import { type StreamTransport, tlsHasPeerCertificate, tlsVersionOf } from '@sluice/native';
import { readTlsLabels, tlsLabels } from '@sluice/shared-state';

const NO_CERTIFICATES: readonly Buffer[] = [];
/** Longer ones are cut in the access log: the client writes them. */
const SUBJECT_LENGTH_MAX = 1024;

/** What the handshake was begun with. */
export interface HandshakeChoice {
  /** Lower case; empty: the client named no server. */
  readonly serverName: string;
  readonly optionsName: string;
}

export class DownstreamTls {
  readonly serverName: string;
  /** The set of options it was selected by; requests for routers with another one are refused. */
  readonly optionsName: string;
  /** Of metrics: version and cipher. */
  readonly labels: number;
  /** `1.3`. */
  readonly version: string;
  /** Its IANA name; `unknown` where we have none. */
  readonly cipher: string;
  /** Of the client's certificate, in the order of RFC 2253; empty without one. */
  readonly clientSubject: string;
  private readonly transport: StreamTransport;
  private readonly id: number;
  private readonly hasCertificate: boolean;

  /** @param id of the connection. @param facts, suite of the event TLS_READY. */
  constructor(transport: StreamTransport, id: number, choice: HandshakeChoice, facts: number, suite: number) {
    this.transport = transport;
    this.id = id;
    this.serverName = choice.serverName;
    this.optionsName = choice.optionsName;
    this.labels = tlsLabels(tlsVersionOf(facts), suite);
    const { tls_version: version, tls_cipher: cipher } = readTlsLabels(this.labels);
    this.version = version;
    this.cipher = cipher;
    this.hasCertificate = tlsHasPeerCertificate(facts);
    this.clientSubject = subjectOf(this.clientCertificates()[0]);
  }

  /** As DER, the client's own first; empty: it has shown none, or the connection is gone. Allocates. */
  clientCertificates(): readonly Buffer[] {
    return this.hasCertificate ? (this.transport.peerCertificates(this.id) ?? NO_CERTIFICATES) : NO_CERTIFICATES;
  }
}

/** Node lists the parts line by line, as they stand in the certificate. */
function subjectOf(certificate: Buffer | undefined): string {
  if (certificate === undefined) return '';
  try {
    const { subject } = new X509Certificate(certificate);
    return (subject ?? '').split('\n').reverse().join(',').slice(0, SUBJECT_LENGTH_MAX);
  } catch {
    return ''; // Unverified ones may be anything that OpenSSL could still parse.
  }
}
