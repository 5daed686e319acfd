// Why a certificate, key or authority cannot be used: one sentence without its subject, fit for a diagnostic.
// Never holds a key, the text of a file, or the words of a library about one.

export class CertificateError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'CertificateError';
  }
}
