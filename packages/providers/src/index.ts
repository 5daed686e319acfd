export {
  FileProvider,
  type FileProviderOptions,
  type ProvidedConfiguration,
  type ProviderLog,
} from './file/file-provider.ts';
export { listConfigurationFiles } from './file/list-configuration-files.ts';
export { mergeDecoded } from './file/merge-files.ts';
export { readDocument } from './file/read-document.ts';
export { firstTemplateAction } from './file/template-actions.ts';
