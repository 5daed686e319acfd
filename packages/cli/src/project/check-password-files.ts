// Files with passwords that health checks of TCP services name, read as the running process reads them. What they hold goes nowhere.

import { resolve } from 'node:path';
import type { TcpConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { readPassword } from '@sluice/health/read-password';

/** @param workingDirectory that relative paths begin at */
export function checkPasswordFiles({ services }: Pick<TcpConfiguration, 'services'>, workingDirectory: string) {
  const diagnostics: Diagnostic[] = [];
  for (const [name, { loadBalancer }] of Object.entries(services)) {
    const file = loadBalancer?.healthCheck?.passwordFile ?? '';
    if (file === '') continue;
    try {
      readPassword(resolve(workingDirectory, file));
    } catch (error) {
      const message = `"loadBalancer.healthCheck.passwordFile" cannot be read, so the check goes on without a password: ${(error as Error).message}`;
      // It may be there where the configuration is for.
      diagnostics.push({ code: 'CONFIG_FILE', severity: 'warning', message, object: `tcp.services.${name}` });
    }
  }
  return diagnostics;
}
