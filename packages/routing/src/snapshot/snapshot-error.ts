// Bytes that are not a usable snapshot: another version, damaged, cut short. The reader throws nothing else.

export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SnapshotError';
  }
}
