// The limits whose being reached is counted, under the keys by which they are configured. Positions are part of the layout of
// rows: only ever added.

export const LIMIT_LABELS = [
  'maxConnections',
  'maxConnectionsPerClient',
  'minReceiveBytesPerSecond',
  'minSendBytesPerSecond',
  'maxBufferedBytesPerWorker',
  'maxQueuedPerServer',
  'queueTimeout',
  'tlsHandshakes',
] as const;

export type LimitLabel = (typeof LIMIT_LABELS)[number];
