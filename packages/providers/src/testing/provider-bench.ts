// A file provider on a scratch folder, for tests: writes files, collects what is delivered, waits for a state.
// Removes everything it made when it is closed.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FileProviderConfiguration } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { FileProvider, type ProvidedConfiguration } from '../file/file-provider.ts';

/** A test waits this long for something that should happen; milliseconds. */
const PATIENCE_MS = 60_000;

export class ProviderBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-file-provider-'));
  readonly deliveries: ProvidedConfiguration[] = [];
  readonly warnings: string[] = [];
  private provider: FileProvider | undefined;

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  async start(configuration: Partial<FileProviderConfiguration> = {}): Promise<FileProvider> {
    const chosen = configuration.filename === undefined ? { directory: this.folder } : {};
    this.provider = new FileProvider({
      configuration: { watch: true, ...chosen, ...configuration },
      middlewareTypes,
      unknownKeys: 'error',
      log: { debug: () => {}, warn: (message) => this.warnings.push(message) },
      onConfiguration: (provided) => this.deliveries.push(provided),
    });
    await this.provider.start();
    return this.provider;
  }

  get latest(): ProvidedConfiguration {
    return this.deliveries.at(-1)!;
  }

  /** Rules by router name, as last delivered. */
  get rules(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.latest.http.routers).map(([name, { rule }]) => [name, rule]));
  }

  get messages(): string[] {
    return this.latest.diagnostics.map(({ message }) => message);
  }

  /** Resolves when `state` holds of the last delivery. @throws Error with that delivery when it does not in time. */
  async until(state: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    while (!state()) {
      if (performance.now() > end) {
        throw new Error(`not reached: ${JSON.stringify([this.rules, this.latest.diagnostics], undefined, 1)}`);
      }
      await pause(10);
    }
  }

  async close(): Promise<void> {
    await this.provider?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A YAML document with a router for each entry, all to service `s`. */
export function routers(rules: Record<string, string>): string {
  const lines = Object.entries(rules).map(([name, rule]) => `    ${name}: { rule: '${rule}', service: s }`);
  return `http:\n  routers:\n${lines.join('\n')}\n`;
}
