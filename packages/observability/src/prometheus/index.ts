// What the supervisor needs to show what workers count.

export * from './free-rows.ts';
export * from './metric-names.ts';
export * from './node-processes.ts';
export * from './prometheus-page.ts';
