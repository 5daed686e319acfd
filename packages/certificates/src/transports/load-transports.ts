// How servers are spoken to in TLS: everything that servers transports name, read, and their defaults applied (http-services.md
// section 8). A transport that cannot be used keeps its last good version, or is missing; the others are not touched by it.

import {
  DEFAULT_TCP_TRANSPORT,
  DEFAULT_TRANSPORT,
  opensslSuite,
  type PeerCertificateName,
  type TransportTlsConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { type KeyPairMaterial, type TransportTls, tcpTransportName } from '@sluice/routing';
import type { KeyPairLoader } from '../load/key-pair-loader.ts';
import { TLS_VERSION_NUMBERS } from '../options/tls-versions.ts';
import { systemAuthorities } from './system-authorities.ts';

export interface LoadTransportsInput {
  /** By qualified name, the static one as `DEFAULT_TRANSPORT`; those of TCP by `tcpTransportKey` of theirs. */
  readonly transports: Readonly<Record<string, TransportTlsConfiguration>>;
  /** Names of those whose servers are spoken to in TLS: others need no authorities of the system. */
  readonly used: ReadonlySet<string>;
  /** Kept from one call to the next, and used for nothing else. */
  readonly loader: KeyPairLoader;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What was loaded before: good versions of those that cannot be used now. */
  readonly previous?: LoadedTransports['transports'] | undefined;
}

export interface LoadedTransports {
  readonly transports: Readonly<Record<string, TransportTls>>;
  /** PEM; empty when nobody needs them. */
  readonly systemAuthorities: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Absolute paths that all this depends on. */
  readonly paths: readonly string[];
}

const KEPT = 'the previous version stays in use';
const TLS12 = TLS_VERSION_NUMBERS.VersionTLS12;
const TLS13 = TLS_VERSION_NUMBERS.VersionTLS13;

/** Not to be called again with the same loader before it has ended. */
export async function loadTransports(input: LoadTransportsInput): Promise<LoadedTransports> {
  const { previous = {} } = input;
  const loading = new TransportLoading(input.loader, previous);
  const transports: Record<string, TransportTls> = {};
  let needsSystem = false;
  for (const [name, configuration] of Object.entries(input.transports)) {
    const transport = (await loading.transport(name, configuration)) ?? previous[name];
    if (transport === undefined) continue;
    transports[name] = transport;
    needsSystem ||= input.used.has(name) && trustsSystem(transport);
  }
  const authorities = needsSystem ? await loading.system(input.environment) : '';
  input.loader.forgetUnused();
  const { diagnostics, paths } = loading;
  return { transports, systemAuthorities: authorities, diagnostics, paths: [...paths].sort() };
}

function trustsSystem({ authorities, insecureSkipVerify, peerNames }: TransportTls): boolean {
  return authorities === '' && (!insecureSkipVerify || peerNames.length > 0);
}

class TransportLoading {
  readonly diagnostics: Diagnostic[] = [];
  readonly paths = new Set<string>();
  readonly #loader: KeyPairLoader;
  readonly #previous: LoadedTransports['transports'];
  #object = '';
  #hasPrevious = false;

  constructor(loader: KeyPairLoader, previous: LoadedTransports['transports']) {
    this.#loader = loader;
    this.#previous = previous;
  }

  /** Undefined: it cannot be used as it is now. */
  async transport(name: string, configuration: TransportTlsConfiguration): Promise<TransportTls | undefined> {
    this.#object = objectOf(name);
    this.#hasPrevious = Object.hasOwn(this.#previous, name);
    const authorities = await this.#authorities(configuration);
    const certificates = await this.#certificates(configuration);
    const versions = this.#versions(configuration);
    if (authorities === undefined || certificates === undefined || versions === undefined) return undefined;
    return {
      serverName: configuration.serverName ?? '',
      insecureSkipVerify: configuration.insecureSkipVerify ?? false,
      authorities,
      certificates,
      ...versions,
      peerNames: peerNamesOf(configuration),
    };
  }

  async system(environment: LoadTransportsInput['environment']): Promise<string> {
    const { pem, path, problem } = await systemAuthorities(this.#loader, environment);
    this.paths.add(path);
    this.#object = 'serversTransport';
    if (problem !== undefined) this.#push(problem, pem === '' ? undefined : KEPT);
    return pem;
  }

  /** A missing one would only make fewer servers trusted; but silently, and with none left the system's would be. */
  async #authorities({ rootCAs = [] }: TransportTlsConfiguration): Promise<string | undefined> {
    let all = '';
    let isUsable = true;
    for (const [index, value] of rootCAs.entries()) {
      this.#depend(value);
      const { value: pem, problem } = await this.#loader.loadAuthorities(value);
      if (problem !== undefined) this.#report(`"rootCAs[${index}]" ${problem}`, pem !== undefined);
      if (pem === undefined) isUsable = false;
      else all += pem;
    }
    return isUsable ? all : undefined;
  }

  async #certificates({ certificates = [] }: TransportTlsConfiguration): Promise<KeyPairMaterial[] | undefined> {
    const pairs: KeyPairMaterial[] = [];
    let isUsable = true;
    for (const [index, declared] of certificates.entries()) {
      this.#depend(declared.certFile);
      this.#depend(declared.keyFile);
      const { value, problem } = await this.#loader.loadPair(declared);
      if (problem !== undefined) {
        this.#report(`"certificates[${index}]" cannot be used: ${problem}`, value !== undefined);
      }
      if (value === undefined) isUsable = false;
      else pairs.push({ chain: value.chainPem, key: value.keyPem.reveal() });
    }
    return isUsable ? pairs : undefined;
  }

  #versions({
    minVersion,
    maxVersion,
    cipherSuites = [],
  }: TransportTlsConfiguration): Pick<TransportTls, 'minVersion' | 'maxVersion' | 'ciphers'> | undefined {
    const ciphers = [...new Set(cipherSuites.flatMap((suite) => opensslSuite(suite) ?? []))];
    const max = maxVersion === undefined ? TLS13 : TLS_VERSION_NUMBERS[maxVersion];
    const min = minVersion === undefined ? Math.min(TLS12, max) : TLS_VERSION_NUMBERS[minVersion];
    if (cipherSuites.length === 0 || ciphers.length > 0) return { minVersion: min, maxVersion: max, ciphers };
    // No suite of those that are named is for TLS 1.2 and below; an empty list would mean the default ones.
    if (max >= TLS13) return { minVersion: TLS13, maxVersion: max, ciphers };
    this.#report(`"cipherSuites" leaves no suite for versions up to ${maxVersion}`, false);
    return undefined;
  }

  #depend(value: string): void {
    const path = this.#loader.pathOf(value);
    if (path !== undefined) this.paths.add(path);
  }

  /** @param isKept the file alone has a good version */
  #report(problem: string, isKept: boolean): void {
    if (isKept || this.#hasPrevious) this.#push(problem, KEPT);
    else this.#push(`${problem}; servers of this transport are not connected to over TLS`, undefined);
  }

  #push(message: string, hint: string | undefined): void {
    const object = this.#object;
    this.diagnostics.push({
      code: 'CONFIG_FILE',
      severity: 'error',
      message,
      object,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function objectOf(key: string): string {
  const ofTcp = tcpTransportName(key);
  if (ofTcp !== undefined)
    return ofTcp === DEFAULT_TCP_TRANSPORT ? 'tcpServersTransport' : `tcp.serversTransports.${ofTcp}`;
  return key === DEFAULT_TRANSPORT ? 'serversTransport' : `http.serversTransports.${key}`;
}

function peerNamesOf({ peerCertSANs = [], peerCertURI }: TransportTlsConfiguration): PeerCertificateName[] {
  return peerCertURI === undefined ? [...peerCertSANs] : [...peerCertSANs, { type: 'URI', value: peerCertURI }];
}
