// The texts of one second in the forms that lines have them, made anew only when another second is asked for.
// The offset of the local time zone is that of the process, daylight saving included.

import { flatText } from './line-buffer.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const ISO_SECOND_CHARACTERS = 'yyyy-mm-ddThh:mm:ss'.length;

export class SecondText {
  /** `2026-01-02T03:04:05`. */
  utc = '';
  local = '';
  /** `+01:00`, or `Z`. */
  zone = '';
  /** `02/Jan/2026:03:04:05 +0000`. */
  utcColumn = '';
  localColumn = '';
  /** What a JSON line ends with: the time of writing. */
  jsonEnd = '';
  private second = Number.NaN;

  /** `second`: whole seconds since 1970. */
  show(second: number): void {
    if (second === this.second) return;
    this.second = second;
    const date = new Date(second * 1000);
    const offsetMinutes = -date.getTimezoneOffset();
    const shifted = new Date(second * 1000 + offsetMinutes * 60_000);
    this.utc = date.toISOString().slice(0, ISO_SECOND_CHARACTERS);
    this.local = shifted.toISOString().slice(0, ISO_SECOND_CHARACTERS);
    this.zone = offsetMinutes === 0 ? 'Z' : zoneText(offsetMinutes, ':');
    this.utcColumn = columnText(date, 0);
    this.localColumn = columnText(shifted, offsetMinutes);
    this.jsonEnd = flatText(`,"time":"${this.local}${this.zone}"}\n`);
  }
}

function columnText(date: Date, offsetMinutes: number): string {
  const [day, time] = date.toISOString().split('T') as [string, string];
  const month = MONTHS[date.getUTCMonth()];
  return flatText(`${day.slice(8)}/${month}/${day.slice(0, 4)}:${time.slice(0, 8)} ${zoneText(offsetMinutes, '')}`);
}

function zoneText(offsetMinutes: number, separator: string): string {
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${offsetMinutes < 0 ? '-' : '+'}${two(minutes / 60)}${separator}${two(minutes % 60)}`;
}
