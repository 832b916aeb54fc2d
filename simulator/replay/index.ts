/** The replay for other folders: parse, run, measure. Re-exports only. */
export { replay } from './engine';
export { upperBound } from './bound';
export { type Metrics, metricsOf } from './metrics';
export { POLICIES, policyNamed } from './policies';
export { parseTraceCsv, TRACE_COLUMNS } from './trace-csv';
export { EXACT_TRUTH } from './truth';
export { parseTruth } from './truth-schema';
export type { PolicyDefinition, ReplayInput, ReplayResult, TraceJob, Truth } from './types';
