export type { DeclaredConfiguration } from './file/declared-objects.ts';
export {
  FileProvider,
  type FileProviderOptions,
  type ProvidedConfiguration,
  type ProviderLog,
} from './file/file-provider.ts';
export { listConfigurationFiles } from './file/list-configuration-files.ts';
export { type MergedDocuments, mergeDecoded } from './file/merge-files.ts';
export { readDocument } from './file/read-document.ts';
export { SettleTimer } from './file/settle-timer.ts';
export { firstTemplateAction } from './file/template-actions.ts';
