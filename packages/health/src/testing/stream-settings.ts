// Settings of stream checks for tests: those of a check that only connects, with short times.

import type { StreamCheck } from '../stream/stream-target.ts';

export function streamSettings(changes: Partial<StreamCheck> = {}): StreamCheck {
  return {
    mode: 'tcp',
    port: 0,
    send: '',
    expect: '',
    user: '',
    password: '',
    database: '',
    role: 'any',
    interval: 20,
    unhealthyInterval: 20,
    timeout: 15_000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
    initialState: 'up',
    ...changes,
  };
}
