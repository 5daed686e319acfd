// A site with two entry points: "web" in cleartext, and "websecure", whose routers take TLS; and certificates that a test's own
// authority has signed. What they are used for is the tests' business.

import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';
import { SluiceSite, type StaticSections } from './sluice-site.ts';
import { type CertificateFiles, type IssueOptions, TestAuthority } from './test-authority.ts';

export interface EntryPointSections {
  readonly web?: object;
  readonly websecure?: object;
}

export interface Secured {
  /** URLs of the servers behind everything. */
  readonly servers: readonly string[];
  readonly certificates: readonly CertificateFiles[];
  readonly rule?: string;
  readonly middlewares?: Readonly<Record<string, object>>;
  /** Of the router that takes TLS. Default `{}`. */
  readonly routerTls?: object;
  /** `tls.options`. */
  readonly options?: Readonly<Record<string, object>>;
  readonly healthCheck?: object;
  /** Content of the transport to the servers. */
  readonly transport?: object;
}

export class SecureSite {
  readonly site: SluiceSite;
  /** Of "websecure". */
  readonly securePort: number;
  readonly authority: TestAuthority;

  static async create(
    context: TestContext,
    entryPoints: EntryPointSections = {},
    sections: StaticSections = {},
  ): Promise<SecureSite> {
    const authority = new TestAuthority(context);
    const secure = new SecureSite(await SluiceSite.create(context), await freePort(), authority);
    secure.writeStatic(entryPoints, sections);
    return secure;
  }

  private constructor(site: SluiceSite, securePort: number, authority: TestAuthority) {
    this.site = site;
    this.securePort = securePort;
    this.authority = authority;
  }

  /** Of "web". */
  get port(): number {
    return this.site.port;
  }

  writeStatic({ web = {}, websecure = {} }: EntryPointSections, sections: StaticSections = {}): void {
    const entryPoints = {
      web: { address: `127.0.0.1:${this.port}`, ...web },
      websecure: { address: `127.0.0.1:${this.securePort}`, ...websecure },
    };
    this.site.writeStatic({ ...sections, entryPoints });
  }

  issue(...names: readonly string[]): CertificateFiles {
    return this.authority.issue({ names });
  }

  issueWith(options: IssueOptions): CertificateFiles {
    return this.authority.issue(options);
  }
}

/** One service, reached by a router in cleartext and by one with TLS. */
export function securedTo(wanted: Secured): object {
  const { servers, certificates, rule = 'PathPrefix(`/`)', middlewares = {}, routerTls = {}, options } = wanted;
  const { healthCheck, transport } = wanted;
  const router = { rule, service: 'all', middlewares: Object.keys(middlewares) };
  const loadBalancer = {
    servers: servers.map((url) => ({ url })),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    ...(transport === undefined ? {} : { serversTransport: 'towards' }),
  };
  return {
    http: {
      routers: {
        plain: { ...router, entryPoints: ['web'] },
        secured: { ...router, entryPoints: ['websecure'], tls: routerTls },
      },
      middlewares,
      services: { all: { loadBalancer } },
      ...(transport === undefined ? {} : { serversTransports: { towards: transport } }),
    },
    tls: { certificates, ...(options === undefined ? {} : { options }) },
  };
}
