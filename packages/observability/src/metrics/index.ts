// What a worker needs to count. Loads nothing that formats.

export * from './header-values.ts';
export * from './keyed-row.ts';
export * from './metric-rows.ts';
export * from './metrics-settings.ts';
export * from './request-series.ts';
export * from './tls-series.ts';
