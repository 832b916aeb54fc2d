/** Model files on disk. Re-exports only. */
export type { FolderKind } from './folders';
export type { FileProblem, FileProblemCode } from './problems';
export { scanModels } from './scan';
export type { ScannedFile, ScanOptions, ScanReport } from './scan';
