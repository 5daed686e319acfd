// What all providers say of TLS, together. Names cannot collide, but for `default`, of which there is one set of options and
// one store: the provider that comes first in precedence has it. Pure.

import type { Diagnostic } from '@sluice/errors';
import type {
  CertificateConfiguration,
  TlsConfiguration,
  TlsOptionsConfiguration,
  TlsStoreConfiguration,
} from '../model/tls-configuration.ts';
import { qualifyTls } from './qualify-names.ts';

export interface ProvidedCertificate extends CertificateConfiguration {
  readonly provider: string;
}

export interface MergedTls {
  readonly certificates: readonly ProvidedCertificate[];
  /** Qualified names, and `default`. */
  readonly options: Readonly<Record<string, TlsOptionsConfiguration>>;
  readonly stores: Readonly<Record<string, TlsStoreConfiguration>>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * @param provided by provider name, names as declared
 * @param precedence provider names in lower case, best first; others follow in the order of their names
 */
export function mergeTls(provided: ReadonlyMap<string, TlsConfiguration>, precedence: readonly string[]): MergedTls {
  const certificates: ProvidedCertificate[] = [];
  const options = new FirstOfAll<TlsOptionsConfiguration>('tls.options', 'set of TLS options');
  const stores = new FirstOfAll<TlsStoreConfiguration>('tls.stores', 'certificate store');
  for (const provider of [...provided.keys()].sort((a, b) => order(precedence, a, b))) {
    const tls = qualifyTls(provider, provided.get(provider)!);
    for (const certificate of tls.certificates) certificates.push({ ...certificate, provider });
    options.add(provider, tls.options);
    stores.add(provider, tls.stores);
  }
  const diagnostics = [...options.diagnostics, ...stores.diagnostics];
  return { certificates, options: options.objects, stores: stores.objects, diagnostics };
}

class FirstOfAll<Value> {
  readonly objects: Record<string, Value> = Object.create(null);
  readonly diagnostics: Diagnostic[] = [];
  readonly #owners = new Map<string, string>();
  readonly #kind: string;
  readonly #noun: string;

  constructor(kind: string, noun: string) {
    this.#kind = kind;
    this.#noun = noun;
  }

  add(provider: string, objects: Readonly<Record<string, Value>>): void {
    for (const [name, value] of Object.entries(objects)) {
      const owner = this.#owners.get(name);
      if (owner === undefined) {
        this.#owners.set(name, provider);
        this.objects[name] = value;
        continue;
      }
      const message = `the ${this.#noun} "${name}" of the provider ${provider} is not used: the one of ${owner} comes first, and there is only one`;
      this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'error', message, object: `${this.#kind}.${name}` });
    }
  }
}

function order(precedence: readonly string[], a: string, b: string): number {
  const [rankA, rankB] = [a, b].map((name) => {
    const rank = precedence.indexOf(name.toLowerCase());
    return rank === -1 ? precedence.length : rank;
  });
  return rankA - rankB || (a < b ? -1 : 1);
}
