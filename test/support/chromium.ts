// A Chromium without a window, driven by playwright: keeps to the loopback, trusts the certificates that it is told to, and knows
// test names. It comes from Debian; browser and profile go away with the test.

import { createHash, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
const TIMEOUT_MS = 60_000;

/** @throws Error in one sentence when it is missing and cannot be installed. */
export function requireChromium(context: TestContext): void {
  requireTools([{ command: 'chromium', debianPackage: 'chromium' }], (line) => context.diagnostic(line));
}

/**
 * @param certFiles PEM files of certificates whose keys are trusted, whoever signed them.
 * @param names that lead to the loopback.
 */
export async function openPage(
  context: TestContext,
  certFiles: readonly string[],
  names: readonly string[],
): Promise<Page> {
  requireChromium(context);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-chromium-'));
  let browser: BrowserContext | undefined;
  context.after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  browser = await chromium.launchPersistentContext(folder, {
    executablePath: findTool('chromium')!,
    headless: true,
    timeout: TIMEOUT_MS,
    args: [
      ...FLAGS,
      `--ignore-certificate-errors-spki-list=${certFiles.map(keyPinOf).join()}`,
      `--host-resolver-rules=${names.map((name) => `MAP ${name} 127.0.0.1`).join(', ')}`,
    ],
  });
  browser.setDefaultTimeout(TIMEOUT_MS);
  return browser.pages()[0] ?? (await browser.newPage());
}

/** SHA-256 of the public key, as base64. */
function keyPinOf(certFile: string): string {
  const key = createPublicKey(readFileSync(certFile)).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
