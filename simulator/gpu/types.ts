/** The vocabulary of the GPU model: what a device is, what a model costs, what a job asks. Holds no behaviour. */

/** A model as the simulated GPU really runs it (the truth, which a router only estimates). */
export interface SimulatedModel {
	/** Catalog name, or the file's name for a foreign model. */
	name: string;
	files: SimulatedFile[];
	/** Weights resident in VRAM, bytes. */
	weightsBytes: number;
	/** VRAM on top of the weights while sampling, bytes per megapixel and image of the batch. */
	activationBytesPerMegapixel: number;
	/** Seconds from disk to VRAM; null: weights divided by the profile's bandwidth. */
	loadSeconds: number | null;
	/** How fast it samples; the entry nearest to a job's LoRAs, passes and steps counts. Never empty. */
	timings: StepTiming[];
}

/** One installed model file. `folder` is ComfyUI's name of it (checkpoints, diffusion_models, ...). */
export interface SimulatedFile {
	folder: string;
	name: string;
	bytes: number;
}

/** Speed of one way to run a model, on the reference GPU. */
export interface StepTiming {
	/** LoRA files it belongs to. */
	loras: string[];
	steps: number;
	/** 1 = cfg at most 1, 2 = positive and negative pass. */
	passes: 1 | 2;
	/** Seconds of one pass of one step at one megapixel, batch 1. */
	secondsPerStep: number;
	/** Text encoding and decoding, seconds, whatever the steps. */
	fixedSeconds: number;
}

/** Run-time noise: log-normal with mean 1, and a rare slow run. */
export interface NoiseProfile {
	/** Coefficient of variation, 0 = none. */
	cv: number;
	/** Probability of a slow run, 0 to 1. */
	tailProbability: number;
	/** How many times longer a slow run takes. */
	tailFactor: number;
}

export interface GpuProfile {
	/** Marketing name, as it appears in `/system_stats`. */
	name: string;
	vramTotalBytes: number;
	/** CUDA context and whatever else is never ComfyUI's to give, bytes. */
	contextBytes: number;
	/** Disk to VRAM, bytes per second, for models without `loadSeconds`. */
	loadBytesPerSecond: number;
	/** 2 = runs take half the time of the reference GPU. Loads are not affected. */
	speedFactor: number;
	/** `static`: too little VRAM ends in OOM. `dynamic`: weights are paged and the run is slower. */
	memoryMode: 'static' | 'dynamic';
	/** How many times longer a step takes when weights are paged. */
	dynamicSlowdown: number;
	noise: NoiseProfile;
}

/** One sampler run of a job. */
export interface SamplingStage {
	modelName: string;
	steps: number;
	cfg: number;
	width: number;
	height: number;
	batchSize: number;
	loras: string[];
}

/** What a job asks of the GPU. No stage = nothing that needs a model. */
export interface GpuJob {
	/** Equal signatures in a row = the whole prompt is served from the cache; null = never. */
	signature: string | null;
	stages: SamplingStage[];
}

export type OomPhase = 'load' | 'sampling';

export interface StagePlan extends SamplingStage {
	/** `warm`: weights in VRAM; `unloaded`: in RAM only; `cold`: on disk. */
	temperature: 'warm' | 'unloaded' | 'cold';
	loadSeconds: number;
	encodeSeconds: number;
	stepSeconds: number;
	decodeSeconds: number;
	weightsBytes: number;
	activationBytes: number;
	/** Weights are paged in and out (dynamic mode only). */
	paged: boolean;
	oomAt: OomPhase | null;
}

export interface JobPlan {
	/** Nothing runs: every node is cached. */
	cached: boolean;
	stages: StagePlan[];
	loadSeconds: number;
	runSeconds: number;
	/** Until the end, or until the OOM. */
	totalSeconds: number;
	/** Highest use by this process (without its context), bytes; what was attempted where it ends in OOM. */
	peakBytes: number;
	oomAt: OomPhase | null;
}

/** What is in VRAM and in the node cache between and during jobs. Never mutated. */
export interface GpuState {
	/** Model name to weight bytes in VRAM. */
	resident: ReadonlyMap<string, number>;
	/** Models whose loader output the node cache still holds: those of the previous prompt. */
	cachedLoaders: ReadonlySet<string>;
	previousSignature: string | null;
	/** Working memory of the running sampler, bytes. */
	activationBytes: number;
	/** Held by other processes on the same device, bytes. */
	coTenantBytes: number;
}
