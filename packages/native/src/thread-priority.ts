// How a thread stands beside the others of the machine where cores are scarce. Of this thread alone: on Linux, setpriority(2)
// means the caller's thread and not its process. Must not be called in a thread that serves requests.

import { setPriority } from 'node:os';

const BACKGROUND_NICENESS = 10;

/** For threads that prepare changes of the configuration: requests go first. */
export function yieldToRequests(): void {
  setPriority(0, BACKGROUND_NICENESS);
}
