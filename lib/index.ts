/** The public library: everything that decides, without I/O. Re-exports only. */
export { calibrate, observationFromLog, observationsFromHistory } from './calibration';
export type {
	CalibrationResult,
	CalibrationRow,
	LearnedEntry,
	RunObservation,
} from './calibration';
export { parseCatalog, parseCatalogText } from './catalog/parse';
export type {
	Catalog,
	CatalogModel,
	CatalogServer,
	Preset,
	Policy,
	Urgency,
} from './catalog/schema';
export { RouterError } from './errors';
export type { ErrorCode, Problem } from './errors';
export type { FleetDevice, FleetServer, FleetSnapshot, QueuedJob } from './fleet/types';
export type { PrewarmAdvice } from './residency/advise';
export { ModelRouter } from './router/model-router';
export type { RequestInput, SelectionRequest } from './request/schema';
export { REASON_CODES } from './selection/types';
export type * from './selection/types';
export { isOutOfMemory } from './execution/oom';
export { describeMissing } from './fleet/missing-files';
export { parseFleet } from './fleet/parse';
export { CostOptimizer } from './optimizer/cost-optimizer';
export type * from './optimizer/types';
export { applySelection } from './workflow/apply-selection';
export { findBindings } from './workflow/bindings';
export { buildGraph } from './workflow/build';
export { identifyModel } from './workflow/identify-model';
export { parseGraph } from './workflow/parse-graph';
