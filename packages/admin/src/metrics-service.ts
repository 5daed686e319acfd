// `prometheus@internal`: the metrics page on any path, compressed for those who take that.

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { InternalAnswer, InternalRequest, InternalService } from './internal-service.ts';

/** Below, compressing costs more than it saves. */
const COMPRESSED_FROM_BYTES = 1_024;

export interface MetricsPage {
  readonly contentType: string;
  render(): Promise<string>;
}

export class MetricsService implements InternalService {
  private readonly page: MetricsPage;

  constructor(page: MetricsPage) {
    this.page = page;
  }

  async answer({ acceptEncoding }: InternalRequest): Promise<InternalAnswer> {
    const body = Buffer.from(await this.page.render());
    const fields: [string, string][] = [
      ['Content-Type', this.page.contentType],
      ['Vary', 'Accept-Encoding'],
    ];
    if (body.length < COMPRESSED_FROM_BYTES || !acceptsGzip(acceptEncoding)) return { status: 200, fields, body };
    return { status: 200, fields: [...fields, ['Content-Encoding', 'gzip']], body: await promisify(gzip)(body) };
  }
}

/** RFC 9110 §12.5.3; what names neither gzip nor everything gets the plain page. */
function acceptsGzip(acceptEncoding: string): boolean {
  const codings = acceptEncoding.split(',').map((coding) =>
    coding
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  );
  const found = codings.find(([name]) => name === 'gzip') ?? codings.find(([name]) => name === '*');
  return found !== undefined && !found.slice(1).some((parameter) => /^q=0(\.0*)?$/.test(parameter));
}
