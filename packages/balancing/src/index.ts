export * from './create-picker.ts';
export * from './least-connections.ts';
export type * from './picker.ts';
export * from './power-of-two-choices.ts';
export * from './weighted-round-robin.ts';
