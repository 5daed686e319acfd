export * from './admin-server.ts';
export * from './internal-service.ts';
export * from './metrics-service.ts';
export * from './noop-service.ts';
export * from './ping-service.ts';
