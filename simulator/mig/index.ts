/** Partitionings of a GPU compared by replay. Re-exports only. */
export { type AssumedJobs, assumedTrace } from './assumed-workload';
export {
	compareMigPartitions,
	type MigComparison,
	type MigComparisonRow,
	WHOLE_GPU,
} from './compare';
