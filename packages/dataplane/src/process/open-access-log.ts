// Opens the access log of a worker, and says in the process's log what becomes of it. A log that cannot be opened must not
// keep a slot empty: its lines wait in memory until it can.

import type { AccessLogConfiguration } from '@sluice/config';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import {
  AccessLog,
  LineOutput,
  type LogTarget,
  OutputTroubles,
  openLogTarget,
  UselessTarget,
} from '@sluice/observability/access-log';
import type { Logger } from 'pino';

/** `onDropped` is called for every line that finds no room. */
export async function openAccessLog(
  options: AccessLogConfiguration,
  log: Logger,
  onDropped: () => void,
): Promise<AccessLog> {
  const { filePath, bufferingSize } = options;
  const say = ({ code, meaning, logLevel }: CatalogueEntry, fields: object) =>
    log[logLevel]({ code, filePath, ...fields }, meaning);
  const troubles = new OutputTroubles({
    onDropped,
    onTrouble: (error, dropped) => say(Errors.ACCESS_LOG_NOT_WRITTEN, { reason: error?.message, dropped }),
    onRecovered: (dropped) => log.info({ filePath, dropped }, 'the access log is written again'),
    onReopenFailed: (error) => say(Errors.ACCESS_LOG_NOT_REOPENED, { reason: error.message }),
  });
  let target: LogTarget;
  try {
    target = await openLogTarget(filePath);
  } catch (error) {
    say(Errors.ACCESS_LOG_NOT_OPENED, { reason: (error as Error).message });
    target = new UselessTarget(error as Error);
  }
  // Standard output has no name that could lead to something new.
  const open = filePath === '' ? {} : { open: () => openLogTarget(filePath) };
  return new AccessLog(options, new LineOutput({ target, troubles, bufferedLines: bufferingSize, ...open }));
}

/** Opens and closes it once, before anything depends on it. @throws Error that says why it cannot be opened. */
export async function checkAccessLog({ filePath }: AccessLogConfiguration): Promise<void> {
  (await openLogTarget(filePath)).close();
}
