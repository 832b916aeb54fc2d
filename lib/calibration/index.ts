/** Learning from logged runs. Re-exports only. */
export { calibrate, priorFrom } from './calibrate';
export { modelEntries } from './model-entries';
export type {
	CalibrationResult,
	LearnedEntry,
	LeftOut,
	PresetPrior,
	RatioObservation,
	RunObservation,
} from './types';
export { planCatalogChanges, type CalibrationPlan, type FigureProposal } from './catalog-changes';
export { observationsFromHistory } from './from-history';
export { type CalibrationRow, observationFromLog } from './from-log';
