// Which fields of a line are kept (`fields.defaultMode`, `fields.names`).

import type { AccessLogConfiguration, AccessLogField } from '@sluice/config';

export class FieldModes {
  private readonly names: ReadonlyMap<string, string>;
  private readonly defaultMode: string;

  constructor({ defaultMode, names }: Pick<AccessLogConfiguration['fields'], 'defaultMode' | 'names'>) {
    this.defaultMode = defaultMode;
    this.names = new Map(Object.entries(names).map(([name, mode]) => [name.toLowerCase(), mode]));
  }

  keeps(field: AccessLogField): boolean {
    return (this.names.get(field.toLowerCase()) ?? this.defaultMode) === 'keep';
  }
}
