export * from './interface/answer.ts';
export type * from './interface/exchange.ts';
export * from './interface/middleware.ts';
export * from './registry.ts';
