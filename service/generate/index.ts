/** What nodes and commands use of the generator. Re-exports only. */
export { createGenerator } from './generator';
export { DEFAULT_PATIENCE } from './process-registry';
export type {
	AttemptRecord,
	GeneratedFile,
	GenerateItem,
	GenerateOptions,
	GenerateResult,
	Generator,
	GeneratorDeps,
	GenerateServer,
	InputFile,
	Patience,
	ProgressEvent,
	ResumeInput,
	SubmittedPrompt,
} from './types';
