/** Catalog text. Re-exports only. */
export { applyChanges } from './edit-text';
export { parseText } from './parse-text';
