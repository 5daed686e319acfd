export * from './control-block.ts';
export * from './server-status.ts';
