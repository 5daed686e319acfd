// The providers that the static configuration asks for, each behind its own throttle.

import type { StaticConfiguration } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { FileProvider, type ProvidedConfiguration } from '@sluice/providers';
import type { Logger } from 'pino';
import { Throttle } from './throttle.ts';

export interface Provider {
  /** Resolves after the first delivery. */
  start(): Promise<void>;
  /** Reads everything again. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export class ProviderSet {
  private readonly providers: Provider[] = [];
  private readonly throttles: Throttle<ProvidedConfiguration>[] = [];
  private readonly log: Logger;

  /** @throws ConfigurationError when the settings of a provider cannot work. */
  constructor(
    { providers, validation }: StaticConfiguration,
    log: Logger,
    onConfiguration: (provider: string, provided: ProvidedConfiguration) => void,
  ) {
    this.log = log;
    const { file, providersThrottleDuration } = providers;
    if (file === undefined) return;
    const throttle = new Throttle<ProvidedConfiguration>(providersThrottleDuration, (provided) =>
      onConfiguration(FileProvider.providerName, provided),
    );
    this.throttles.push(throttle);
    this.providers.push(
      new FileProvider({
        configuration: file,
        middlewareTypes,
        unknownKeys: validation.unknownKeys,
        log,
        onConfiguration: (provided) => throttle.offer(provided),
      }),
    );
  }

  /** Resolves when each has delivered once. One that fails is logged and does not stop the others. */
  async start(): Promise<void> {
    await this.each('start', (provider) => provider.start());
  }

  async reload(): Promise<void> {
    await this.each('reload', (provider) => provider.reload());
  }

  async close(): Promise<void> {
    for (const throttle of this.throttles) throttle.close();
    await this.each('close', (provider) => provider.close());
  }

  private async each(what: string, act: (provider: Provider) => Promise<void>): Promise<void> {
    for (const outcome of await Promise.allSettled(this.providers.map(act))) {
      if (outcome.status === 'rejected') this.log.error({ err: outcome.reason }, `a provider failed to ${what}`);
    }
  }
}
