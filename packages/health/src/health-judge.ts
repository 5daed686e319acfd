// Turns the outcomes of one server's checks into its state: thresholds and the start from `unknown`. No clock, no I/O.

import type { HealthState } from './health-target.ts';

export interface HealthThresholds {
  /** Successes in a row before a server that is down counts as up; at least 1. */
  readonly healthyThreshold: number;
  /** Failures in a row before a server that is up counts as down; at least 1. */
  readonly unhealthyThreshold: number;
}

export class HealthJudge {
  state: HealthState;
  private readonly thresholds: HealthThresholds;
  /** Outcomes in a row that contradict `state`. */
  private contrary = 0;

  constructor(state: HealthState, thresholds: HealthThresholds) {
    this.state = state;
    this.thresholds = thresholds;
  }

  /** @returns true when the state has changed. From `unknown` the first outcome decides. */
  record(healthy: boolean): boolean {
    const observed = healthy ? 'up' : 'down';
    if (observed === this.state) {
      this.contrary = 0;
      return false;
    }
    this.contrary++;
    const { healthyThreshold, unhealthyThreshold } = this.thresholds;
    const needed = this.state === 'unknown' ? 1 : healthy ? healthyThreshold : unhealthyThreshold;
    if (this.contrary < needed) return false;
    this.state = observed;
    this.contrary = 0;
    return true;
  }
}
