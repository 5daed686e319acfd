// Header fields as members of a JSON object, each with a comma before it, in the order of their names. Fields of one name
// are one member, their values joined by commas. Allocates strings for the fields that are wanted, nothing for the others.

import type { HeaderTable } from '@sluice/protocols';
import { FIELD_NAME_MAX_BYTES, FieldCapture, REDACTED } from './field-capture.ts';
import { canonicalHeaderName, compareNames, type HeaderRules } from './header-rules.ts';

const QUOTE = 0x22;
const COMMA = ',';
/** Names that clients choose are kept only up to this number. */
const KEYS_MAX = 512;

interface HeaderKey {
  /** Lower case. */
  readonly name: string;
  readonly canonicalName: string;
  /** `,"request_Name":"`, one byte a character. */
  readonly text: string;
  readonly isTaken: boolean;
  readonly isRedacted: boolean;
}

export class JsonFieldCapture extends FieldCapture {
  private readonly rules: HeaderRules;
  private readonly prefix: string;
  /** By lower-case name. */
  private readonly keys = new Map<string, HeaderKey>();
  private readonly named: readonly HeaderKey[];
  /** The fields of the head at hand by key, parallel; positions in the table, those of added fields negative. */
  private readonly sortedKeys: HeaderKey[] = [];
  private readonly sortedPlaces: number[] = [];

  /** `prefix`: `request_`, `origin_` or `downstream_`. */
  constructor(rules: HeaderRules, prefix: string) {
    super();
    this.rules = rules;
    this.prefix = prefix;
    this.named = rules.named
      .map((name) => this.makeKey(name))
      .sort((a, b) => compareNames(a.canonicalName, b.canonicalName));
  }

  protected override write(head: HeaderTable): void {
    if (this.rules.takesOthers) this.writeAll(head);
    else this.writeNamed(head);
  }

  private writeNamed(head: HeaderTable): void {
    const { named } = this;
    for (let i = 0; i < named.length; i++) {
      const key = named[i];
      if (!key.isTaken || !head.has(key.name)) continue;
      const values = key.isRedacted ? REDACTED : head.getAll(key.name).join(COMMA);
      if (this.beginMember(key, values.length)) this.endMember(values);
    }
  }

  private writeAll(head: HeaderTable): void {
    const { sortedKeys, sortedPlaces } = this;
    sortedKeys.length = 0;
    sortedPlaces.length = 0;
    for (let i = 0; i < head.count; i++) if (!head.isRemoved(i)) this.insert(this.keyOf(head.nameAt(i)), i);
    for (let i = 0; i < head.addedNames.length; i++) this.insert(this.keyOf(head.addedNames[i].toLowerCase()), -1 - i);
    for (let i = 0; i < sortedKeys.length; i++) {
      const key = sortedKeys[i];
      let value = key.isRedacted ? REDACTED : valueAt(head, sortedPlaces[i]);
      for (; i + 1 < sortedKeys.length && sortedKeys[i + 1].name === key.name; i++) {
        if (!key.isRedacted) value += COMMA + valueAt(head, sortedPlaces[i + 1]);
      }
      if (this.beginMember(key, value.length)) this.endMember(value);
    }
  }

  /** Behind those of the same name. */
  private insert(key: HeaderKey, place: number): void {
    if (!key.isTaken) return;
    const { sortedKeys, sortedPlaces } = this;
    let at = sortedKeys.length;
    for (; at > 0 && sortedKeys[at - 1].canonicalName > key.canonicalName; at--) {
      sortedKeys[at] = sortedKeys[at - 1];
      sortedPlaces[at] = sortedPlaces[at - 1];
    }
    sortedKeys[at] = key;
    sortedPlaces[at] = place;
  }

  private keyOf(name: string): HeaderKey {
    let key = this.keys.get(name);
    if (key === undefined) {
      key = this.makeKey(name);
      if (this.keys.size < KEYS_MAX) this.keys.set(name, key);
    }
    return key;
  }

  private makeKey(name: string): HeaderKey {
    const canonicalName = canonicalHeaderName(name);
    const text = Buffer.from(`,${JSON.stringify(this.prefix + canonicalName)}:"`, 'utf8').toString('latin1');
    const mode = this.rules.modeOf(name);
    const isTaken = mode !== 'drop' && text.length < FIELD_NAME_MAX_BYTES;
    return { name, canonicalName, text, isTaken, isRedacted: mode === 'redact' };
  }

  /** False when there is no room for even a part of the value. */
  private beginMember(key: HeaderKey, characters: number): boolean {
    const room = this.roomFor(characters);
    if (room <= 0) return false;
    this.line.text(key.text);
    this.line.valueMaxBytes = room;
    return true;
  }

  private endMember(value: string): void {
    const { line } = this;
    line.beginValue();
    line.json(value);
    line.endValue();
    line.byte(QUOTE);
  }
}

function valueAt(head: HeaderTable, place: number): string {
  return place >= 0 ? head.valueAt(place) : head.addedValues[-1 - place];
}
