export * from './control-block.ts';
export * from './metrics/metric-kind.ts';
export * from './metrics/metrics-block.ts';
export * from './metrics/name-hash.ts';
export * from './metrics/request-labels.ts';
export * from './server-status.ts';
