// Health-check settings for tests: the defaults of the configuration with short times.

import type { HealthCheckConfiguration } from '@sluice/config';
import type { HealthTarget } from '../health-target.ts';

export function checkSettings(changes: Partial<HealthCheckConfiguration> = {}): HealthCheckConfiguration {
  return {
    path: '/health',
    mode: 'http',
    scheme: '',
    port: 0,
    hostname: '',
    method: 'GET',
    headers: {},
    status: 0,
    followRedirects: true,
    interval: 20,
    unhealthyInterval: 20,
    timeout: 15_000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
    initialState: 'up',
    ...changes,
  };
}

export const FORWARDING_TIMEOUTS: HealthTarget['forwardingTimeouts'] = {
  dialTimeout: 15_000,
  queueTimeout: 0,
  responseHeaderTimeout: 0,
  idleConnTimeout: 90_000,
};
