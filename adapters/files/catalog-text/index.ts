/** Catalog text. Re-exports only. */
export { applyChanges, setServerProperty } from './edit-text';
export { parseText } from './parse-text';
