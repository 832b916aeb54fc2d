/** Going lower, rung by rung. Re-exports only. */
export { ladderFor, type LadderOptions, type SizeRungs } from './ladder';
export { predictiveRung, selectionOfRung } from './predictive';
export {
	MOST_RESTARTS,
	observedStepSeconds,
	reactiveDecision,
	type ReactiveDecision,
	type ReactiveInput,
	type StepObservation,
} from './reactive';
export { RUNG_KINDS, type Rung, type RungKind } from './types';
