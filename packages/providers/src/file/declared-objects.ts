// Walks and rebuilds a configuration object by object, under names like `http.routers.web` and `tls.options.strict`.
// Pure; the meaning of the objects is not its business.

import {
  type CertificateConfiguration,
  certificatePath,
  PROTOCOLS,
  ROUTED_KINDS,
  type RoutedConfiguration,
  type TlsConfiguration,
} from '@sluice/config';

/** What one provider declares. */
export interface DeclaredConfiguration extends RoutedConfiguration {
  readonly tls: TlsConfiguration;
}

/** Objects by path, in the order of their definition; a certificate by `certificatePath`. */
export type DeclaredObjects = Map<string, unknown>;

const NAMED_TLS_KINDS = ['options', 'stores'] as const;
const CERTIFICATES = 'tls.certificates';

type Sections = Record<string, Record<string, unknown>>;

export function toObjects(declared: DeclaredConfiguration): DeclaredObjects {
  const { tls } = declared;
  const objects: DeclaredObjects = new Map();
  const add = (section: string, named: Readonly<Record<string, unknown>>) => {
    for (const [name, value] of Object.entries(named)) objects.set(`${section}.${name}`, value);
  };
  for (const protocol of PROTOCOLS) {
    const kinds = declared[protocol] as unknown as Sections;
    for (const kind of ROUTED_KINDS[protocol]) add(`${protocol}.${kind}`, kinds[kind]!);
  }
  for (const kind of NAMED_TLS_KINDS) add(`tls.${kind}`, tls[kind]);
  for (const certificate of tls.certificates) objects.set(certificatePath(certificate), certificate);
  return objects;
}

export function fromObjects(objects: DeclaredObjects): DeclaredConfiguration {
  const targets: Record<string, Sections> = { tls: sections(NAMED_TLS_KINDS) };
  for (const protocol of PROTOCOLS) targets[protocol] = sections(ROUTED_KINDS[protocol]);
  const certificates: CertificateConfiguration[] = [];
  for (const [path, value] of objects) {
    if (isCertificate(path)) certificates.push(value as CertificateConfiguration);
    else put(targets[path.slice(0, path.indexOf('.'))]!, path, value);
  }
  const { tls, ...routed } = targets;
  return {
    ...(routed as unknown as RoutedConfiguration),
    tls: { ...(tls as unknown as Omit<TlsConfiguration, 'certificates'>), certificates },
  };
}

/** Null prototypes: a router may be called `__proto__` or `constructor`. */
function sections(kinds: readonly string[]): Sections {
  return Object.fromEntries(kinds.map((kind) => [kind, Object.create(null)]));
}

function put(target: Sections, path: string, value: unknown): void {
  const kindStart = path.indexOf('.') + 1;
  const kindEnd = path.indexOf('.', kindStart);
  target[path.slice(kindStart, kindEnd)]![path.slice(kindEnd + 1)] = value;
}

export function isCertificate(path: string): boolean {
  return path.startsWith(`${CERTIFICATES}[`);
}

/** Sections of a document that hold many objects. Anything longer names one object, whose name may contain dots. */
const WHOLE_SECTIONS: ReadonlySet<string> = new Set([
  ...PROTOCOLS,
  'tls',
  ...PROTOCOLS.flatMap((protocol) => ROUTED_KINDS[protocol].map((kind) => `${protocol}.${kind}`)),
  ...NAMED_TLS_KINDS.map((kind) => `tls.${kind}`),
]);

/**
 * True when `path` is `section` or lies in it: `http.routers` covers `http.routers.web`, which does not cover `web.api`.
 * Nobody knows which certificate one that is refused was before, so it stands for all of them.
 */
export function isCovered(path: string, section: string): boolean {
  if (isCertificate(path) && (section === CERTIFICATES || isCertificate(section))) return true;
  return path === section || (WHOLE_SECTIONS.has(section) && path.startsWith(`${section}.`));
}
