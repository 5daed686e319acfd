// What has to be checked for health of all services of a configuration, with what checks need beside it: certificates that have been
// read, passwords in files. Starts no check.

import type { LoadedTransports } from '@sluice/certificates';
import type { RoutedConfiguration, StaticConfiguration } from '@sluice/config';
import { Errors } from '@sluice/errors';
import type { AnyTarget } from '@sluice/health';
import type { Logger } from 'pino';
import { healthTargetsOf } from './health-targets.ts';
import type { PasswordFiles } from './password-files.ts';
import { tcpHealthTargetsOf } from './tcp-health-targets.ts';
import { udpHealthTargetsOf } from './udp-health-targets.ts';

export interface CheckTargetsOptions {
  readonly configuration: Pick<StaticConfiguration, 'serversTransport'>;
  /** Certificates for servers, as they are in force; undefined: nobody has read them. */
  readonly loaded: () => Pick<LoadedTransports, 'transports' | 'systemAuthorities'> | undefined;
  readonly passwords: Pick<PasswordFiles, 'read' | 'keepOnly'>;
  readonly log: Pick<Logger, 'error'>;
}

export class CheckTargets {
  private readonly options: CheckTargetsOptions;

  constructor(options: CheckTargetsOptions) {
    this.options = options;
  }

  /** @param rows of every server by its key */
  of({ http, tcp, udp }: RoutedConfiguration, rows: ReadonlyMap<string, number>): AnyTarget[] {
    const { configuration, passwords, log } = this.options;
    const loaded = this.options.loaded();
    const files = new Set<string>();
    const { code, meaning } = Errors.HEALTH_PASSWORD_UNREADABLE;
    const ofTcp = tcpHealthTargetsOf({
      tcp,
      rows,
      loaded,
      passwordIn: (file) => {
        files.add(file);
        return passwords.read(file);
      },
      onUnreadable: (service, file, reason) => log.error({ code, service, file, reason }, meaning),
    });
    passwords.keepOnly(files);
    const ofHttp = healthTargetsOf(http, configuration.serversTransport, rows, loaded);
    return [...ofHttp, ...ofTcp, ...udpHealthTargetsOf(udp, rows)];
  }
}
