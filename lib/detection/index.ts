/** Detection of model files. Re-exports only. */
export { describedModel } from './described';
export { detectModel, detectTable, withNames } from './detect';
export type {
	Detection,
	ModelHeader,
	ModelPart,
	PartBytes,
	StoredWeights,
	TensorInfo,
} from './types';
