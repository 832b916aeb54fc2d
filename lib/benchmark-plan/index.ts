/** Planning and evaluating benchmarks. Re-exports only. */
export { planBenchmark } from './plan';
export { type MeasuredOn, suggestFigures } from './suggest';
export type {
	BenchmarkPlan,
	BenchmarkWishes,
	MeasuredRun,
	PlannedRun,
	SkippedTarget,
	SuggestedFigure,
} from './types';
